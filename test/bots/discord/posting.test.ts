import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { buttonRow, type ChatEventOf } from '../../../src/bots/platform.ts';
import { createReleaseGate } from '../records.ts';
import { card, type Harness, photo, startHarness } from './harness.ts';

async function post({ discord }: Harness, options: Record<string, string> = {}, count = 1) {
  const files = await Promise.all(
    Array.from({ length: count }, async (_, index) => [`media${index + 1}`, await photo(`${index}.jpg`)]),
  );
  return discord.runCommand({
    user: discord.ana,
    channel: discord.posts,
    name: 'tiktok',
    subcommand: 'post',
    options: { ...Object.fromEntries(files), ...options },
  });
}

it('takes the files of /tiktok post as one album, with its caption and wishes', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const { bot, events } = await harness.startBot();
  const choices = { account: 'key', privacy: 'SELF_ONLY', when: 'tomorrow 18:00' };
  const handle = await post(harness, { caption: 'First light', ...choices }, 3);
  expect(handle).toMatchObject({ answerType: 5, ephemeral: true });
  const media = (await events.first(3)).filter((event) => event.type === 'media');
  // Each file may become a draft of its own.
  const wishes = { privacyLevel: 'SELF_ONLY', account: 'key', when: 'tomorrow 18:00' };
  expect(
    media.map(({ album, caption, wishes, file }) => ({ album, caption, wishes, name: file.name })),
  ).toEqual([
    { album: handle.id, caption: 'First light', name: '0.jpg', wishes },
    { album: handle.id, name: '1.jpg', wishes },
    { album: handle.id, name: '2.jpg', wishes },
  ]);
  const numbers = media.map(({ order }) => order);
  expect(media.map(({ messageId }) => Number(messageId))).toEqual(numbers);
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  expect(numbers.every(Number.isSafeInteger)).toBe(true);
  expect(media[0]).toMatchObject({ chat, reply: { chat, isPrivate: true }, file: { claimedKind: 'photo' } });
  const bytes = await buffer(await bot.openFile(media[1]?.file.ref ?? ''));
  expect(bytes.byteLength).toBe(media[1]?.file.bytes);
  await harness.settled();
  expect(discord.messages(discord.posts)).toEqual([]);
});

it('takes a time without any other wish', async () => {
  await using harness = await startHarness();
  const { events } = await harness.startBot();
  await post(harness, { when: 'friday 9:30' });
  expect((await events.one('media')).wishes).toEqual({ when: 'friday 9:30' });
});

it('numbers the files of a later command higher', async () => {
  await using harness = await startHarness();
  const { events } = await harness.startBot();
  await post(harness, {}, 2);
  harness.discord.advance(5);
  await post(harness);
  const numbers = (await events.first(3)).map((event) => (event.type === 'media' ? event.order : 0));
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  expect(new Set(numbers).size).toBe(3);
});

it('acknowledges at once, however long the handling takes', async () => {
  await using harness = await startHarness();
  const gate = createReleaseGate();
  const { events } = await harness.startBot(() => gate.opened);
  const handles = await Promise.all(Array.from({ length: 50 }, () => post(harness)));
  expect(Math.max(...handles.map(({ acknowledgedAfterMs }) => acknowledgedAfterMs))).toBeLessThan(3_000);
  expect(events.all).toHaveLength(1);
  gate.open();
  await events.first(50);
});

it('opens a window for many files, and takes what is submitted', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { events } = await harness.startBot();
  const opened = await discord.runCommand({
    user: discord.ana,
    channel: discord.posts,
    name: 'tiktok',
    subcommand: 'compose',
    locale: 'pt-BR',
  });
  expect(opened.answerType).toBe(9);
  expect(discord.render(opened)).toBe(
    '=== Publicar no TikTok ===\nFotos ou um vídeo: (up to 10 files)\nLegenda: __',
  );
  const files = await Promise.all(Array.from({ length: 10 }, (_, index) => photo(`${index}.jpg`)));
  const submitted = await discord.submitModal(opened, { files, text: 'By the sea' });
  expect(submitted).toMatchObject({ answerType: 5, ephemeral: true });
  const seen = await events.first(10);
  expect(seen.map((event) => event.type === 'media' && event.file.name)).toEqual(
    files.map(({ fileName }) => fileName),
  );
  expect(seen[0]).toMatchObject({ type: 'media', album: submitted.id, caption: 'By the sea' });
  expect(seen[1]).not.toHaveProperty('caption', expect.anything());
});

