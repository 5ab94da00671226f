import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { textOf } from './discord-stage.ts';
import { launchNod } from './process.ts';
import { bothShow, type Cards, startTeam, submitToBoth, type Team, textOnTelegram } from './review-acts.ts';

const SECONDS = 1_000;
const RUNS = Number(process.env.RUNS ?? 2);
const POSTS = 3;
/** Presses of a button that come closer together are one press to Nod. */
const PRESSES_APART_MS = 5_000;
/** Those who have a say first; Ana is the author of all posts. */
const VOTERS = ['ben', 'chiara', 'dora', 'emil'] as const;
const PEOPLE = [...VOTERS, 'ana', 'finn', 'gus'] as const;
const ON_TELEGRAM: readonly string[] = ['dora', 'emil', 'gus'];

type Name = (typeof PEOPLE)[number];
type Mark = 'approve' | 'reject';
interface Act {
  readonly post: number;
  readonly who: Name;
  readonly what: Mark | 'take back' | 'press';
}

const plain = { noNullPrototype: true };
const acts = (maxLength: number) =>
  fc.array(
    fc.record<Act>(
      {
        post: fc.nat({ max: POSTS - 1 }),
        who: fc.constantFrom(...VOTERS, ...PEOPLE),
        // One rejection ends a review, so that more of them would leave little to see.
        what: fc.oneof(
          { weight: 20, arbitrary: fc.constantFrom('approve', 'press') },
          { weight: 3, arbitrary: fc.constant('take back') },
          { weight: 1, arbitrary: fc.constant('reject') },
        ),
      },
      plain,
    ),
    { maxLength, size: 'max' },
  );

/** What people do before Nod is killed, when that is, and what they do until it is there again. */
const waves = fc.array(fc.record({ before: acts(5), killedAfterMs: fc.nat({ max: 400 }), during: acts(3) }), {
  minLength: 3,
  maxLength: 3,
});

/** A post with its cards, and what each of its people has ever said about it. */
interface Story extends Cards {
  readonly caption: string;
  readonly said: { readonly who: Name; readonly mark: Mark }[];
}

it('publishes once what enough people approve, however often it is killed meanwhile', {
  timeout: RUNS * 120 * SECONDS,
}, async () => {
  // TikTok is patient enough to ask a Nod for media that is only just coming back.
  const pull = { retries: 200, retryMs: 100 };
  const tiktok = { pull, creator: { postCap: 1_000 }, strict: { rateLimits: false } };
  await using team = await startTeam({ approvals: 2, launch: launchNod, tiktok });
  // A kill between a question to TikTok and its answer is the worst one.
  team.tiktok.fault('latency', { endpoint: 'content/init', ms: 300, times: 1_000 });
  let round = 0;
  const survives = fc.asyncProperty(waves, async (all) => {
    round += 1;
    const stories: Story[] = [];
    for (let number = 1; number <= POSTS; number += 1) {
      const caption = `Take ${round}.${number}`;
      stories.push({ ...(await submitAndNote(team, caption)), caption, said: [] });
    }
    for (const { before, killedAfterMs, during } of all) {
      const doIt = (act: Act) => perform(team, stories, act);
      before.forEach(doIt);
      // Nothing is waited for here: the moment is what this test is about.
      await delay(killedAfterMs);
      await team.whileDown(() => during.forEach(doIt));
    }
    for (const story of stories) await decide(team, story);
    for (const story of stories) await expectOneEnd(team, story);
  });
  const { SEED } = process.env;
  const seed = SEED === undefined ? {} : { seed: Number(SEED) };
  await fc.assert(survives, { numRuns: RUNS, endOnFailure: true, ...seed });
});

/** Telegram knows no once-keys: a kill before Nod has noted a card of its there would have it sent again. */
async function submitAndNote(team: Team, caption: string): Promise<Cards> {
  const { telegram } = team;
  const cards = await submitToBoth(team, caption);
  const card = telegram.find(cards.onTelegram);
  // Its mark comes after the note.
  await telegram.until(() => card.reactions.has(telegram.state.bot.id) || undefined, { what: 'The mark' });
  return cards;
}

