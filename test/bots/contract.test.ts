import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import {
  buttonRow,
  ChatBusyError,
  ChatClosedError,
  type ChatEvent,
  ChatUnreachableError,
  MessageGoneError,
} from '../../src/bots/platform.ts';
import { card, startDiscordStand, startTelegramStand } from './contract-stands.ts';

describe.each([
  ['telegram', startTelegramStand],
  ['discord', startDiscordStand],
] as const)('the bot of %s', (platform, start) => {
  it('sends a card, shows another in its place and removes it, also twice', async () => {
    await using stand = await start();
    const { bot, chat } = stand;
    expect(bot.platform).toBe(platform);
    const rows = [buttonRow({ label: 'Post now', press: 'd:1:post' })];
    const message = await bot.send(chat, { ...card('Three photos'), rows });
    expect(message).toMatchObject({ chat });
    expect(stand.seen()).toEqual([{ text: 'Three photos', pictures: 0, buttons: ['Post now'] }]);
    expect(await bot.edit(message, card('On its way'))).toEqual(message);
    expect(await bot.edit(message, card('On its way'))).toEqual(message);
    expect(stand.seen()).toEqual([{ text: 'On its way', pictures: 0, buttons: [] }]);
    await bot.remove(message);
    await bot.remove(message);
    expect(stand.seen()).toEqual([]);
  });

  it('puts a picture onto a card, keeps it and puts another', async () => {
    await using stand = await start();
    const { bot, chat } = stand;
    const text = await bot.send(chat, card('Looking at it'));
    const first = await bot.edit(text, { ...card('One'), attachment: await stand.picture('one') });
    expect(first).toMatchObject({ id: text.id, picture: 'one' });
    const kept = await bot.edit(first, { ...card('Still one'), attachment: await stand.picture('one') });
    expect(kept).toEqual(first);
    const second = await bot.edit(kept, { ...card('Two'), attachment: await stand.picture('two', 'blue') });
    expect(second).toMatchObject({ id: text.id, picture: 'two' });
    expect(stand.seen()).toMatchObject([{ text: 'Two', pictures: 1 }]);
  });

  it('shows a choice, with all its options', async () => {
    await using stand = await start();
    const options = ['Everyone', 'Friends'].map((label) => ({
      label,
      press: `d:1:${label}`,
      isChosen: false,
    }));
    await stand.bot.send(stand.chat, {
      lines: [['Who?']],
      rows: [{ type: 'choice', prompt: 'Who can see it?', options }],
    });
    expect(stand.seen()[0]?.buttons).toEqual(['Everyone', 'Friends']);
  });

  it('makes a text fit that is too long, and keeps its beginning and end', async () => {
    await using stand = await start();
    const long = [
      '👩‍👩‍👧 surf *_`'.repeat(300),
      ...Array.from({ length: 300 }, (_, index) => `Line ${index} of many`),
    ];
    await stand.bot.send(stand.chat, card('The title', ...long, 'The last word'));
    const text = stand.seen()[0]?.text ?? '';
    expect(text).toMatch(/^The title\n/);
    expect(text).toMatch(/\nThe last word$/);
    expect(text.length).toBeGreaterThan(2_000);
  });

  it('takes nothing that people wrote for markup or a ping', async () => {
    await using stand = await start();
    const { bot, chat, anaId } = stand;
    const id = anaId.split(':')[1];
    await bot.send(chat, card(`@everyone <@${id}> <b>bold</b> **bold** [link](https://example.com) # title`));
    expect(stand.pinged()).toEqual([]);
    // A backslash keeps Discord from reading what follows; Telegram reads nothing but entities.
    expect(stand.seen()[0]?.text.replaceAll('\\', '')).toBe(
      `@everyone <@${id}> <b>bold</b> **bold** [link](https://example.com) # title`,
    );
  });

  it('knows a message that is gone', async () => {
    await using stand = await start();
    const message = await stand.bot.send(stand.chat, card('One'));
    await stand.deleteNewest();
    expect(await stand.errorOf(stand.bot.edit(message, card('Two')))).toBeInstanceOf(MessageGoneError);
  });

  it('knows a chat that is closed to it', async () => {
    await using stand = await start();
    expect(await stand.errorOf(stand.bot.send(stand.closedChat(), card('One')))).toBeInstanceOf(
      ChatClosedError,
    );
  });

  it('tells how long it is asked to wait', async () => {
    await using stand = await start();
    const message = await stand.bot.send(stand.chat, card('One'));
    stand.fault('busy');
    const error = await stand.errorOf(stand.bot.edit(message, card('Two')));
    expect(error).toBeInstanceOf(ChatBusyError);
    expect(error).toMatchObject({ retryAfterMs: expect.closeTo(60_000, -3) });
    expect(stand.seen()).toMatchObject([{ text: 'One' }]);
  });

  it.each(['cut', 'down'] as const)('does not know whether it was heard: %s', async (fault) => {
    await using stand = await start();
    stand.fault(fault);
    const error = await stand.errorOf(stand.bot.send(stand.chat, card('One')));
    expect(error).toBeInstanceOf(ChatUnreachableError);
    expect(error).toMatchObject({ maybeDone: true });
  });

  it('knows that nobody has heard it', async () => {
    await using stand = await start();
    const nowhere = await stand.nowhere();
    const error = await stand.errorOf(nowhere.send(stand.chat, card('One')));
    expect(error).toBeInstanceOf(ChatUnreachableError);
    expect(error).toMatchObject({ maybeDone: false });
  });

  it('sends no second message under a key that its platform remembers, and shows the newest', async () => {
    await using stand = await start();
    const { bot, chat } = stand;
    if (bot.onceKeyMs === undefined) return;
    const first = await bot.send(chat, card('Posting'), { onceKey: 'post-1' });
    expect(await bot.send(chat, card('Live'), { onceKey: 'post-1' })).toEqual(first);
    expect(stand.seen()).toMatchObject([{ text: 'Live' }]);
  });

  it('brings a press back with its message, and the answer to who pressed', async () => {
    await using stand = await start(async (event: ChatEvent) => {
      if (event.type === 'press') await event.answer('Choose who can see it first.');
    });
    const { bot, chat, events } = stand;
    const message = await bot.send(chat, {
      ...card('One'),
      rows: [buttonRow({ label: 'Post now', press: 'd:1:post' })],
    });
    expect(await stand.press('Post now')).toBe('Choose who can see it first.');
    expect(await events.one('press')).toMatchObject({
      chat,
      press: 'd:1:post',
      message: { chat, id: message.id },
    });
    expect((await events.one('press')).person).toMatchObject({ id: stand.anaId, name: 'Ana' });
  });

  it('brings a file, and opens it as often as it is asked to', async () => {
    await using stand = await start();
    const bytes = await stand.sendPhoto();
    const { file, chat } = await stand.events.one('media');
    expect(chat).toBe(stand.chat);
    expect(file).toMatchObject({ name: 'a.jpg', bytes: bytes.length, claimedKind: 'photo' });
    expect(await buffer(await stand.bot.openFile(file.ref))).toEqual(bytes);
    expect(await buffer(await stand.bot.openFile(file.ref))).toEqual(bytes);
  });

  it('tells a download that broke off, without its link', async () => {
    await using stand = await start();
    await stand.sendPhoto();
    const { file } = await stand.events.one('media');
    stand.fault('cut-download');
    const error = await stand.errorOf(stand.bot.openFile(file.ref).then(buffer));
    expect(error).toBeInstanceOf(ChatUnreachableError);
    expect(String(error)).not.toMatch(/https?:/);
  });

  it('looks at itself and at a chat before it has started, and says where nobody answers', async () => {
    await using stand = await start();
    const { signal } = new AbortController();
    expect(await stand.bot.examine({ signal })).toMatchObject({ name: expect.any(String), fault: undefined });
    expect(await stand.bot.examine({ chat: stand.chat, signal })).toMatchObject({});
    const nobody = await stand.nowhere();
    expect(await stand.errorOf(nobody.examine({ signal }))).toBeInstanceOf(ChatUnreachableError);
  });
});