it('takes the media and the text of a message, without reading messages otherwise', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { bot, events } = await harness.startBot();
  const files = [await photo('a.jpg'), { fileName: 'b.pdf', bytes: new Uint8Array(9) }, await photo('c.jpg')];
  const ben = discord.user({ name: 'Ben' });
  discord.addMember(discord.studio, ben);
  const message = await discord.sendMessage(discord.posts, ben, {
    content: 'Surf <:wave:123456789012345678>',
    files,
  });
  const handle = await discord.runMessageCommand({ user: discord.ana, message, name: 'Post to TikTok' });
  expect(handle.ephemeral).toBe(true);
  const media = (await events.first(3)).filter((event) => event.type === 'media');
  // What Nod does not take says so itself, once its content is read.
  expect(media.map(({ file }) => file.name)).toEqual(['a.jpg', 'b.pdf', 'c.jpg']);
  expect(media[0]).toMatchObject({ caption: 'Surf :wave:', person: { name: 'Ana' }, album: handle.id });
  expect((await buffer(await bot.openFile(media[2]?.file.ref ?? ''))).byteLength).toBe(media[2]?.file.bytes);
});

it('says that a message holds nothing to post', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { events } = await harness.startBot();
  const message = await discord.sendMessage(discord.posts, discord.ana, 'Only words');
  const handle = await discord.runMessageCommand({
    user: discord.ana,
    message,
    name: 'Post to TikTok',
    locale: 'de',
  });
  await handle.waitForResponse('kein Foto oder Video');
  await harness.settled();
  expect(events.all).toEqual([]);
});

describe('what somebody writes with Discord’s own marks', () => {
  /** A server with a role, and channels that everybody sees or only some. */
  async function startTeam() {
    const harness = await startHarness();
    const { discord } = harness;
    const ben = discord.user({ name: 'ben_b', globalName: 'Ben' });
    discord.addMember(discord.studio, ben);
    const editors = discord.role(discord.studio, { name: 'Editors' });
    const open = discord.channel(discord.studio, { name: 'open' });
    const hidden = discord.channel(discord.studio, { name: 'secret-plans' });
    discord.setOverwrite(hidden, discord.studio, { deny: ['VIEW_CHANNEL'] });
    discord.setOverwrite(hidden, 'bot', { allow: ['VIEW_CHANNEL'] });
    const { events } = await harness.startBot(undefined, {}, { timeZoneOf: async () => 'Europe/Berlin' });
    const typed = `**New** by <@${ben.id}>, <@&${editors.id}> in <#${open.id}> and <#${hidden.id}> <:wave:123456789012345678> <t:1796144400:t> ||soon|| [shop](https://shop.example) </tiktok post:123456789012345678> \\*`;
    const read =
      'New by @Ben, @Editors in #open and a channel :wave: 6:00 PM (GMT+1) soon shop (https://shop.example) /tiktok post *';
    return { harness, discord, ben, events, typed, read };
  }

  it('becomes words in an option of a command', async () => {
    const { harness, discord, events, typed, read } = await startTeam();
    await using _ = harness;
    await post(harness, { caption: typed });
    const { caption } = await events.one('media');
    expect(caption?.replace('\u202F', ' ')).toBe(read);
    expect(discord.state.lint).toEqual([]);
  });

  it('becomes words in the form, where Discord tells no names', async () => {
    const { harness, discord, events, typed, read } = await startTeam();
    await using _ = harness;
    const compose = { user: discord.ana, channel: discord.posts, name: 'tiktok', subcommand: 'compose' };
    const opened = await discord.runCommand(compose);
    await discord.submitModal(opened, { files: [await photo('a.jpg')], text: typed });
    expect((await events.one('media')).caption?.replace('\u202F', ' ')).toBe(read);
  });

  it('becomes words in a message', async () => {
    const { harness, discord, ben, events, typed, read } = await startTeam();
    await using _ = harness;
    const message = await discord.sendMessage(discord.posts, ben, {
      content: typed,
      files: [await photo('a.jpg')],
    });
    await discord.runMessageCommand({ user: discord.ana, message, name: 'Post to TikTok' });
    expect((await events.one('media')).caption?.replace('\u202F', ' ')).toBe(read);
  });

  it('becomes words although nobody answers who was meant', async () => {
    const { harness, discord, events } = await startTeam();
    await using _ = harness;
    discord.fault('5xx', { route: 'getGuildMember' });
    const compose = { user: discord.ana, channel: discord.posts, name: 'tiktok', subcommand: 'compose' };
    const opened = await discord.runCommand(compose);
    await discord.submitModal(opened, { files: [await photo('a.jpg')], text: `By <@${discord.ana.id}>` });
    expect((await events.one('media')).caption).toBe('By someone');
  });
});

