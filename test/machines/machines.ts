import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type NodProcess, runNod } from '../e2e/process.ts';
import { findFreePort } from '../free-port.ts';
import type { World } from '../world.ts';
import { startBalancer } from './balancer.ts';

export interface Machine {
  readonly name: string;
  readonly port: number;
  readonly roles: string;
  process: NodProcess;
}

/** Several processes of one Nod, as on machines of their own: each with its data folder, behind one address. */
export async function startMachines({
  world,
  redisUrl,
  bucket,
  roles,
  environment = {},
}: {
  world: World;
  redisUrl: string;
  /** The settings of their bucket. */
  bucket: Readonly<Record<string, string>>;
  /** Of each process, by its name. */
  roles: Readonly<Record<string, string>>;
  environment?: Readonly<Record<string, string>>;
}) {
  await using stack = new AsyncDisposableStack();
  const machines: Machine[] = [];
  for (const [name, ofMachine] of Object.entries(roles)) {
    const port = await findFreePort();
    const dataDir = join(world.dataDir, name);
    await mkdir(dataDir, { recursive: true });
    machines.push({ name, port, roles: ofMachine, process: launch({ port, dataDir, roles: ofMachine }) });
  }
  stack.defer(async () => {
    await Promise.all(machines.map(({ process }) => process.end('SIGKILL')));
  });
  await Promise.all(machines.map(({ process }) => process.logged('Nod is ready')));
  const webs = machines.filter(({ roles }) => roles.includes('web'));
  stack.use(
    await startBalancer({
      port: Number(world.environment.PORT),
      targets: () => webs.map(({ port }) => ({ host: '127.0.0.1', port })),
    }),
  );

  function launch({ port, dataDir, roles }: { port: number; dataDir: string; roles: string }): NodProcess {
    return runNod({
      environment: {
        ...world.environment,
        REDIS_URL: redisUrl,
        SECRET_KEY: 'a key that all of them share',
        ROLES: roles,
        PORT: String(port),
        DATA_DIR: dataDir,
        ...bucket,
        ...environment,
      },
    });
  }

  function find(name: string): Machine {
    const machine = machines.find((one) => one.name === name);
    if (machine === undefined) throw new Error(`There is no machine ${name}.`);
    return machine;
  }

  /** Starts a machine again whose process has ended. */
  async function start(name: string): Promise<void> {
    const machine = find(name);
    machine.process = launch({ ...machine, dataDir: join(world.dataDir, name) });
    await machine.process.logged('Nod is ready');
  }

  /** The machine whose process has said last that it leads. */
  function leader(): Machine | undefined {
    return machines.findLast(({ process }) => process.output.out.includes('This process leads'));
  }

  const kept = stack.move();
  return { machines, find, start, leader, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
