import { labelsOf } from '../../e2e/discord-stage.ts';
import type { InteractionHandle, WireMessage } from '../../emulators/discord/index.ts';
import { textOf } from '../../emulators/discord/mentions.ts';
import { inputsOf } from '../../emulators/discord/modal.ts';
import type { OptionInputs } from '../../emulators/discord/option-values.ts';
import { discordOf } from '../../world.ts';
import type { Server } from './places.ts';
import { CANCELLED, isFresh, LINK, LIVE, type Story, type Telling, UNDER_WAY, uploadTo } from './story.ts';

/** The same on Discord. */
export function createDiscordActs({ world, persist }: Telling) {
  const discord = discordOf(world);

  const newest = (channel: { id: string }, caption: string, fits: (message: WireMessage) => boolean) =>
    discord.messages(channel).findLast((message) => textOf(message).includes(caption) && fits(message));

  const shows = (channel: { id: string }, caption: string, text: RegExp) =>
    newest(channel, caption, (message) => text.test(textOf(message)));

  /** A command that Nod has heard; each is a draft of its own. */
  async function offer(
    { channel, author }: Server,
    { caption, files }: Story,
    options: OptionInputs = {},
  ): Promise<InteractionHandle> {
    const media = Object.fromEntries(
      files.map(({ bytes, name }, index) => [`media${index + 1}`, { bytes, fileName: name }]),
    );
    const handles: InteractionHandle[] = [];
    return persist(
      `A composer of ${caption}`,
      // A kill may have come between two of its files; then the person gives the command once more.
      () => handles.find((handle) => isComposer(handle.response(), caption, files.length)),
      async () => {
        handles.push(
          await discord.runCommand({
            user: author,
            channel,
            name: 'tiktok',
            subcommand: 'post',
            options: { ...media, caption, ...options },
          }),
        );
      },
    );
  }

  async function see(handle: InteractionHandle, { author }: Server, caption: string): Promise<void> {
    await persist(
      `The audience of ${caption}`,
      () =>
        (handle.response() &&
          /Who can see it\? {2}\*\*Everyone/.test(textOf(handle.response() as WireMessage))) ||
        undefined,
      () => discord.select(handle, 'Who can see it?', ['Everyone'], author),
    );
  }

  /** Presses a button of the composer until the server shows a card of the post. */
  async function submit(
    handle: InteractionHandle,
    { channel, author }: Server,
    caption: string,
    button: string,
  ) {
    return persist(
      `The post ${caption}`,
      () => shows(channel, caption, UNDER_WAY),
      () => discord.press(handle, button, author),
    );
  }

  async function press(channel: { id: string }, caption: string, button: string, user: { id: string }) {
    const card = newest(channel, caption, (message) => labelsOf(message).includes(button));
    if (card === undefined) throw new Error(`No message about ${caption} has the button ${button}.`);
    return discord.press(card, button, user);
  }

  async function post(server: Server, story: Story): Promise<void> {
    const handle = await offer(server, story);
    await see(handle, server, story.caption);
    await submit(handle, server, story.caption, 'Post now');
    await persist(`The end of ${story.caption}`, () => shows(server.channel, story.caption, LIVE));
  }

  /** Plans it for later, then for soon. */
  async function schedule(server: Server, story: Story): Promise<void> {
    const { channel, author } = server;
    const { caption } = story;
    const handle = await offer(server, story, { when: 'in 50 minutes' });
    await see(handle, server, caption);
    await submit(handle, server, caption, 'Schedule');
    if (story.end === 'cancelled') {
      await persist(
        `The end of ${caption}`,
        () => shows(channel, caption, CANCELLED),
        () => press(channel, caption, 'Cancel', author),
      );
      return;
    }
    await persist(
      `The end of ${caption}`,
      () => shows(channel, caption, LIVE),
      async () => {
        const opened = await press(channel, caption, 'Other time…', author);
        const [field] = opened.modal === undefined ? [] : inputsOf(opened.modal);
        if (field === undefined) throw new Error('This press has opened no window.');
        await discord.submitModal(opened, { [field.label]: 'in 3 seconds' });
      },
    );
  }

  /** The first file with the command, the others by the page. */
  async function upload(server: Server, story: Story): Promise<void> {
    const { caption, files } = story;
    const [first, ...others] = files;
    if (first === undefined) throw new Error('Nobody uploads nothing.');
    const handle = await offer(server, { ...story, files: [first] });
    const given: InteractionHandle[] = [];
    const link = () =>
      given
        .map((one) => LINK.exec(JSON.stringify(one.response() ?? ''))?.[0])
        .findLast((one) => one !== undefined);
    const page = await persist(`The page for ${caption}`, link, async () => {
      given.push(await discord.press(handle, 'Add a big file', server.author));
    });
    for (const file of others) await uploadTo(page, file);
    await persist(`All files of ${caption}`, () => {
      const shown = handle.response();
      return (
        (shown && textOf(shown).includes(`${files.length} photos for TikTok`) && isFresh(textOf(shown))) ||
        undefined
      );
    });
    await see(handle, server, caption);
    await submit(handle, server, caption, 'Post now');
    await persist(`The end of ${caption}`, () => shows(server.channel, caption, LIVE));
  }

  return { newest, shows, offer, see, submit, press, post, schedule, upload };
}

export type DiscordActs = ReturnType<typeof createDiscordActs>;

/** Whether it is the composer of these files. */
export function isComposer(message: WireMessage | undefined, caption: string, files: number): boolean {
  if (message === undefined) return false;
  const text = textOf(message);
  const hasAll = files === 1 || text.includes(`${files} photos for TikTok`);
  return labelsOf(message).includes('Discard') && text.includes(caption) && isFresh(text) && hasAll;
}