it('takes files by what they hold, whatever they are called or claim to be', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { bot, events } = await harness.startBot();
  const { bytes } = await photo('a.jpg');
  const files = [
    { fileName: 'IMG_1234', bytes },
    { fileName: 'b.bin', bytes, contentType: 'application/octet-stream' },
    { fileName: 'c.txt', bytes, contentType: 'text/plain' },
  ];
  const message = await discord.sendMessage(discord.posts, discord.ana, { files });
  await discord.runMessageCommand({ user: discord.ana, message, name: 'Post to TikTok' });
  const media = (await events.first(3)).filter((event) => event.type === 'media');
  expect(media.map(({ file }) => file.name)).toEqual(['IMG_1234', 'b.bin', 'c.txt']);
  for (const { file } of media)
    expect((await buffer(await bot.openFile(file.ref))).byteLength).toBe(bytes.byteLength);
});

it('names what a message holds beside its files', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { events } = await harness.startBot();
  const embeds = [
    { type: 'video', url: 'https://video.example' },
    { type: 'link', url: 'https://page.example' },
    { type: 'rich' },
  ];
  const files = [await photo('a.jpg')];
  const original = await discord.sendMessage(discord.posts, discord.ana, {
    files,
    embeds,
    stickers: ['Hi'],
    poll: 'Sea?',
  });
  const forward = await discord.sendMessage(discord.posts, discord.ana, { forwards: original });
  for (const message of [original, forward])
    await discord.runMessageCommand({ user: discord.ana, message, name: 'Post to TikTok' });
  const sticker = [
    { what: 'preview', count: 2 },
    { what: 'embed', count: 1 },
    { what: 'sticker', count: 1 },
  ];
  expect((await events.first(2)).map((event) => event.type === 'media' && event.leftOut)).toEqual([
    [...sticker, { what: 'poll', count: 1 }],
    sticker,
  ]);
});

it('says what a message without files holds instead', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  await harness.startBot();
  const message = await discord.sendMessage(discord.posts, discord.ana, {
    content: 'https://video.example',
    embeds: [{ type: 'video', url: 'https://video.example' }],
    stickers: ['Hi'],
  });
  const handle = await discord.runMessageCommand({ user: discord.ana, message, name: 'Post to TikTok' });
  await handle.waitForResponse(
    'There is no photo or video to post in this message. Nod posts attached files, and leaves out: the preview of a link, a sticker.',
  );
});

it('takes the files that a message without any links to, and leaves its other links in the caption', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { events } = await harness.startBot();
  const clip = 'https://files.example/clip.mp4?sig=1';
  const message = await discord.sendMessage(discord.posts, discord.ana, {
    content: `First light, more on https://video.example <${clip}>`,
    embeds: [
      { type: 'video', url: clip },
      { type: 'link', url: 'https://video.example' },
    ],
  });
  await discord.runMessageCommand({ user: discord.ana, message, name: 'Post to TikTok' });
  const { file, caption, leftOut, album } = await events.one('media');
  expect({ file, caption, leftOut, album }).toEqual({
    file: { link: clip, name: 'clip.mp4', ref: expect.stringMatching(/^link [\w-]{43}$/) },
    caption: 'First light, more on https://video.example',
    leftOut: [{ what: 'preview', count: 1 }],
  });
});

it('takes a link behind the files of /tiktok post', async () => {
  await using harness = await startHarness();
  const { events } = await harness.startBot();
  const handle = await post(harness, { url: ' https://files.example/clip.mp4 ' }, 2);
  const media = (await events.first(3)).filter((event) => event.type === 'media');
  expect(media.map(({ album, file }) => [album, file.name, file.link])).toEqual([
    [handle.id, '0.jpg', undefined],
    [handle.id, '1.jpg', undefined],
    [handle.id, 'clip.mp4', 'https://files.example/clip.mp4'],
  ]);
});

it('leaves a caption that was read before as it is, but for new ids', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { events } = await harness.startBot(async (event) => {
    if (event.type === 'press')
      await event.ask?.({ subject: 'draft', title: 'Caption', text: '*now*', maxLength: 100 });
  });
  const sent = await harness.createBot().send(harness.chat, {
    lines: [['Draft']],
    rows: [buttonRow({ label: 'Edit caption', press: 'd:1:caption' })],
  });
  const opened = await discord.press(sent, 'Edit caption', discord.ana);
  await discord.submitModal(opened, { Caption: `*now* by <@${discord.ana.id}>` });
  expect((await events.one('text')).text).toBe('*now* by @Ana');
});

