import type { RunStatement } from '../../src/core/storage/database.ts';
import { addManager, enterCode, issueCode } from '../team.ts';
import { buttonsOf, connectOnDiscord, createWorld, discordOf, type World } from '../world.ts';
import { makeReady, seatPerson } from './people.ts';
import type { Figure } from './report.ts';
import { makeJpeg } from './seed.ts';

const PATIENCE = { timeoutMs: 60_000 };
const REVIEW_GOAL = 80;
const TAP_GOAL = 45;

/**
 * What Nod asks of its database for one post, with both in this process and cards at their own pace: whoever adds
 * a read or a write to each step sees it here.
 */
export async function benchStatements(): Promise<Figure[]> {
  return [
    figureOf('one deciding reaction until both cards show the link', await countReview(), REVIEW_GOAL),
    figureOf('“Post now” until the link', await countTap(), TAP_GOAL),
  ];
}

function figureOf(what: string, run: readonly RunStatement[], goal: number): Figure {
  const writes = run.filter(({ isWrite }) => isWrite).length;
  return {
    what: `statements of SQL: ${what}`,
    figure: `${run.length}, ${writes} of them writes`,
    beside: `goal < ${goal}`,
    isMet: run.length < goal,
    why: `by statement:\n${tally(run)}`,
  };
}

/** How often each statement ran, the most frequent first. */
function tally(run: readonly RunStatement[]): string {
  const counts = new Map<string, number>();
  for (const { sql } of run) {
    const line = sql.replace(/\s+/g, ' ');
    counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return sorted.map(([line, count]) => `  ${count} × ${line.slice(0, 110)}`).join('\n');
}

/** Ben approves on Discord what Dora offered in the Telegram group that is joined with it. */
async function countReview(): Promise<RunStatement[]> {
  const run: RunStatement[] = [];
  await using world = await createWorld({
    withDiscord: true,
    cardIntervalMs: 'platform',
    onStatement: (one) => run.push(one),
  });
  const { telegram, tiktok } = world;
  const discord = discordOf(world);
  telegram.setFlood({ chatPerSecond: false, groupPerMinute: false });
  discord.setRateLimits({ sends: false, edits: false, reactions: false });
  await using _nod = await world.start();
  await connectOnDiscord({ discord, tiktok });
  const ben = addManager(discord, 'Ben');
  const dora = telegram.user({ firstName: 'Dora' });
  const group = telegram.group({ title: 'Editors', admins: [dora], botIsAdmin: true, supergroup: true });
  await enterCode({ telegram, group, admin: dora }, await issueCode(discord));

  const caption = `@${telegram.state.bot.username} First light`;
  await telegram.sendPhoto(group, dora, { bytes: await makeJpeg(0), caption });
  const draft = await telegram.waitForMessage(group, (one) => buttonsOf(one).includes('Everyone'), PATIENCE);
  await telegram.press(draft, 'Everyone', dora);
  await telegram.press(draft, 'Ask for approval', dora);
  const card = await discord.waitForMessage(discord.posts, /wants to post/, PATIENCE);
  await telegram.waitForMessage(group, /wants to post/, PATIENCE);
  await rest(world);

  run.length = 0;
  discord.react(card, '✅', ben);
  await discord.waitForMessage(discord.posts, hasLink, PATIENCE);
  await telegram.waitForMessage(group, hasLink, PATIENCE);
  return [...run];
}

async function countTap(): Promise<RunStatement[]> {
  const run: RunStatement[] = [];
  await using world = await createWorld({ cardIntervalMs: 'platform', onStatement: (one) => run.push(one) });
  const { telegram } = world;
  telegram.setFlood({ chatPerSecond: false, groupPerMinute: false });
  await using _nod = await world.start();
  const person = await seatPerson(world, 'Tap');
  await telegram.sendPhoto(person.chat, person.user, { bytes: await makeJpeg(1) });
  const [card] = await makeReady(world, person, 1);
  if (card === undefined) throw new Error('The draft has no card.');
  await rest(world);

  run.length = 0;
  await telegram.press(card, 'Post now', person.user);
  await telegram.waitForMessage(person.chat, hasLink, PATIENCE);
  return [...run];
}

const hasLink = (message: object) => JSON.stringify(message).includes('https://www.tiktok.com/@');

/** What came before has been dealt with when Nod asks Telegram for more. */
const rest = ({ telegram }: World) => telegram.waitForPoll();
