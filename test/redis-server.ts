import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findFreePort } from './free-port.ts';

/** Why the tests with Redis are left out; undefined where there is one. */
export const NO_REDIS: string | undefined = isThere()
  ? undefined
  : 'skipped, as there is no redis-server: apt-get install redis-server';

function isThere(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** As Nod wants it, with a database for each test. */
const SETTINGS: Readonly<Record<string, string>> = {
  appendonly: 'yes',
  appendfsync: 'always',
  'maxmemory-policy': 'noeviction',
  save: '',
  databases: '4000',
  bind: '127.0.0.1',
};

/** A real redis-server in a folder of its own, which can be killed and started again on the same data. */
export async function startRedis(settings: Readonly<Record<string, string>> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'nod-redis-'));
  const port = await findFreePort();
  let server: ChildProcess | undefined;
  let nextDatabase = 0;
  await start();

  async function start(): Promise<void> {
    const all = { ...SETTINGS, ...settings, port: String(port), dir: folder };
    const options = Object.entries(all).flatMap(([name, value]) => [`--${name}`, ...value.split(' ')]);
    server = spawn('redis-server', options, { stdio: 'ignore' });
    await answering(port, server);
  }

  async function kill(): Promise<void> {
    const ending = server;
    server = undefined;
    if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return;
    const ended = once(ending, 'exit');
    ending.kill('SIGKILL');
    await ended;
  }

  return {
    port,
    /** An empty database of its own. */
    newUrl: () => `redis://127.0.0.1:${port}/${nextDatabase++}`,
    start,
    kill,
    async stop(): Promise<void> {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type RedisServer = Awaited<ReturnType<typeof startRedis>>;

/** Waits until it answers, which it does with an error while it reads its data. */
async function answering(port: number, server: ChildProcess): Promise<void> {
  while (!(await isAnswering(port))) {
    if (server.exitCode !== null) throw new Error('redis-server has not started.');
    await delay(20);
  }
}

async function isAnswering(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    socket.write('PING\r\n');
    const [answer] = await once(socket, 'data');
    return /^\+PONG|^-NOAUTH/.test(String(answer));
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
