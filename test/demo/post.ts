import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Message } from 'grammy/types';
import type { World } from '../world.ts';
import { buttonsOf, textOf } from '../world.ts';
import type { Group } from './options.ts';
import { type DemoPost, publishWords, type Tell } from './story.ts';

const ALBUM_SIZE = 10;
const CARD_MS = 60_000;
const SETTLED_MS = 170_000;

const INITS = new Set(['video/init', 'inbox/video/init', 'content/init']);
const OPEN = /^(Posting|Waiting|Preparing)/;

/** Sends a group of files, taps through its card like a person, and waits until the post is settled. */
export async function postGroup(group: Group, world: World, tell: Tell): Promise<DemoPost> {
  const { telegram, tiktok } = world;
  const { ana, anaChat } = telegram;
  const before = { publishes: tiktok.state.publishes.length, inits: countInits(world) };
  const firstId = Math.max(0, ...telegram.botMessages(anaChat).map((message) => message.message_id)) + 1;
  const files = group.paths.map((path) => basename(path)).join(', ');
  tell({
    event: 'person',
    does: `sends ${files}${group.caption === undefined ? '' : `  “${group.caption}”`}`,
  });
  await send(group, world);

  const isOurs = (message: Message) => message.message_id >= firstId && !message.reply_to_message;
  const newestCard = () => telegram.botMessages(anaChat).find(isOurs);

  async function tap(card: Message, label: string): Promise<string | undefined> {
    tell({ event: 'person', does: `taps [ ${label} ]` });
    const { text } = await telegram.press(card, label, ana);
    if (text !== undefined) tell({ event: 'note', text });
    return text;
  }

  /** The card once everything on it is decided by Nod and a person has to act. */
  async function waitForChoices(count: number): Promise<Message> {
    return telegram.waitForMessage(
      anaChat,
      (message) =>
        isOurs(message) && isComplete(message, count) && !/on the way|being prepared/.test(textOf(message)),
      { timeoutMs: CARD_MS },
    );
  }

  try {
    const card = await waitForChoices(group.paths.length);
    tell(cardStep(card));
    // Whether to go on without what cannot be used is for a person to decide, so the demo leaves it at that.
    if (buttonsOf(card).includes('Leave out what cannot be used')) return report('refused');
    if (!buttonsOf(card).includes('Everyone')) return report('refused');
    await tap(card, 'Everyone');
    if ((await tap(card, 'Post now')) !== undefined) return report('refused');
    const settled = await followCard();
    for (const publish of tiktok.state.publishes.slice(before.publishes)) {
      tell({ event: 'tiktok', does: publishWords(publish) });
    }
    return report(statusOf(settled));
  } catch (error) {
    tell({
      event: 'note',
      text: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error),
    });
    return report('stuck');
  }

  /** Tells each state of the card until the post is settled, and has its link where there will be one. */
  async function followCard(): Promise<Message> {
    const deadline = Date.now() + SETTLED_MS;
    let told = '';
    while (true) {
      const card = await telegram.waitForMessage(
        anaChat,
        (message) => isOurs(message) && !buttonsOf(message).includes('Post now') && textOf(message) !== told,
        { timeoutMs: Math.max(1, deadline - Date.now()) },
      );
      tell(cardStep(card));
      told = textOf(card);
      if (!OPEN.test(told) && !told.includes('it will appear')) return card;
    }
  }

  function report(status: DemoPost['status']): DemoPost {
    const publishes = tiktok.state.publishes.slice(before.publishes);
    const publish = publishes.findLast((one) => one.media.length > 0) ?? publishes.at(-1);
    const card = newestCard();
    return {
      kind: group.kind,
      status,
      publishId: publish?.publishId ?? null,
      postIds: publish?.postIds ?? [],
      inits: countInits(world) - before.inits,
      media: publishes
        .flatMap((one) => one.media)
        .map(({ contentType, bytes, sha256, width, height }) => ({
          contentType,
          bytes,
          sha256,
          width,
          height,
        })),
      card: card === undefined ? '' : textOf(card),
    };
  }
}

/** All files are judged, and there is something to choose or nothing left to. */
function isComplete(card: Message, count: number): boolean {
  const labels = buttonsOf(card);
  const text = textOf(card);
  const refused = text.match(/ {2}✕ /g)?.length ?? 0;
  const usable = refused === count ? 0 : Number(/^(\d+) /.exec(text)?.[1] ?? 1);
  const isDecided = labels.includes('Everyone') || labels.includes('Leave out what cannot be used');
  const isHopeless = refused === count || text.includes('photos or one video');
  return (isDecided || isHopeless) && usable + refused >= count;
}

function statusOf(card: Message): DemoPost['status'] {
  const text = textOf(card);
  if (/^✓ (Live|Posted)/.test(text)) return 'published';
  if (text.startsWith('✓ In the TikTok inbox')) return 'in_inbox';
  if (text.startsWith('?')) return 'unconfirmed';
  return 'failed';
}

function cardStep(message: Message) {
  const rows = message.reply_markup?.inline_keyboard ?? [];
  return {
    event: 'card' as const,
    text: textOf(message),
    buttons: rows.map((row) => row.map((button) => button.text)),
  };
}

function countInits({ tiktok }: World): number {
  return tiktok.state.requests.filter(({ endpoint }) => endpoint !== undefined && INITS.has(endpoint)).length;
}

/** Photos go as files, so that the app does not compress them; a video goes as a video. */
async function send({ kind, paths, caption }: Group, { telegram }: World): Promise<void> {
  const { ana, anaChat } = telegram;
  const captioned = caption === undefined ? {} : { caption };
  const fileOf = async (path: string) => ({ bytes: await readFile(path), fileName: basename(path) });
  const [only] = paths;
  if (only !== undefined && paths.length === 1) {
    const file = { ...(await fileOf(only)), ...captioned };
    await (kind === 'video'
      ? telegram.sendVideo(anaChat, ana, file)
      : telegram.sendDocument(anaChat, ana, file));
    return;
  }
  for (let start = 0; start < paths.length; start += ALBUM_SIZE) {
    const files = await Promise.all(paths.slice(start, start + ALBUM_SIZE).map(fileOf));
    const [single] = files;
    if (single !== undefined && files.length === 1) await telegram.sendDocument(anaChat, ana, single);
    else {
      const items = files.map((file) => ({ type: 'document' as const, ...file }));
      await telegram.sendAlbum(anaChat, ana, items, start === 0 ? captioned : {});
    }
  }
}
