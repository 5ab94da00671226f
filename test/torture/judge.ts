import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CardRecord } from '../../src/bots/cards/card-index.ts';
import { parseSubject, reviewSubject } from '../../src/bots/cards/subjects.ts';
import type { Draft } from '../../src/core/compose/draft.ts';
import type { Post } from '../../src/core/publish/post.ts';
import { keptFiles } from '../../src/core/retention.ts';
import { textOf as discordText } from '../emulators/discord/mentions.ts';
import type { Publish } from '../emulators/tiktok/index.ts';
import { discordOf, textOf, type World } from '../world.ts';
import { openWorldRecords } from '../world-records.ts';
import { findCopies } from './copies.ts';
import type { Story } from './people/story.ts';

/** What has gone wrong, counted by its kind, and in words. */
export interface Verdict {
  readonly doubles: number;
  readonly lost: number;
  readonly stuck: number;
  /** Posts at TikTok that nobody has approved, or of other media than people have sent. */
  readonly wrong: number;
  /** Cards whose last state is not that of their post. */
  readonly stale: number;
  /** Messages with buttons that are not the own card of anything, although somebody has pressed one. */
  readonly liveCopies: number;
  readonly leftFiles: number;
  readonly lint: number;
  readonly words: readonly string[];
}

/** Whether nothing at all was found. */
export const isFaultless = (verdict: Verdict): boolean => COUNTED.every((name) => verdict[name] === 0);

export const COUNTED = [
  'doubles',
  'lost',
  'stuck',
  'wrong',
  'stale',
  'liveCopies',
  'leftFiles',
  'lint',
] as const;

/** Of several processes, which have their media in a bucket. */
export interface SharedMedia {
  /** The data folder of each. */
  readonly folders: readonly string[];
  /** The names of the media in the bucket. */
  readonly stored: ReadonlySet<string>;
}

