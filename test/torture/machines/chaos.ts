import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../../fuzz/random.ts';
import type { Network } from '../../machines/network.ts';
import type { RedisServer } from '../../redis-server.ts';
import type { Fleet, Member } from './fleet.ts';
import type { Runs } from './take-overs.ts';

/** What is done to the processes, and how often of a hundred times. */
const DEEDS = [
  ['killed', 52],
  ['asked to end', 14],
  ['machines killed', 6],
  ['machines cut off', 12],
  ['machines held up', 7],
  ['Redis killed', 9],
] as const;
export type Deed = (typeof DEEDS)[number][0];

const LATEST_MOMENT_MS = 2_500;
const [SHORTEST_CUT_MS, LONGEST_CUT_MS] = [3_000, 20_000];
const [SHORTEST_HOLD_MS, LONGEST_HOLD_MS] = [500, 9_000];
const LONGEST_WITHOUT_REDIS_MS = 3_000;

/** Does to a fleet, at any moment, what happens to machines: one deed after the other, while cuts go on. */
export function createChaos({
  fleet,
  network,
  redis,
  runs,
  machines,
  random,
}: {
  fleet: Fleet;
  /** Undefined where machines cannot be cut off; they are held up then. */
  network: Network | undefined;
  redis: RedisServer;
  runs: Runs;
  machines: number;
  random: Random;
}) {
  const { members, leads } = fleet;
  const counts = new Map<Deed, number>(DEEDS.map(([deed]) => [deed, 0]));
  /** The machine that is cut off or held up: one at most. */
  let apart: number | undefined;
  let mended: Promise<void> = Promise.resolve();
  let last = 'nowhere';

  function count(deed: Deed, where: string): void {
    counts.set(deed, (counts.get(deed) ?? 0) + 1);
    last = `${deed}: ${where}`;
  }

  const total = (): number => [...counts.values()].reduce((sum, one) => sum + one, 0);
  const onMachine = (machine: number): Member[] => members.filter((member) => member.machine === machine);
  const between = (least: number, most: number): number => least + random.below(most - least);

  /** Those that could take over what one does that is not there any more. */
  const others = (role: string, gone: readonly Member[]): Member[] =>
    members.filter(
      (one) => one.role === role && one.life.isReady && one.machine !== apart && !gone.includes(one),
    );

  /** Notes what goes with these processes. */
  function noteGone(gone: readonly Member[], how: string): void {
    const leader = fleet.leader();
    if (leader !== undefined && gone.includes(leader) && leader.life.isReady)
      leads.lost({ how: `the leader ${how}`, hasOther: others(leader.role, gone).length > 0 });
    else if (gone.some(({ role }) => role === 'bots')) leads.disturbed();
    if (gone.some(({ role }) => role === 'worker')) runs.disturbed();
  }

  async function kill(gone: readonly Member[]): Promise<void> {
    const ran = await Promise.all(gone.map(({ life }) => runs.runningIn(life.mark)));
    noteGone(gone, 'killed');
    for (const [index, member] of gone.entries()) {
      const hasOther = others(member.role, gone).length > 0;
      if (member.role === 'worker') runs.killed(member.life.mark, ran[index] ?? [], { hasOther });
      fleet.kill(member);
    }
  }

  /** Cuts a machine off, or holds up its processes, and mends that later. */
  function part(machine: number, how: 'cut off' | 'held up', ms: number): void {
    const gone = onMachine(machine);
    noteGone(gone, how);
    apart = machine;
    const lives = gone.map(({ life }) => life.process.pid);
    // Also where they are held up: a process that is just being started waits for Redis by the clock.
    fleet.noteAway(machine);
    if (how === 'cut off' && network !== undefined) network.cut(machine);
    else for (const pid of lives) signal(pid, 'SIGSTOP');
    mended = pause(ms).then(() => {
      if (how === 'cut off' && network !== undefined) network.join(machine);
      else for (const pid of lives) signal(pid, 'SIGCONT');
      fleet.noteBack(machine);
      apart = undefined;
      const leader = fleet.leader();
      if (leader === undefined || !gone.includes(leader)) return;
      leads.isBack();
      fleet.tellReady();
    });
  }

  async function killRedis(ms: number): Promise<void> {
    leads.disturbed();
    runs.disturbed();
    fleet.noteAway('redis');
    await redis.kill();
    await pause(ms);
    await redis.start();
    fleet.noteBack('redis');
    leads.disturbed();
    runs.disturbed();
    fleet.tellReady();
  }

  function choose(): Deed {
    let lot = random.below(DEEDS.reduce((sum, [, share]) => sum + share, 0));
    for (const [deed, share] of DEEDS) {
      if (lot < share) return deed;
      lot -= share;
    }
    return 'killed';
  }

  /** Does one of them after a moment; nothing where nobody is there to whom it could be done. */
  async function strike(): Promise<void> {
    await pause(random.below(LATEST_MOMENT_MS));
    const deed = choose();
    // Now and then the one that leads, but not before it could take up its work.
    const leader = random.below(6) === 0 ? fleet.leader() : undefined;
    const ready = members.filter(({ life }) => life.isReady);
    if (ready.length === 0) return;
    const member = leader?.life.isReady ? leader : random.pick(ready);
    const machine = random.below(machines);
    const [cutMs, holdMs] = [
      between(SHORTEST_CUT_MS, LONGEST_CUT_MS),
      between(SHORTEST_HOLD_MS, LONGEST_HOLD_MS),
    ];
    const redisMs = random.below(LONGEST_WITHOUT_REDIS_MS);
    switch (deed) {
      case 'killed':
        count(deed, member.name);
        return kill([member]);
      case 'machines killed':
        count(deed, `machine ${machine + 1}`);
        return kill(onMachine(machine).filter(({ life }) => life.isReady));
      case 'asked to end':
        if (member.machine === apart) return;
        count(deed, member.name);
        noteGone([member], 'asked to end');
        return fleet.ask(member);
      case 'Redis killed':
        count(deed, `for ${redisMs} ms`);
        return killRedis(redisMs);
      default: {
        if (apart !== undefined) return;
        const how = deed === 'machines cut off' ? 'cut off' : 'held up';
        const ms = how === 'cut off' ? cutMs : holdMs;
        const parted = leader?.life.isReady ? leader.machine : machine;
        count(deed, `machine ${parted + 1} for ${ms} ms`);
        part(parted, how, ms);
      }
    }
  }

  return {
    strike,
    /** Resolves when no machine is apart. */
    whenMended: async (): Promise<void> => mended,
    total,
    counts: (): ReadonlyMap<Deed, number> => counts,
    last: () => last,
  };
}

function signal(pid: number, name: 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
}
