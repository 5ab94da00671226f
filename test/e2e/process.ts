import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { World } from '../world.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The Node that the package brings along; the machine's own may be too old. */
const NODE = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url));

export interface ProcessOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly node?: string;
  /** A command that runs the command which it is given. */
  readonly within?: readonly string[];
  /** What stands before nod.js on the command line. */
  readonly nodeArgs?: readonly string[];
  /** What stands behind it. */
  readonly args?: readonly string[];
}

/** Runs `node nod.js` as its own process, with nothing of this one's environment but the path. */
export function runNod({
  environment = {},
  node = NODE,
  within = [],
  nodeArgs = [],
  args = [],
}: ProcessOptions = {}) {
  const env = { PATH: process.env.PATH, ...environment };
  const [command = node, ...rest] = [...within, node, ...nodeArgs, 'nod.js', ...args];
  const child = spawn(command, rest, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  // A test that runs out of time never comes to its end, where it would have ended Nod.
  const kill = () => void child.kill('SIGKILL');
  const leave = () => process.exit();
  process.on('exit', kill).on('SIGTERM', leave).on('disconnect', leave);
  // Its last words may come after its exit.
  const ended = once(child, 'close').then(([code, signal]) => {
    process.off('exit', kill).off('SIGTERM', leave).off('disconnect', leave);
    return { code, signal };
  });
  const output = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.err += text;
  });

  /** Resolves when the log holds the text. */
  function logged(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = () => output.out.includes(text) && resolve();
      child.stdout.on('data', check);
      void ended.then(() => reject(new Error(`Nod ended without “${text}”.\n${output.out}${output.err}`)));
      check();
    });
  }

  async function end(signal: 'SIGKILL' | 'SIGTERM' | 'SIGINT') {
    child.kill(signal);
    return ended;
  }

  return {
    pid: child.pid ?? 0,
    logged,
    ready: () => logged('Nod is ready'),
    ended,
    output,
    end,
    [Symbol.asyncDispose]: async () => void (await end('SIGKILL')),
  };
}

/**
 * Begins Nod in a world as a process that ends as in a power cut, and does not wait for it.
 *
 * TikTok gives up on a webhook before a busy machine has started Nod again; then Nod has to ask, and asks soon.
 */
export function beginNod({ environment }: World): NodProcess {
  return runNod({ environment: { ...environment, POLL_INTERVAL_SECONDS: '1' } });
}

/** Begins Nod in a world; resolves once it is ready. */
export async function launchNod(world: World): Promise<NodProcess> {
  const nod = beginNod(world);
  await nod.ready();
  return nod;
}

export type NodProcess = ReturnType<typeof runNod>;
