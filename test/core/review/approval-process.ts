import type { Ballot } from '../../../src/core/review/ballots.ts';
import type { CoreWorld } from '../core-world.ts';
import { type Around, createLife, type Life, type Span } from '../mortal.ts';
import type { Nod } from '../nod.ts';
import type { PlannedProcess } from './approval-plans.ts';

/** A process that takes its post step by step, dies as planned, and is started again over the same database. */
export function createProcess({
  world,
  planned,
  postId,
  turn,
}: {
  world: CoreWorld;
  planned: PlannedProcess;
  postId: string;
  turn: (name: string) => Promise<void>;
}) {
  const spans = [...planned.spans];
  /** What it wrote onto ballots. */
  const ballots: Ballot[] = [];
  let span: Span | undefined;
  let restarting: Promise<void> | undefined;
  let life: Life = createLife({ turn });
  let nod: Nod = world.nod;
  /** When its engine would tick next. */
  let alarm: number | undefined;
  begin();

  function begin(): void {
    span = spans.shift();
    life = createLife({ turn, ...(span !== undefined && { span }) });
    const { around } = life;
    const watched: Around = (name, run) => around(name, () => watch(name, run));
    const wake = () => {
      alarm = world.now();
    };
    nod = world.openAnother({ keepWeb: true, around: watched, isMortal: true, wake });
  }

  async function watch<T>(name: string, run: () => Promise<T>): Promise<T> {
    const result = await run();
    if (/^(create|replace) ballots$/.test(name) && result !== undefined) ballots.push(result as Ballot);
    return result;
  }

  /** Does something in the process; undefined when the process dies meanwhile. The next one is there by then. */
  async function within<T>(run: (nod: Nod) => Promise<T>): Promise<T | undefined> {
    const current = life;
    const outcome = await Promise.race([run(nod).then((value) => ({ value })), current.ended]);
    if (outcome !== 'ended') return outcome.value;
    await (life === current ? restartOnce() : undefined);
    return undefined;
  }

  /** However many ask for it at once. */
  function restartOnce(): Promise<void> {
    restarting ??= absence().then(restart);
    return restarting;
  }

  async function absence(): Promise<void> {
    if (span?.isMissedLong) await allPulled();
  }

  async function restart(): Promise<void> {
    restarting = undefined;
    begin();
    alarm = undefined;
    await within(({ publisher }) =>
      publisher.resume((id, at) => {
        if (id === postId) alarm = at;
      }),
    );
  }

  async function allPulled(): Promise<void> {
    for (const { publishId } of world.tiktok.state.publishes) await world.pulled(publishId);
  }

  async function tick(): Promise<void> {
    alarm = undefined;
    const next = await within(({ publisher }) => publisher.tick(postId));
    // What woke it meanwhile, or what the start after its death planned, comes first.
    if (next !== undefined) alarm = Math.min(alarm ?? next, next);
  }

  /** Ticks as planned, due or not, one at a time. */
  async function tickOften(): Promise<void> {
    for (let ticks = 0; ticks < planned.ticks; ticks += 1) {
      await turn('tick comes');
      await tick();
    }
  }

  async function tickWhileDue(): Promise<void> {
    for (let ticks = 0; alarm !== undefined && alarm <= world.now(); ticks += 1) {
      if (ticks > 100) throw new Error('The post spins: it is due again and again.');
      await tick();
    }
  }

  /** Nobody dies any more; before that, once more where it is asked for. */
  async function calm({ isRestarted }: { isRestarted: boolean }): Promise<void> {
    spans.length = 0;
    life.spare();
    if (!isRestarted) return;
    life.die();
    await restartOnce();
  }

  return {
    within,
    tickOften,
    tickWhileDue,
    calm,
    ballots,
    nod: () => nod,
    nextTickAt: () => alarm ?? Number.POSITIVE_INFINITY,
  };
}

export type Process = ReturnType<typeof createProcess>;
