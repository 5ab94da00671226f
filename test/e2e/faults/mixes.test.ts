import fc from 'fast-check';
import type { Message } from 'grammy/types';
import { expect, it } from 'vitest';
import { FAULT_NAMES } from '../../emulators/telegram/faults.ts';
import { listFaults } from '../../emulators/tiktok/faults.ts';
import { type FaultStage, startFaultStage } from './stage.ts';

const SECONDS = 1_000;
const RUNS = Number(process.env.RUNS ?? 8);
/** The same mixes in each run of the tests; others are looked for by hand. */
const SEED = Number(process.env.SEED ?? 1);
const MOMENTS = ['before the tap', 'after the tap', 'at TikTok'] as const;
const HOUR_MS = 3_600_000;

type Wrong =
  | { readonly what: 'tiktok'; readonly name: string; readonly times: number }
  | { readonly what: 'telegram'; readonly name: (typeof FAULT_NAMES)[number] }
  | { readonly what: 'clock'; readonly aheadMs: number }
  | { readonly what: 'token' | 'access' | 'restart' };
type Step = Wrong & { readonly at: (typeof MOMENTS)[number] };

const tiktokFaults = listFaults().filter(({ phase }) => phase !== 'chunk');
const plain = { noNullPrototype: true };
const at = fc.constantFrom(...MOMENTS);

/** All that can go wrong at some moment of a post. */
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record(
      {
        what: fc.constant('tiktok' as const),
        name: fc.constantFrom(...tiktokFaults.map(({ name }) => name)),
        times: fc.integer({ min: 1, max: 3 }),
        at,
      },
      plain,
    ),
  },
  {
    weight: 4,
    arbitrary: fc.record(
      {
        what: fc.constant('telegram' as const),
        // A refused token ends a chat, and nobody would be there to see the end.
        name: fc.constantFrom(...FAULT_NAMES.filter((name) => name !== '401' && name !== 'edit-not-found')),
        at,
      },
      plain,
    ),
  },
  {
    weight: 2,
    arbitrary: fc.record(
      { what: fc.constant('clock' as const), aheadMs: fc.constantFrom(0, HOUR_MS, 24 * HOUR_MS), at },
      plain,
    ),
  },
  {
    weight: 3,
    arbitrary: fc.record(
      { what: fc.constantFrom('token' as const, 'access' as const, 'restart' as const), at },
      plain,
    ),
  },
);

it('has one true end of each post, whatever goes wrong together', {
  timeout: (60 + RUNS * 30) * SECONDS,
}, async () => {
  await using stage = await startFaultStage({ tiktok: { processingMs: 30_000 } });
  let number = 0;
  /** How many of them have become posts. */
  let count = 0;
  const ends = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async (steps) => {
    number += 1;
    if (await goThrough(stage, steps, { caption: `Mix ${number}.`, count: count + 1 })) count += 1;
  });
  await fc.assert(ends, { numRuns: RUNS, endOnFailure: true, seed: SEED });
  await stage.expectNothingLeft();
});

/** False where it stays a draft, because its account was gone before the tap. */
async function goThrough(
  stage: FaultStage,
  steps: readonly Step[],
  { caption, count }: { caption: string; count: number },
): Promise<boolean> {
  const draft = await stage.compose(caption);
  const ends: (() => void)[] = [];
  const meet = async (moment: Step['at']) => {
    for (const one of steps) if (one.at === moment) ends.push(await begin(stage, one));
  };
  await meet('before the tap');
  // What answers the tap may be lost.
  const tapped = stage.telegram
    .press(draft, 'Post now', stage.ana, { timeoutMs: 5_000 })
    .catch(() => undefined);
  await meet('after the tap');
  await stage.passMinutes(10);
  await meet('at TikTok');
  await stage.passMinutes(10);
  for (const end of ends) end();
  await tapped;
  // Telegram keeps a tap for some minutes only; whoever sees nothing happen taps again.
  await tapAgain(stage, draft);
  const mayStay = steps.some(({ what }) => what === 'access');
  if (mayStay) await stage.passMinutes(60);
  if (mayStay && (await stage.allPosts()).length < count) {
    stage.world.setClock(0);
    await stage.nextDay();
    await stage.tap(draft, 'Discard');
    return false;
  }
  await stage.finish(count);
  const post = await stage.ended(caption);
  expect(['published', 'failed', 'expired', 'cancelled', 'unconfirmed']).toContain(post.status);
  // What is for good is TikTok's word alone; everything else passes.
  const isForGood = steps.some(
    (one) =>
      one.what === 'access' || (one.what === 'tiktok' && /^(init-403|fail|hang|.*token)/.test(one.name)),
  );
  if (!isForGood) expect(post.status).toBe('published');
  stage.world.setClock(0);
  await stage.nextDay();
  return true;
}

async function tapAgain({ telegram, ana }: FaultStage, draft: Message): Promise<void> {
  await telegram.press(draft, 'Post now', ana, { timeoutMs: 20_000 }).catch(() => undefined);
}

/** Lets one thing go wrong; what ends it. */
async function begin({ tiktok, telegram, world, restart }: FaultStage, one: Step): Promise<() => void> {
  switch (one.what) {
    case 'tiktok': {
      const isSlow = one.name === 'latency';
      return tiktok.fault(one.name, { times: one.times, ...(isSlow && { ms: 30_000 }) }).disarm;
    }
    case 'telegram':
      return telegram.fault(one.name, { mayMiss: true, delayMs: 200 }).lift;
    case 'clock':
      world.setClock(one.aheadMs);
      return () => {};
    case 'token':
      for (const token of tiktok.state.tokens) token.revoked ||= token.kind === 'access';
      return () => {};
    case 'access':
      tiktok.removeAuthorization();
      return () => {};
    case 'restart':
      await restart();
      return () => {};
  }
}
