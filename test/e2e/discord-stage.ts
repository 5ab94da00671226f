import { expect } from 'vitest';
import type {
  DiscordEmulator,
  InteractionHandle,
  MessageChoice,
  UploadFile,
  WireMessage,
} from '../emulators/discord/index.ts';
import { textOf } from '../emulators/discord/mentions.ts';
import type { OptionInputs } from '../emulators/discord/option-values.ts';
import { type SeededPlace, seed } from '../seed.ts';
import { settle } from '../settle.ts';
import {
  connectOnDiscord,
  createWorld,
  discordOf,
  setApprovals,
  type World,
  type WorldOptions,
} from '../world.ts';
import { fixture } from './stage.ts';

export { textOf };

export interface DiscordStageOptions extends WorldOptions {
  /** False leaves the server without a TikTok account. */
  readonly connect?: boolean;
  /** Has Ana connect and set everything in the chat, so that its messages and the history tell of it. */
  readonly byHand?: boolean;
  /** What else has been set before Nod starts. */
  readonly alsoSeed?: (world: World) => readonly SeededPlace[];
  /** How many approvals a post needs; none unless the story is about them. */
  readonly approvals?: number;
  /** Runs Nod some other way than in this process. */
  readonly launch?: (world: World) => Promise<AsyncDisposable>;
}

export type DiscordStage = Awaited<ReturnType<typeof startDiscordStage>>;

interface Use {
  readonly user?: { id: string };
  readonly channel?: { id: string };
}

/** A running Nod with Discord, an account connected in the server Studio, and what people do in #posts. */
export async function startDiscordStage({
  connect = true,
  byHand = false,
  alsoSeed = () => [],
  approvals = 0,
  launch = (world) => world.start(),
  ...options
}: DiscordStageOptions = {}) {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await createWorld({ ...options, withDiscord: true }));
  const { tiktok, telegram } = world;
  const discord = discordOf(world);
  const { ana, posts } = discord;
  const also = alsoSeed(world);
  if (!byHand) await seed(world, [{ ...studioOf(discord, connect), approvals }, ...also]);
  let app = await launch(world);
  stack.defer(() => app[Symbol.asyncDispose]());
  if (byHand) {
    if (connect) await connectOnDiscord({ discord, tiktok });
    await setApprovals(discord, approvals);
  }
  // The news of the account is no card.
  const before = new Set(discord.messages(posts).map(({ id }) => id));

  const run = (
    subcommand: string,
    { user = ana, channel = posts, ...more }: Use & { options?: OptionInputs } = {},
  ) => discord.runCommand({ user, channel, name: 'tiktok', subcommand, ...more });

  /** Runs /tiktok post with these fixtures or files. */
  const offer = (
    files: readonly (string | UploadFile)[],
    { options = {}, ...use }: Use & { options?: OptionInputs } = {},
  ) => run('post', { ...use, options: { ...mediaOptions(files), ...options } });

  /** The composer once all its files are prepared and it fits. */
  const composer = (handle: InteractionHandle, choice: MessageChoice = () => true): Promise<WireMessage> =>
    handle.waitForResponse((message) => isComposer(message) && fits(choice)(message));

  const press = (
    target: { id: string } | InteractionHandle,
    button: string | RegExp,
    user: { id: string } = ana,
  ) => discord.press(target, button, user);

  /** Presses and waits until the composer shows what the press changed. */
  async function choose(
    handle: InteractionHandle,
    button: string | RegExp,
    shown: MessageChoice,
  ): Promise<WireMessage> {
    await press(handle, button);
    return handle.waitForResponse(shown);
  }

  async function see(handle: InteractionHandle, audience: string, user: { id: string } = ana): Promise<void> {
    await discord.select(handle, 'Who can see it?', [audience], user);
    await handle.waitForResponse(`Who can see it?  **${audience}**`);
  }

  /** Everyone, post now. */
  async function post(handle: InteractionHandle): Promise<void> {
    await see(handle, 'Everyone');
    await press(handle, 'Post now');
  }

  const shown = (choice: MessageChoice): Promise<WireMessage> =>
    discord.waitForMessage(posts, (message) => !before.has(message.id) && fits(choice)(message));

  /** The card of a post: the message that answers nothing. */
  const card = (choice: MessageChoice): Promise<WireMessage> =>
    shown((message) => message.message_reference === undefined && fits(choice)(message));

  /** The message that tells the ending. */
  const ending = (choice: MessageChoice = () => true): Promise<WireMessage> =>
    shown((message) => message.message_reference !== undefined && fits(choice)(message));

  const cards = () =>
    discord.messages(posts).filter(({ id, message_reference: to }) => !before.has(id) && to === undefined);
  const endings = () =>
    discord.messages(posts).filter(({ id, message_reference: to }) => !before.has(id) && to !== undefined);

  async function restart(): Promise<void> {
    await app[Symbol.asyncDispose]();
    app = await launch(world);
  }

  /** Stops Nod once nothing is under way: what is missing then would not have come later. */
  const settled = () =>
    settle(world, {
      stop: () => app[Symbol.asyncDispose](),
      start: async () => {
        app = await launch(world);
      },
    });

  const kept = stack.move();
  return {
    world,
    discord,
    telegram,
    tiktok,
    ana,
    posts,
    run,
    offer,
    composer,
    press,
    choose,
    see,
    post,
    card,
    cards,
    ending,
    endings,
    restart,
    settled,
    /** Disposing also asserts that neither platform saw anything careless. */
    async [Symbol.asyncDispose]() {
      await kept.disposeAsync();
      expect(discord.state.lint).toEqual([]);
      expect(telegram.state.lint).toEqual([]);
      expect(tiktok.state.lint).toEqual([]);
    },
  };
}

/** The server Studio as Nod knows it. */
const studioOf = ({ studio, posts, ana }: DiscordEmulator, isConnected: boolean): SeededPlace => ({
  workspace: `discord:${studio.id}`,
  chat: `discord:${posts.id}`,
  title: studio.name,
  isPrivate: false,
  connectedBy: isConnected ? { id: `discord:${ana.id}`, name: 'Ana' } : undefined,
});

export const file = (name: string, more: Partial<UploadFile> = {}): UploadFile => ({
  path: fixture(name),
  ...more,
});

const mediaOptions = (files: readonly (string | UploadFile)[]): OptionInputs =>
  Object.fromEntries(
    files.map((one, index) => [`media${index + 1}`, typeof one === 'string' ? file(one) : one]),
  );

function fits(choice: MessageChoice): (message: WireMessage) => boolean {
  if (typeof choice === 'function') return choice;
  return (message) =>
    typeof choice === 'string' ? textOf(message).includes(choice) : choice.test(textOf(message));
}

function isComposer(message: WireMessage): boolean {
  return labelsOf(message).includes('Discard') && !/ {2}(on the way|being prepared)/.test(textOf(message));
}

/** What can be pressed on a message, and what its selects offer. */
export function labelsOf({ components }: WireMessage): string[] {
  return components.flatMap(function inside(part): string[] {
    const own = [...(part.label ? [part.label] : []), ...(part.options ?? []).map(({ label }) => label)];
    return [...own, ...(part.components ?? []).flatMap(inside)];
  });
}

/** The names of the pictures in its gallery. */
export function galleryOf({ components }: WireMessage): string[] {
  return components.flatMap(function inside(part): string[] {
    const own = (part.items ?? []).map(({ media }) => media.url.split('?')[0]?.split('/').at(-1) ?? '');
    return [...own, ...(part.components ?? []).flatMap(inside)];
  });
}