/** Judges a world that has come to rest, by what the platforms have and what lies on the disk. */
export async function judge(world: World, stories: readonly Story[], shared?: SharedMedia): Promise<Verdict> {
  const words: string[] = [];
  const { tiktok, telegram, dataDir } = world;
  const discord = discordOf(world);
  await using stores = await openWorldRecords(world);
  const posts = (await Array.fromAsync(stores.store<Post>('posts').entries())).map(([, post]) => post);
  const drafts = stores.store<Draft>('drafts');
  const cards = await Array.fromAsync(stores.store<CardRecord>('cards').entries());

  /** Notes each, and how many they are. */
  function count(found: readonly string[]): number {
    words.push(...found);
    return found.length;
  }

  const captions = new Set(stories.map(({ caption }) => caption));
  const published = tiktok.state.publishes.filter(({ status }) => status === 'PUBLISH_COMPLETE');
  const ofStory = ({ caption }: Story): Publish[] => published.filter((one) => captionOf(one) === caption);
  const mediaOf = ({ media }: Publish): string => media.map(({ sha256 }) => sha256).join(' ');

  const contents = published.map(mediaOf);
  const doubles = count([
    ...stories.flatMap((story) => {
      const { length } = ofStory(story);
      return length > 1 ? [`TikTok has “${story.caption}” ${length} times.`] : [];
    }),
    ...contents
      .filter((content, index) => contents.indexOf(content) !== index)
      .map((content) => `TikTok has the same media twice: ${content.slice(0, 12)}….`),
  ]);
  /** What comes of a story; where that was left open, what its card says. */
  const endOf = ({ caption, end }: Story): Story['end'] =>
    end === 'either' ? (endsOf(posts, caption).includes('published') ? 'published' : 'cancelled') : end;
  const kept = new Set<string>();
  for await (const { files } of keptFiles({ drafts, posts: stores.store<Post>('posts') }, Date.now()))
    for (const { key } of files) kept.add(key);
  const lost = count([
    ...[...kept]
      .filter((key) => shared?.stored.has(key) === false)
      .map((key) => `${key} is not in the bucket any more.`),
    ...stories
      .filter((story) => endOf(story) === 'published' && ofStory(story).length === 0)
      .map(({ caption, what }) => `“${caption}” (${what}) is not at TikTok.`),
  ]);
  const wrong = count([
    ...stories
      .filter((story) => endOf(story) !== 'published' && ofStory(story).length > 0)
      .map((story) => `“${story.caption}” is at TikTok though it was ${endOf(story)}.`),
    ...published
      .filter((one) => !captions.has(captionOf(one)))
      .map((one) => `TikTok has “${captionOf(one)}”, which nobody has posted.`),
    ...stories.flatMap((story) => wrongMedia(story, { posts, published: ofStory(story) })),
  ]);

  const settled = new Set<string>(['published', 'rejected', 'cancelled', 'withdrawn']);
  const stuck = count([
    ...posts
      .filter(({ status }) => !settled.has(status))
      .map(
        ({ content, ...post }) =>
          `“${content.caption}” is ${post.status}: ${JSON.stringify({ ...post, media: undefined }).slice(0, 600)}`,
      ),
    ...tiktok.state.publishes
      .filter(({ stage }) => stage === 'processing')
      .map((one) => `TikTok still processes “${captionOf(one)}”.`),
  ]);

  const messages = [...discord.state.channels.keys()].flatMap((channel) => discord.messages(channel));

  /** What a message shows now. */
  const shown = (chat: string, id: string): string | undefined => {
    if (chat.startsWith('telegram:')) {
      const [, chatId] = chat.split(':');
      const found = telegram.state.messages.find(
        (one) =>
          one.chatId === Number(chatId) && String(one.messageId) === id && one.deletedAtMs === undefined,
      );
      return found && textOf(found.current);
    }
    const found = messages.find((message) => message.id === id);
    return found && discordText(found);
  };
  const known = new Set(cards.map(([subject]) => subject));
  const unknown = posts.flatMap((post) => {
    const { id, draftId, review } = post;
    const subjects = review === undefined ? [draftId] : review.chats.map((chat) => reviewSubject(id, chat));
    return subjects
      .filter((subject) => !known.has(subject))
      .map((subject) => `Nod knows no card of “${post.content.caption}” (${post.status}, ${subject}).`);
  });
  const byDraft = Map.groupBy(posts, ({ draftId }) => draftId);
  const byId = new Map(posts.map((post) => [post.id, post]));
  const stale = count([
    ...unknown,
    ...cards.flatMap(([subject, { message }]) => {
      const parsed = parseSubject(subject);
      const post = 'draftId' in parsed ? byDraft.get(parsed.draftId)?.at(-1) : byId.get(parsed.postId);
      const fits = post && ENDS[post.status];
      if (post === undefined || fits === undefined || message.isPrivate) return [];
      const text = shown(message.chat, message.id);
      // Where it was composed, the card of a review says where that goes on.
      const isElsewhere = 'draftId' in parsed && post.review !== undefined;
      return text !== undefined && (fits.test(text) || (isElsewhere && WENT_ON.test(text)))
        ? []
        : [
            `The card of “${post.content.caption}” (${post.status}, ${subject}) in ${message.chat} shows: ${text ?? 'nothing'}`,
          ];
    }),
  ]);

  const liveCopies = count((await findCopies(world)).map(({ text }) => `A copy has live buttons: ${text}`));

  const folders = shared?.folders ?? [dataDir];
  const names = await Promise.all(folders.map((folder) => readdir(folder)));
  const others = names.flat().filter((name) => !OWN_FILES.test(name));
  // What is in a bucket is on a disk as well for a while, beside the mark that it is.
  const isLeft = (name: string) =>
    shared === undefined ? !kept.has(name) : name !== 'in-bucket' && !shared.stored.has(name);
  const inMedia = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(join(folder, 'media')).catch(() => [])).filter((name) => isLeft(name)),
    ),
  );
  const { TMPDIR } = world.environment as Record<string, string | undefined>;
  const inTemporary =
    TMPDIR === undefined ? [] : (await readdir(TMPDIR)).filter((name) => name !== 'node-compile-cache');
  const leftFiles = count(
    [...inMedia.flat(), ...others, ...inTemporary].map((name) => `${name} is left over.`),
  );
  const lint = count([...tiktok.state.lint, ...telegram.state.lint, ...discord.state.lint]);
  return { doubles, lost, stuck, wrong, stale, liveCopies, leftFiles, lint, words };
}

const endsOf = (posts: readonly Post[], caption: string) =>
  posts.filter(({ content }) => content.caption === caption).map(({ status }) => status);

const OWN_FILES = /^(nod\.db(-\w+)?|nod\.lock(-journal|\.json)?|secret\.key|media|process-id)$/;

/** What the card of a post says in its last state. */
const ENDS: Readonly<Partial<Record<Post['status'], RegExp>>> = {
  published: /✓ (Live on TikTok|Posted)/,
  rejected: /Not approved/,
  cancelled: /Cancelled/,
  withdrawn: /Taken back by/,
};

const WENT_ON = /went to the team for approval/;

function captionOf({ postInfo, mediaType }: Publish): string {
  const text = mediaType === 'PHOTO' ? postInfo.description : postInfo.title;
  return typeof text === 'string' ? text : '';
}

/** TikTok has what Nod has prepared, and Nod has prepared what people have sent, in their order. */
function wrongMedia(
  { caption, files }: Story,
  { posts, published }: { posts: readonly Post[]; published: readonly Publish[] },
): string[] {
  const sent = files.map(({ sha256 }) => sha256);
  const own = posts.filter((post) => post.content.caption === caption && post.status === 'published');
  const others = own.filter(
    ({ content }) => content.sources.map(({ file }) => file.sha256).join() !== sent.join(),
  );
  const prepared = new Set(own.map(({ media = [] }) => media.map(({ file }) => file.sha256).join()));
  const foreign = published.filter(({ media }) => !prepared.has(media.map(({ sha256 }) => sha256).join()));
  return [
    ...others.map(() => `Nod has other files for “${caption}” than were sent.`),
    ...foreign.map(() => `TikTok has other files for “${caption}” than Nod has prepared.`),
  ];
}
