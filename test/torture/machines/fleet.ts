import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type NodProcess, runNod } from '../../e2e/process.ts';
import { findFreePort } from '../../free-port.ts';
import type { Place } from '../../machines/network.ts';
import type { World } from '../../world.ts';
import { noteErrors } from '../stage.ts';
import { MARK, markOf } from './marks.ts';
import { createLeads } from './take-overs.ts';

const PRELOAD = fileURLToPath(new URL('./mark-ids.ts', import.meta.url));
/** A supervisor starts again what has ended, but for a while. */
const RESTART_MS = 300;
const STOP_PATIENCE_MS = 90_000;
const TAKEN_OVER = 'Another process has taken over';
const NO_SERVER = /Nod cannot reach (Redis|S3)/;

/** A process as its supervisor knows it, over all of its lives. */
export interface Member {
  readonly name: string;
  readonly role: string;
  /** The number of its machine, from 0. */
  readonly machine: number;
  readonly port: number;
  readonly dataDir: string;
  life: Life;
}

interface Life {
  readonly process: NodProcess;
  readonly mark: string;
  isReady: boolean;
  /** What it was sent to end it. */
  sent?: 'SIGKILL' | 'SIGTERM';
  /** Redis or the bucket could not be reached in its time. */
  wasCut: boolean;
}

