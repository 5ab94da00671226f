import fc from 'fast-check';
import type { Member, ReviewPolicy, VoteChoice, VoteSource } from '../../../src/core/review/review.ts';
import type { Span } from '../mortal.ts';
import { HOUR_MS, POLICY } from '../posts.ts';

const COMMANDS = [
  ...(['cancel', 'withdraw', 'reschedule', 'post now'] as const),
  ...(['let the review expire', 'go private', 'lose a reply'] as const),
];

/** One thing that a voter does, seen by one of the processes. */
export interface PlannedAct {
  /** From 0; the first voter is the author, the last one has no say. */
  readonly voter: number;
  readonly type: 'mark' | 'unmark' | 'reason';
  readonly mark: VoteChoice;
  readonly source: VoteSource;
  /** The card that was acted on showed other content. */
  readonly isOfOtherContent: boolean;
  readonly process: number;
  /** How many others may come first. */
  readonly delay: number;
  /** The platform tells it again when the process died of it. */
  readonly isRepeated: boolean;
}

export interface PlannedCommand {
  readonly type: (typeof COMMANDS)[number];
  readonly process: number;
  readonly delay: number;
}

export interface PlannedProcess {
  readonly ticks: number;
  /** One life after the other; the one after the last of them does not end. */
  readonly spans: readonly Span[];
}

/** Everything that is random about one story of an approval, but for the order in which it happens. */
export interface Plan {
  readonly policy: ReviewPolicy;
  readonly voters: number;
  readonly acts: readonly PlannedAct[];
  readonly commands: readonly PlannedCommand[];
  readonly processes: readonly PlannedProcess[];
  /** From the submission; undefined for as soon as possible. */
  readonly publishAfterMs: number | undefined;
  /** It is a video, and is uploaded. */
  readonly isUploaded: boolean;
  /** TikTok asks for the media before it answers. */
  readonly pullsBeforeReply: boolean;
  /** After all of it every process is started anew. */
  readonly endsWithRestart: boolean;
}

const policy: fc.Arbitrary<ReviewPolicy> = fc
  .record({
    approvals: fc.constantFrom(1, 1, 1, 2, 2, 2, 3, 3, 4),
    rejectionIsFinal: fc.boolean(),
    authorVotes: fc.boolean(),
  })
  .map((asked) => ({
    ...POLICY,
    ...asked,
    people: [voterOf(0), voterOf(1)],
    roles: [{ id: 'discord:77', name: 'Editors' }],
  }));

/** People of both platforms by turns. */
export function voterOf(index: number) {
  const platform = index % 2 === 0 ? 'telegram' : 'discord';
  return { id: `${platform}:${index + 1}`, name: `Voter ${index + 1}` };
}

/** What gives them a say: the first two are named, then comes an editor, then managers; the last one is nobody. */
export function standingOf(index: number, voters: number): Member {
  if (index === voters - 1) return { isManager: false, roles: [{ id: 'discord:1', name: 'Guests' }] };
  const roles = index === 2 ? [{ id: 'discord:77', name: 'Editors' }] : [];
  return { isManager: index > 2, roles };
}

const act = (voters: number): fc.Arbitrary<PlannedAct> =>
  fc.record({
    voter: fc.nat(voters - 1),
    type: fc.oneof(
      { weight: 8, arbitrary: fc.constant('mark' as const) },
      { weight: 2, arbitrary: fc.constant('unmark' as const) },
      { weight: 1, arbitrary: fc.constant('reason' as const) },
    ),
    mark: fc.oneof(
      { weight: 12, arbitrary: fc.constant('approve' as const) },
      { weight: 1, arbitrary: fc.constant('reject' as const) },
    ),
    source: fc.constantFrom<VoteSource>('button', 'button', 'reaction card-1', 'reaction card-2'),
    isOfOtherContent: fc.integer({ min: 0, max: 9 }).map((one) => one === 9),
    process: fc.nat(1),
    delay: fc.nat(25),
    isRepeated: fc.boolean(),
  });

const command: fc.Arbitrary<PlannedCommand> = fc.record({
  type: fc.constantFrom(...COMMANDS),
  process: fc.nat(1),
  delay: fc.nat(60),
});

const span: fc.Arbitrary<Span> = fc.record({
  steps: fc.nat(50),
  isLastDone: fc.boolean(),
  isMissedLong: fc.boolean(),
});

/** The steps after which a death hurts most. */
const spanOf: fc.Arbitrary<Span> = fc.record({
  steps: fc.nat(1),
  isLastDone: fc.boolean(),
  isMissedLong: fc.boolean(),
  of: fc.constantFrom(
    ...['init', 'init', 'upload chunk', 'replace posts', 'replace ballots'],
    ...['create attempts', 'replace attempts', 'delete attempts'],
  ),
});

const process: fc.Arbitrary<PlannedProcess> = fc.record({
  ticks: fc.integer({ min: 2, max: 20 }),
  spans: fc.array(fc.oneof(span, spanOf), { maxLength: 3 }),
});

/** Half of the stories have no command in them, so that an approval is put to its end as often as not. */
export const plans: fc.Arbitrary<Plan> = fc.integer({ min: 3, max: 7 }).chain((voters) =>
  fc.record({
    policy,
    voters: fc.constant(voters),
    acts: fc.array(act(voters), { minLength: 3, maxLength: 24, size: 'max' }),
    commands: fc.oneof(fc.constant([]), fc.array(command, { minLength: 1, maxLength: 3 })),
    processes: fc.array(process, { minLength: 1, maxLength: 2 }),
    publishAfterMs: fc.constantFrom(undefined, undefined, HOUR_MS),
    isUploaded: fc.boolean(),
    pullsBeforeReply: fc.boolean(),
    endsWithRestart: fc.boolean(),
  }),
);