it('answers in place of the deferred reply, for 15 minutes', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { bot, events } = await harness.startBot();
  const handle = await post(harness);
  const { reply } = await events.one('media');
  if (reply === undefined) throw new Error('There is no reply.');
  const shown = await bot.edit(reply, { ...card('3 photos'), attachment: await harness.picture('one') });
  expect(shown).toEqual({ ...reply, picture: 'one' });
  await bot.edit(shown, { ...card('4 photos'), attachment: await harness.picture('one') });
  expect(discord.render(handle)).toBe(
    'Nod (only Ana sees this, edited 2×)\n  │ [picture-one.jpg]\n  │ 4 photos',
  );
  expect(harness.callsOf('editInteractionMessage').map(({ files }) => files.length)).toEqual([1, 0]);
  expect(bot.editPauseMs(shown, discord.now())).toBe(1_000);
  discord.advance(15 * 60_000 + 1);
  const calls = discord.state.requests.length;
  expect(await harness.errorOf(bot.edit(shown, card('Too late')))).toMatchObject({
    name: 'MessageGoneError',
  });
  expect(discord.state.requests).toHaveLength(calls);
});

it('knows a message as gone when Discord no longer takes its token', async () => {
  await using harness = await startHarness();
  // The bot's clock is behind, as clocks are.
  const { bot, events } = await harness.startBot(undefined, { now: () => 0 });
  await post(harness);
  const { reply } = await events.one('media');
  if (reply === undefined) throw new Error('There is no reply.');
  harness.discord.advance(16 * 60_000);
  expect(await harness.errorOf(bot.edit(reply, card('Too late')))).toMatchObject({
    name: 'MessageGoneError',
  });
  await bot.remove(reply);
});

it('deletes an answer that only one person sees', async () => {
  await using harness = await startHarness();
  const { bot, events } = await harness.startBot();
  const handle = await post(harness);
  const { reply } = await events.one('media');
  if (reply === undefined) throw new Error('There is no reply.');
  await bot.remove(reply);
  expect(handle.response()).toBeUndefined();
  expect(await harness.errorOf(bot.edit(reply, card('a')))).toMatchObject({ name: 'MessageGoneError' });
});

it('says that something went wrong, in the language of the person', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  await harness.startBot(async () => {
    throw new Error('The disk is full.');
  });
  const handle = await post(harness, {}, 2);
  await handle.waitForResponse('Something went wrong');
  expect(handle.followUps).toEqual([]);
  const spanish = await discord.runCommand({
    user: discord.ana,
    channel: discord.posts,
    name: 'tiktok',
    subcommand: 'help',
    locale: 'es-419',
  });
  await spanish.waitForResponse('Algo salió mal');
  await harness.logged('The disk is full.');
});

it('keeps what was answered when something goes wrong afterwards', async () => {
  await using harness = await startHarness();
  const { bot } = await harness.startBot(async (event: { reply?: ChatEventOf<'media'>['reply'] }) => {
    if (event.reply !== undefined) await bot.edit(event.reply, card('3 photos'));
    throw new Error('The disk is full.');
  });
  const handle = await post(harness);
  await handle.waitForFollowUp('Something went wrong');
  expect(harness.discord.render(handle)).toContain('3 photos');
});

it('acknowledges once when the answer to an acknowledgement is lost', async () => {
  await using harness = await startHarness();
  const { events } = await harness.startBot();
  harness.discord.fault('drop-reply', { route: 'createInteractionResponse' });
  const handle = await post(harness);
  expect((await events.one('media')).album).toBe(handle.id);
  expect(harness.callsOf('createInteractionResponse')).toHaveLength(2);
});

it('drops what another program has answered', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { events } = await harness.startBot();
  const hold = discord.fault('hold', { route: 'createInteractionResponse' });
  const { events: others } = await harness.startBot();
  const posting = post(harness);
  await discord.until(() => (harness.callsOf('createInteractionResponse').length === 2 ? true : undefined));
  hold.lift();
  await posting;
  await harness.logged('An interaction was not answered');
  await Promise.race([events.one('media'), others.one('media')]);
  expect(events.all.length + others.all.length).toBe(1);
});
