import { discordOf, type World } from '../world.ts';
import { CARD_MS, labelsOf } from './chat.ts';
import { compose, offer, tap } from './compose.ts';
import { createDiscordChat } from './discord-chat.ts';
import { seen } from './discord-seen.ts';
import { playEdits } from './edits.ts';
import { follow, giveUp } from './follow.ts';
import { ALBUM, BEACH } from './options.ts';
import { reviewInOutages } from './outages.ts';
import { agree, castWords, connectHome, type Play } from './plays.ts';
import type { DemoPost, Tell } from './story.ts';
import { startTally } from './tally.ts';
import { createTeam } from './team.ts';

const APPROVALS = 3;
const SEND_MESSAGES = 1n << 11n;

/** A channel where Nod may not write, outages of both chats in the middle of a review, and captions that are edited. */
export async function playTrouble({ options, world, tell, armFaults }: Play): Promise<DemoPost[]> {
  const team = createTeam(world, options.chats, APPROVALS);
  tell({ event: 'scene', text: '1. A Discord channel where Nod may not write' });
  await connectHome(team, tell);
  tell({ event: 'person', who: 'Ana', does: 'sets in /tiktok settings that nobody has to approve' });
  await team.home.setApprovals(0);
  armFaults();
  const unshown = await postWithoutRight(world, tell);

  tell({ event: 'scene', text: '2. Telegram is away when a review begins, then Discord while people vote' });
  tell({ event: 'note', text: castWords(team) });
  await agree(team, tell);
  const reviewed = await reviewInOutages({ group: ALBUM, team }, world, tell);

  tell({ event: 'scene', text: '3. Captions that Ana edits in her own message' });
  return [unshown, reviewed, ...(await playEdits({ operator: team.joining?.who ?? '' }, world, tell))];
}

/** Publishes from a channel where Nod may not send messages; the card comes there once it may. */
async function postWithoutRight(world: World, tell: Tell): Promise<DemoPost> {
  const discord = discordOf(world);
  const { posts, ana, state } = discord;
  const chat = createDiscordChat(world);
  const tally = startTally(world.tiktok);
  const earlier = { messages: discord.messages(posts).length, interactions: state.interactions.length };
  tell({ event: 'platform', name: 'Discord', does: 'no longer lets Nod send messages in #posts' });
  discord.setOverwrite(posts, 'bot', { deny: ['SEND_MESSAGES'] });
  const card = await offer(BEACH, chat, tell);
  const status = await play()
    .catch((error) => giveUp(error, tell))
    .finally(() => discord.setOverwrite(posts, 'bot', {}));
  // Discord tells with each interaction what the bot may do where it came from.
  const met = state.interactions
    .slice(earlier.interactions)
    .filter(({ payload }) => (BigInt(String(payload.app_permissions)) & SEND_MESSAGES) === 0n).length;
  return {
    chat: chat.name,
    status,
    expected: 'published',
    ...tally.read(BEACH.kind),
    ...(BEACH.caption !== undefined && { expectedCaption: BEACH.caption }),
    card: card.last()?.text ?? '',
    troubles: [{ platform: 'discord', what: 'Nod lacked “Send Messages” in #posts', met }],
  };

  async function play(): Promise<DemoPost['status']> {
    const where = 'Discord #posts, seen by Ana alone';
    if (!(await compose({ card, group: BEACH, where }, tell))) return 'refused';
    if ((await tap(card, 'Post now', tell)) !== undefined) return 'refused';
    const ended = await follow(
      { card, isPost: (one) => !labelsOf(one).includes('Post now'), where, tally },
      tell,
    );
    const timeoutMs = CARD_MS;
    const direct = await discord.waitForMessage(discord.dm(ana), 'Live on TikTok', { timeoutMs });
    tell({ event: 'card', where: 'Discord, a direct message to Ana', ...seen(direct) });
    if (discord.messages(posts).length > earlier.messages) throw new Error('There is a card in #posts.');
    tell({ event: 'platform', name: 'Discord', does: 'lets Nod send messages in #posts again' });
    discord.setOverwrite(posts, 'bot', {});
    const late = await discord.waitForMessage(posts, 'Live on TikTok', { timeoutMs });
    tell({ event: 'card', where: 'Discord #posts', ...seen(late) });
    return ended;
  }
}
