import { Readable } from 'node:stream';
import pino from 'pino';
import sharp from 'sharp';
import type { Draft } from '../../src/core/compose/draft.ts';
import type { Offer } from '../../src/core/compose/drafts.ts';
import type { Shares } from '../../src/core/compose/limits.ts';
import { createRework } from '../../src/core/compose/submit.ts';
import type { Person } from '../../src/core/people.ts';
import { type CoreWorldOptions, createCoreWorld } from './core-world.ts';
import { type NodOptions, WITHOUT_LIMITS } from './nod.ts';
import { ANA, CHAT, WORKSPACE } from './posts.ts';

/** What the chat hands out for a file; `turn` counts its downloads from 1. */
export type ChatFile = (turn: number) => Readable | Promise<Readable>;

export interface ComposingWorldOptions extends CoreWorldOptions {
  /** Other than none. */
  readonly limits?: { readonly [W in keyof Shares]?: Partial<Shares[W]> };
}

/** The core of `createCoreWorld` with what composes drafts on top, and a chat that keeps files. */
export async function createComposingWorld({ limits = {}, ...options }: ComposingWorldOptions = {}) {
  const world = await createCoreWorld(options);
  const chat = new Map<string, ChatFile>();
  const turns = new Map<string, number>();
  const lines: string[] = [];

  async function openFile(_chat: string, ref: string): Promise<Readable> {
    const turn = (turns.get(ref) ?? 0) + 1;
    turns.set(ref, turn);
    const file = chat.get(ref);
    if (file === undefined) throw new Error(`The chat has no file ${ref}.`);
    return file(turn);
  }

  /** The composing parts of one process, over the database that they all share. */
  function openComposer({
    findFfmpeg,
    links,
    uploadLimitBytes,
    around,
    ...options
  }: {
    around?: NodOptions['around'];
    inspectTimeoutMs?: number;
    maxFileBytes?: number;
    outageDelaysMs?: readonly number[];
    findFfmpeg?: NodOptions['findFfmpeg'];
    links?: NodOptions['links'];
    uploadLimitBytes?: number;
  } = {}) {
    const { nod } = world;
    const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
    const woken: string[] = [];
    /** Who has left. */
    const absent = new Set<string>();
    const isAbsent = async ({ author }: { author: Person }) => absent.has(author.id);
    const core = world.openAnother({
      keepWeb: true,
      limits: {
        person: { ...WITHOUT_LIMITS.person, ...limits.person },
        place: { ...WITHOUT_LIMITS.place, ...limits.place },
      },
      intake: { retryDelaysMs: [1, 1, 1], outageDelaysMs: [1, 1, 1], ...options },
      chats: { openFile, isAbsent },
      wake: (postId) => void woken.push(postId),
      findFfmpeg,
      links,
      uploadLimitBytes,
      ...(around && { around }),
      log,
    });
    const { drafts, intake, usage, composer, submission, announced } = core;
    // No engine runs here, and a draft comes back only when its post has been looked at.
    const rework = createRework({
      ...core,
      takeBackMs: 0,
      isAbsent,
      wake: async (postId) => void (await nod.publisher.tick(postId)),
      now: world.now,
    });
    const watchers = new Set<() => void>();
    const look = () => {
      for (const watcher of watchers) watcher();
    };
    const dropped: string[] = [];
    core.listen({
      draftChanged: look,
      draftDropped: (id, why) => void dropped.push(`${id} ${why}`),
      postChanged: () => {},
    });

    /** Resolves with the draft as soon as it fits. */
    function whenDraft(id: string, fits: (draft: Draft) => boolean): Promise<Draft> {
      return new Promise((resolve, reject) => {
        const look = () => {
          drafts.get(id).then((draft) => {
            if (draft === undefined || !fits(draft)) return;
            watchers.delete(look);
            resolve(draft);
          }, reject);
        };
        watchers.add(look);
        look();
      });
    }

    /** Resolves when the draft of anybody is said to look different. */
    function whenChanged(): Promise<void> {
      return new Promise((resolve) => {
        const look = () => {
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
      });
    }

    const stop = async () => {
      await intake.stop();
      await core.preparer.stop();
    };
    /** Offers, and waits for the account that the draft gets in the background. */
    async function offer(offered: Offer): Promise<Draft | undefined> {
      const draft = await composer.offer(offered);
      if (draft !== undefined) await composer.lookForAccount(draft);
      return draft;
    }

    return {
      core,
      drafts,
      intake,
      usage,
      composer: { ...composer, offer },
      submission,
      rework,
      absent,
      woken,
      announced,
      dropped,
      whenDraft,
      whenChanged,
      stop,
    };
  }

  /** Puts a photo into the chat; what its message offers. */
  async function photo(
    id: string,
    fields: Partial<Omit<Offer, 'file'>> & {
      album?: string;
      file?: { name?: string; bytes?: number; thumbnailRef?: string };
    } = {},
  ): Promise<Offer> {
    const shade = (Number(id) * 37) % 256;
    const background = { r: shade, g: 128, b: 255 - shade };
    const bytes = await sharp({ create: { width: 66, height: 99, channels: 3, background } })
      .png()
      .toBuffer();
    chat.set(`ref-${id}`, () => Readable.from([bytes]));
    const { file, album, ...more } = fields;
    const offered = { id, order: Number(id), name: `${id}.png`, ref: `ref-${id}`, bytes: bytes.length };
    return {
      workspace: WORKSPACE,
      chat: CHAT,
      person: ANA,
      file: { ...offered, ...(album !== undefined && { album }), state: 'waiting', ...file },
      ...more,
    };
  }

  return {
    world,
    chat,
    turns,
    lines,
    openComposer,
    photo,
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

export type ComposingWorld = Awaited<ReturnType<typeof createComposingWorld>>;
export type Composing = ReturnType<ComposingWorld['openComposer']>;

export const isReady = ({ files }: Draft) => files.every(({ state }) => state === 'ready');

/** Offers a photo and settles what a person decides, so that it could be submitted. */
export async function readyDraft({ photo }: ComposingWorld, { composer, whenDraft }: Composing, id: string) {
  const offered = await composer.offer(await photo(id));
  if (offered === undefined) throw new Error('The file was posted before.');
  await whenDraft(offered.id, (draft) => isReady(draft) && draft.preview !== undefined);
  await composer.choose(offered.id, ANA, { type: 'privacy', privacyLevel: 'PUBLIC_TO_EVERYONE' });
  return offered.id;
}

/** A world in which one draft could be submitted. */
export async function readyWorld() {
  const chat = await createComposingWorld();
  await chat.world.connect();
  const parts = chat.openComposer();
  const id = await readyDraft(chat, parts, '1');
  return { chat, ...parts, parts, id, posts: chat.world.nod.posts };
}