/** Several processes of one Nod on their machines, each of which is started again when it has ended. */
export async function createFleet({
  world,
  folder,
  places,
  roles,
}: {
  world: World;
  /** Gets what each process has logged. */
  folder: string;
  places: readonly Place[];
  /** Of each process, with the number of its machine. */
  roles: readonly { readonly name: string; readonly role: string; readonly machine: number }[];
}) {
  /** What is wrong with the processes themselves. */
  const faults: string[] = [];
  const errors = new Map<string, number>();
  const leads = createLeads();
  const members: Member[] = [];
  const ends = { takenOver: 0, noServer: 0 };
  const away = new Set<'redis' | number>();
  const restarts = new Set<Promise<void>>();
  let count = 0;
  let isStopping = true;
  let ready = Promise.withResolvers<void>();

  const unborn: { of: (typeof roles)[number]; port: number; dataDir: string }[] = [];
  for (const of of roles) {
    const dataDir = join(world.dataDir, of.name);
    await mkdir(dataDir, { recursive: true });
    unborn.push({ of, port: await findFreePort(), dataDir });
  }

  function launch(member: Omit<Member, 'life'>): Life {
    const place = places[member.machine];
    count += 1;
    const mark = markOf(count);
    const nod = runNod({
      environment: {
        ...world.environment,
        ROLES: member.role,
        HOST: place?.address ?? '',
        PORT: String(member.port),
        DATA_DIR: member.dataDir,
        [MARK]: mark,
      },
      within: place?.within ?? [],
      nodeArgs: ['--import', PRELOAD],
    });
    const wasCut = away.has('redis') || away.has(member.machine);
    const life: Life = { process: nod, mark, isReady: false, wasCut };
    const passed = nod.logged('Nod is ready').then(() => {
      life.isReady = true;
    });
    const led = nod.logged('This process leads').then(async () => {
      leads.led(member.name, timeOf(nod, 'This process leads'));
      await Promise.all(['Listening to Telegram', 'Listening to Discord'].map((text) => nod.logged(text)));
      tellReady();
    });
    // A life may end before.
    for (const one of [passed, led]) one.catch(() => {});
    return life;
  }

  /** Starts it, and again whenever it has ended. */
  async function supervise(member: Member): Promise<void> {
    while (!isStopping) {
      const { life } = member;
      const { code, signal } = await life.process.ended;
      life.isReady = false;
      const { out, err } = life.process.output;
      await appendFile(join(folder, `${member.name}.log`), `${out}${err}`);
      noteErrors(life.process, errors);
      noteEnd(member, life, { code, signal });
      if (isStopping) return;
      await pause(RESTART_MS, undefined, { ref: false });
      if (!isStopping) member.life = launch(member);
    }
  }

  /** Whatever else a life ends by is a fault. */
  function noteEnd(
    { name }: Member,
    { process: { output }, sent, wasCut }: Life,
    { code, signal }: { code: number | null; signal: string | null },
  ): void {
    if (signal === 'SIGKILL' && sent === 'SIGKILL') return;
    // One that has just been started does not know the signal yet.
    if (sent === 'SIGTERM' && (code === 0 || signal === 'SIGTERM')) return;
    if (code === 1 && output.out.includes(TAKEN_OVER)) ends.takenOver += 1;
    else if (code === 1 && wasCut && NO_SERVER.test(output.err)) ends.noServer += 1;
    else
      faults.push(
        `${name} ended with code ${code} and ${signal}, sent ${sent ?? 'nothing'}: ${output.out.slice(-1_500)}${output.err.slice(-1_500)}`,
      );
  }

  /** Starts all; resolves when they are ready, and one of them leads and hears the chats. */
  async function start(): Promise<void> {
    const open = nextReady();
    isStopping = false;
    for (const [index, { of, ...rest }] of unborn.entries()) {
      const member = members[index];
      const plain = { ...of, ...rest };
      if (member === undefined) members.push({ ...plain, life: launch(plain) });
      else member.life = launch(member);
    }
    for (const member of members) {
      const supervised = supervise(member);
      restarts.add(supervised);
      void supervised.finally(() => restarts.delete(supervised));
    }
    await Promise.all([open, ...members.map(({ life }) => life.process.logged('Nod is ready'))]);
  }

  /** Ends all of them as a supervisor does. */
  async function stop(): Promise<void> {
    isStopping = true;
    await Promise.all(members.map(({ name, life }) => endSoftly(name, life)));
    await Promise.all(restarts);
  }

  async function endSoftly(name: string, life: Life): Promise<void> {
    life.sent ??= 'SIGTERM';
    const patience = setTimeout(() => {
      faults.push(`${name} does not end: ${life.process.output.out.slice(-1_500)}`);
      void life.process.end('SIGKILL');
    }, STOP_PATIENCE_MS);
    await life.process.end('SIGTERM');
    clearTimeout(patience);
  }

  function kill(member: Member): void {
    member.life.sent = 'SIGKILL';
    member.life.isReady = false;
    void member.life.process.end('SIGKILL');
  }

  /** Asks it to end; another life begins then. */
  function ask(member: Member): void {
    member.life.isReady = false;
    void endSoftly(member.name, member.life);
  }

  /** Redis is gone, or the machine with this number is cut off or held up. */
  function noteAway(what: 'redis' | number): void {
    away.add(what);
    for (const one of members) if (what === 'redis' || one.machine === what) one.life.wasCut = true;
  }

  function noteBack(what: 'redis' | number): void {
    away.delete(what);
  }

  /** Resolves when something is there again without which people are not heard. */
  const nextReady = (): Promise<void> => ready.promise;

  function tellReady(): void {
    ready.resolve();
    ready = Promise.withResolvers();
  }

  const leader = (): Member | undefined => members.find(({ name }) => name === leads.leader());

  return {
    members,
    leads,
    leader,
    faults,
    errors,
    ends,
    start,
    stop,
    kill,
    ask,
    noteAway,
    noteBack,
    nextReady,
    tellReady,
    [Symbol.asyncDispose]: async (): Promise<void> => {
      isStopping = true;
      await Promise.all(
        members.map(({ life }) => {
          life.sent = 'SIGKILL';
          return life.process.end('SIGKILL');
        }),
      );
      await Promise.all(restarts);
    },
  };
}

export type Fleet = Awaited<ReturnType<typeof createFleet>>;

/** When a process has logged something, by its own clock, which is that of this machine. */
function timeOf({ output }: NodProcess, text: string): number {
  const line = output.out.split('\n').find((one) => one.includes(text));
  return line === undefined ? Date.now() : Number(JSON.parse(line).time);
}
