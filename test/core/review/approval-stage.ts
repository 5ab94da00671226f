import { isSettled, type Post } from '../../../src/core/publish/post.ts';
import type { Ballot, CastResult, Reviewed } from '../../../src/core/review/ballots.ts';
import { type BallotEntry, voterRoleOf } from '../../../src/core/review/review.ts';
import { createCoreWorld } from '../core-world.ts';
import { CHAT, HOUR_MS } from '../posts.ts';
import { type Plan, type PlannedAct, type PlannedCommand, standingOf, voterOf } from './approval-plans.ts';
import { createProcess, type Process } from './approval-process.ts';

/** What a story came to, and what was seen on the way. */
export interface Ending {
  readonly post: Post;
  /** Every version of the ballot that was ever written, in the order in which they were. */
  readonly versions: readonly Ballot[];
  readonly casts: readonly CastResult[];
  /** How often the same was decided, by whom it was asked. */
  readonly decisions: readonly CastResult['decision'][];
}

/** Plays a plan with a post of its own, everything at once, in the order that `turn` gives; then lets all of it end. */
export async function play({
  world,
  plan,
  turn,
  inOrder,
  rest,
}: {
  world: Awaited<ReturnType<typeof createApprovalWorld>>;
  plan: Plan;
  /** Resolves when it is the turn of this step. */
  turn: (name: string) => Promise<void>;
  /** Resolves with what is done, giving turns meanwhile. */
  inOrder: (all: Promise<unknown>) => Promise<unknown>;
  /** Told of the post whenever nothing is to be done before a planned time. */
  rest: (moment: { post: Post; ballot: Ballot | undefined; nextTickAt: number; now: number }) => void;
}): Promise<Ending> {
  world.tiktok.options.pull.beforeReply = plan.pullsBeforeReply;
  const post = await submit();
  const review: Reviewed = { postId: post.id, contentHash: post.contentHash, policy: plan.policy };
  const casts: CastResult[] = [];
  /** The replies that shall be lost; the last of them may find nothing to lose. */
  const armed: { disarm: () => void }[] = [];
  let isCalm = false;
  const inTurn = (name: string) => (isCalm ? Promise.resolve() : turn(name));
  const processes = plan.processes.map((planned, index) =>
    createProcess({ world, planned, postId: post.id, turn: (name) => inTurn(`${index}: ${name}`) }),
  );
  const processOf = (index: number): Process => {
    const process = processes[index % processes.length];
    if (process === undefined) throw new Error('There is at least one process.');
    return process;
  };

  await inOrder(
    Promise.all([
      ...processes.map((process) => process.tickOften()),
      ...plan.acts.map((act, index) => perform(act, index)),
      ...plan.commands.map(command),
    ]),
  );
  isCalm = true;
  await Promise.all(processes.map((process) => process.calm({ isRestarted: plan.endsWithRestart })));
  const end = await letEnd();
  for (const { disarm } of armed) disarm();
  const decisions = await Promise.all(
    processes.map(({ nod }) => nod().ballots.decision(review)).concat(world.nod.ballots.decision(review)),
  );
  return { post: end, versions: versions(), casts, decisions };

  function submit(): Promise<Post> {
    const { policy, publishAfterMs } = plan;
    const reviewed = {
      status: 'in_review' as const,
      review: { policy, chats: [CHAT] },
      ...(publishAfterMs !== undefined && { publishAt: world.now() + publishAfterMs }),
    };
    return plan.isUploaded ? world.submitVideo(undefined, reviewed) : world.submit(reviewed);
  }

  /** Nobody without a say gets an act on the ballot; the author has one only where the policy says so. */
  async function perform(planned: PlannedAct, index: number): Promise<void> {
    const person = voterOf(planned.voter);
    const authority = voterRoleOf(plan.policy, person, standingOf(planned.voter, plan.voters));
    for (let turns = 0; turns <= planned.delay; turns += 1) await inTurn(`act ${index} comes`);
    if (authority === undefined || (person.id === post.author.id && !plan.policy.authorVotes)) return;
    const { type, mark, source, isOfOtherContent } = planned;
    const contentHash = isOfOtherContent ? 'other' : post.contentHash;
    const by = { person, at: world.now() };
    const act: BallotEntry =
      type === 'mark'
        ? { ...by, type, mark, source, contentHash, authority }
        : type === 'unmark'
          ? { ...by, type, mark, source }
          : { ...by, type, text: `Because of ${index}` };
    const process = processOf(planned.process);
    const cast = () => process.within((nod) => nod.ballots.cast(review, act));
    const outcome = (await cast()) ?? (planned.isRepeated ? await cast() : undefined);
    if (outcome !== undefined) casts.push(outcome);
  }

  async function command({ type, process, delay }: PlannedCommand): Promise<void> {
    for (let turns = 0; turns <= delay; turns += 1) await inTurn(`${type} comes`);
    const { clock, creator } = world.tiktok;
    if (type === 'let the review expire') return clock.advance(73 * HOUR_MS);
    if (type === 'lose a reply') {
      armed.push(world.tiktok.fault('drop-init-reply'));
      return;
    }
    if (type === 'go private') {
      creator.private = true;
      return;
    }
    await processOf(process).within(({ signals }) => {
      if (type === 'cancel') return signals.cancel(post.id, post.author);
      if (type === 'withdraw') return signals.withdraw(post.id, post.author);
      const at = type === 'reschedule' ? clock.now() + 2 * HOUR_MS : undefined;
      return signals.reschedule(post.id, at);
    });
  }

  /** From here on nothing happens but what is planned: who is not called by then stays as it is. */
  async function letEnd(): Promise<Post> {
    for (let rounds = 0; rounds < 300; rounds += 1) {
      for (const process of processes) await process.tickWhileDue();
      const now = await world.read(post.id);
      const nextTickAt = Math.min(...processes.map((process) => process.nextTickAt()));
      const ballot = await world.nod.ballotStore.get(post.id);
      rest({ post: now, ballot, nextTickAt, now: world.now() });
      if (isSettled(now)) return now;
      for (const { publishId } of world.tiktok.state.publishes) await world.pulled(publishId);
      world.tiktok.clock.advance(Math.max(0, nextTickAt - world.now()));
    }
    throw new Error('The post comes to no end.');
  }

  function versions(): Ballot[] {
    return processes.flatMap((process) => process.ballots).sort((a, b) => a.version - b.version);
  }
}

/** Ana's account at a TikTok that holds nothing up, behind a web server that outlives every process. */
export async function createApprovalWorld({ isUploaded }: Pick<Plan, 'isUploaded'>) {
  const world = await createCoreWorld({
    gateWaitMs: 20,
    videoTransfer: isUploaded ? 'upload' : 'pull',
    tiktok: { accessTokenSeconds: 10_000_000, strict: { creatorCaps: false } },
  });
  await world.connect();
  return world;
}