function perform(team: Team, stories: readonly Story[], { post, who, what }: Act): void {
  const story = stories[post];
  if (story === undefined) throw new Error(`There is no post ${post}.`);
  if (what === 'press') story.said.push({ who, mark: 'approve' });
  else if (what !== 'take back') story.said.push({ who, mark: what });
  // What people try with a dead Nod, or with a card that is over, comes to nothing.
  void (ON_TELEGRAM.includes(who) ? onTelegram : onDiscord)(team, story, { who, what }).catch(() => {});
}

async function onTelegram(team: Team, { onTelegram: card }: Story, { who, what }: Omit<Act, 'post'>) {
  const { telegram, dora, emil, gus } = team;
  const user = { dora, emil, gus }[who as 'dora'];
  if (what === 'press') await telegram.press(card, 'Approve', user);
  else await telegram.react(card, user, { approve: '👍', reject: '👎', 'take back': [] }[what]);
}

async function onDiscord(team: Team, { onDiscord: card }: Story, { who, what }: Omit<Act, 'post'>) {
  const { discord, ben, chiara, ana, finn } = team;
  const user = { ben, chiara, ana, finn }[who as 'ben'];
  if (what === 'press') await team.press(card, 'Approve', user);
  else if (what === 'take back') discord.unreact(card, '✅', user);
  else discord.react(card, what === 'approve' ? '✅' : '❌', user);
}

/** Lets two approve whatever is still open, by their buttons. */
async function decide({ telegram, dora, emil }: Team, { onTelegram: card, said }: Story): Promise<void> {
  for (const [who, user] of [
    ['dora', dora],
    ['emil', emil],
  ] as const) {
    said.push({ who, mark: 'approve' });
    const press = () => telegram.press(card, 'Approve', user).then(({ text }) => text, String);
    for (let text = await press(); text === 'Your approval is taken back.'; text = await press())
      await delay(PRESSES_APART_MS);
  }
}

const END = /✓ (Live on TikTok|Posted)[\s\S]*Approved by|Not approved[\s\S]*Rejected by/;

/** Both cards tell one end, by people who have said so and may, and TikTok has what they say. */
async function expectOneEnd(team: Team, story: Story): Promise<void> {
  const ended = await bothShow(team, story, END);
  const texts = [textOf(ended.onDiscord), textOnTelegram(ended.onTelegram)];
  const [[outcome, names], other] = texts.map((text) => {
    const [, how = '', by = ''] = /(Approved|Rejected) by ([^\n]*)/.exec(text) ?? [];
    return [how, by.split(/, | and /)] as const;
  }) as [readonly [string, string[]], readonly [string, string[]]];
  expect(other).toEqual([outcome, names]);
  const mark = outcome === 'Approved' ? 'approve' : 'reject';
  const mayHaveMadeIt = story.said.filter((one) => one.mark === mark && isVoter(one.who));
  for (const name of names) expect(mayHaveMadeIt.map(({ who }) => who)).toContain(name.toLowerCase());
  expect(new Set(names).size).toBe(mark === 'approve' ? 2 : 1);
  const isRejectable = story.said.some((one) => one.mark === 'reject' && isVoter(one.who));
  if (!isRejectable) expect(outcome).toBe('Approved');
  const published = await settledPublishes(team, story);
  expect(published.filter((status) => status === 'PUBLISH_COMPLETE')).toHaveLength(
    mark === 'approve' ? 1 : 0,
  );
  if (mark === 'reject') expect(published).toEqual([]);
}

const isVoter = (who: Name): boolean => VOTERS.some((voter) => voter === who);

/** How everything ended that TikTok was asked to publish of a story. */
async function settledPublishes({ tiktok }: Team, { caption }: Story): Promise<string[]> {
  const own = tiktok.state.publishes.filter(({ postInfo }) => postInfo.description === caption);
  for (const { publishId } of own)
    await tiktok.whenPublish((one) => one.publishId === publishId && one.stage === 'settled');
  return own.map(({ status }) => status);
}
