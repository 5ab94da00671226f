import { Readable } from 'node:stream';
import pino from 'pino';
import sharp from 'sharp';
import { createUsage } from '../../src/core/compose/disk-usage.ts';
import type { Draft } from '../../src/core/compose/draft.ts';
import { createComposer, type Offer } from '../../src/core/compose/drafts.ts';
import { createIntake } from '../../src/core/compose/intake.ts';
import type { Shares } from '../../src/core/compose/limits.ts';
import { createRework, createSubmission } from '../../src/core/compose/submit.ts';
import { createMediaPreparer } from '../../src/core/media/prepare.ts';
import type { Post } from '../../src/core/publish/post.ts';
import { createRandomIds } from '../../src/core/storage/random-ids.ts';
import { type CoreWorld, type CoreWorldOptions, createCoreWorld } from './core-world.ts';
import { ANA, CHAT, WORKSPACE } from './posts.ts';

/** What the chat hands out for a file; `turn` counts its downloads from 1. */
export type ChatFile = (turn: number) => Readable | Promise<Readable>;

const WITHOUT_LIMITS: Shares = {
  person: {
    files: Number.POSITIVE_INFINITY,
    drafts: Number.POSITIVE_INFINITY,
    bytes: Number.POSITIVE_INFINITY,
  },
  place: {
    files: Number.POSITIVE_INFINITY,
    drafts: Number.POSITIVE_INFINITY,
    bytes: Number.POSITIVE_INFINITY,
  },
};

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
  const processes: { stop: () => Promise<void> }[] = [];

  async function openFile(_chat: string, ref: string): Promise<Readable> {
    const turn = (turns.get(ref) ?? 0) + 1;
    turns.set(ref, turn);
    const file = chat.get(ref);
    if (file === undefined) throw new Error(`The chat has no file ${ref}.`);
    return file(turn);
  }

  /** The composing parts of one process, over the database that they all share. */
  function openComposer() {
    const { nod } = world;
    const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
    const drafts = nod.stores.store<Draft>('drafts');
    const watchers = new Set<() => void>();
    const changed = () => {
      for (const look of watchers) look();
    };
    const preparer = createMediaPreparer({ store: world.mediaStore });
    const usage = createUsage({ now: world.now });
    const parts = { drafts, mediaStore: world.mediaStore, preparer, usage, openFile, changed, log };
    const intake = createIntake({ ...parts, retryDelaysMs: [1, 1, 1] });
    const { posts, accounts, workspaces, notes, client } = nod;
    const randomIds = createRandomIds({ ids: nod.stores.store('random-ids'), now: world.now });
    const composer = createComposer({
      ...{ drafts, posts, randomIds, intake, accounts, client, usage, changed, log },
      limits: {
        person: { ...WITHOUT_LIMITS.person, ...limits.person },
        place: { ...WITHOUT_LIMITS.place, ...limits.place },
      },
      now: world.now,
    });
    const woken: string[] = [];
    const announced: Post[] = [];
    const submission = createSubmission({
      ...{ drafts, posts, randomIds, composer, intake, workspaces, now: world.now, log },
      announce: (post) => void announced.push(post),
      wake: (postId) => void woken.push(postId),
    });
    /** Who has left. */
    const absent = new Set<string>();
    const rework = createRework({
      ...{ drafts, posts, randomIds, composer, intake, accounts, submission, notes, now: world.now },
      isAbsent: async ({ author }) => absent.has(author.id),
      wake: async (postId) => void (await nod.publisher.tick(postId)),
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
      await preparer.stop();
    };
    processes.push({ stop });
    /** Offers, and waits for the account that the draft gets in the background. */
    async function offer(offered: Offer): Promise<Draft | undefined> {
      const draft = await composer.offer(offered);
      if (draft !== undefined) await composer.lookForAccount(draft);
      return draft;
    }

    return {
      drafts,
      intake,
      usage,
      composer: { ...composer, offer },
      submission,
      rework,
      absent,
      woken,
      announced,
      whenDraft,
      whenChanged,
      stop,
    };
  }

  /** Puts a photo into the chat; what its message offers. */
  async function photo(
    id: string,
    fields: Partial<Omit<Offer, 'file'>> & { album?: string; file?: { name?: string; bytes?: number } } = {},
  ): Promise<Offer> {
    const shade = (Number(id) * 37) % 256;
    const background = { r: shade, g: 128, b: 255 - shade };
    const bytes = await sharp({ create: { width: 60, height: 90, channels: 3, background } })
      .png()
      .toBuffer();
    chat.set(`ref-${id}`, () => Readable.from([bytes]));
    const { file, album, ...more } = fields;
    const offered = { id, order: Number(id), name: `${id}.png`, ref: `ref-${id}`, bytes: bytes.length };
    return {
      ...{ workspace: WORKSPACE, chat: CHAT, person: ANA },
      file: { ...offered, ...(album !== undefined && { album }), state: 'waiting', ...file },
      ...more,
    };
  }

  async function dispose(): Promise<void> {
    await Promise.all(processes.map(({ stop }) => stop()));
    await world[Symbol.asyncDispose]();
  }

  return { world, chat, turns, lines, openComposer, photo, [Symbol.asyncDispose]: dispose };
}

export type ComposingWorld = Awaited<ReturnType<typeof createComposingWorld>>;
export type Composing = ReturnType<ComposingWorld['openComposer']>;
export type { CoreWorld };

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
