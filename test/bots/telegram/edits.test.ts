import { expect, it } from 'vitest';
import type { ChatEvent, ChatEventOf } from '../../../src/bots/platform.ts';
import { type Harness, jpeg, startHarness } from './harness.ts';

const HOUR_MS = 3_600_000;

it('tells how a message reads and what it shows after an edit', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { ana, anaChat, state } = telegram;
  const { events } = await harness.startBot();
  const photo = await telegram.sendPhoto(anaChat, ana, { bytes: await jpeg(), caption: 'Frist' });
  const { file: before } = await events.one('media');
  await telegram.editText(photo, ana, `First @${state.bot.username}`);
  await telegram.replacePhoto(photo, ana, { bytes: await jpeg(300, 300) });
  const edits = (await events.first(3)).slice(1);
  const messageId = String(photo.message_id);
  expect(edits).toMatchObject([
    { type: 'edit', messageId, text: 'First', file: { key: before.key } },
    { type: 'edit', messageId, text: 'First' },
  ]);
  expect((edits[1] as ChatEventOf<'edit'>).file?.key).not.toBe(before.key);
});

it('tells how a text reads after an edit, without the command or the name that addresses it', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { ana, anaChat } = telegram;
  const { events } = await harness.startBot();
  const photo = await telegram.sendPhoto(anaChat, ana, { bytes: await jpeg() });
  const command = await telegram.sendText(anaChat, ana, '/post Frist', { replyTo: photo });
  const text = await telegram.sendText(anaChat, ana, 'Frist');
  await telegram.editText(command, ana, '/post First');
  await telegram.editText(text, ana, 'First');
  const [, offer, said, ...edits] = await events.first(5);
  expect(offer).toMatchObject({ caption: 'Frist', captionFrom: String(command.message_id) });
  expect(said).toMatchObject({ type: 'text', messageId: String(text.message_id) });
  expect(edits).toMatchObject([
    { type: 'edit', messageId: String(command.message_id), text: 'First' },
    { type: 'edit', messageId: String(text.message_id), text: 'First' },
  ]);
});

it('hears of every edit in a group but writes down only those that are meant for it', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { events, team } = await startTeam(harness);
  const name = `@${telegram.state.bot.username}`;
  const photo = await telegram.sendPhoto(team, telegram.ana, { bytes: await jpeg(), caption: `${name} One` });
  const chatter = await telegram.sendText(team, telegram.ana, 'our secret');
  await telegram.editText(chatter, telegram.ana, 'our other secret');
  await telegram.editText(photo, telegram.ana, 'Two');
  await telegram.editText(photo, telegram.ana, `${name} Three`);
  expect((await events.first(4)).slice(1)).toMatchObject([
    { type: 'edit', text: 'our other secret' },
    { type: 'edit', text: 'Two' },
    { type: 'edit', text: 'Three' },
  ]);
  const kept = await harness.inboxRecords();
  expect(kept).toHaveLength(2);
  expect(JSON.stringify(kept)).not.toContain('secret');
});

it('offers a photo whose caption addresses it only since an edit', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { events, team } = await startTeam(harness, {}, { botIsAdmin: false });
  const photo = await telegram.sendPhoto(team, telegram.ana, { bytes: await jpeg(), caption: 'First light' });
  await telegram.editText(photo, telegram.ana, `First light @${telegram.state.bot.username}`);
  const messageId = String(photo.message_id);
  expect(await events.one('edit')).toMatchObject({
    messageId,
    offer: { type: 'media', messageId, caption: 'First light' },
  });
});

it('forgets an album within minutes where nothing may be kept', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  let now = Date.now();
  const bot = harness.createBot({ now: () => now });
  const events: ChatEvent[] = [];
  await bot.start(async (event) => void events.push(event), { mayStore: async () => false });
  const team = telegram.group({ title: 'Team', members: [telegram.ana], botIsAdmin: true });
  const item = { type: 'photo' as const, bytes: await jpeg() };
  const [first] = await telegram.sendAlbum(team, telegram.ana, [item, item]);
  if (first === undefined) throw new Error('The album has two.');
  await telegram.waitUntilFetched();
  now += 120_000;
  await telegram.sendAlbum(team, telegram.ana, [item, item]);
  await telegram.sendText(team, telegram.ana, '/post', { replyTo: first });
  await harness.settled();
  expect(mediaIn(events)).toMatchObject([{ messageId: String(first.message_id), isAlbumPart: true }]);
});

it('takes an album whole that a /post replies to hours later, with the words of the command for all', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  let now = Date.now();
  const { events, team } = await startTeam(harness, { now: () => now });
  const item = { type: 'photo' as const, bytes: await jpeg() };
  const captions = ['one', undefined, 'three'].map((caption) => ({ ...item, ...(caption && { caption }) }));
  const album = await telegram.sendAlbum(team, telegram.ana, captions);
  await telegram.waitUntilFetched();
  now += 5 * HOUR_MS;
  const [, second] = album;
  if (second === undefined) throw new Error('The album has three.');
  await telegram.sendText(team, telegram.ana, '/post', { replyTo: second });
  const plain = mediaIn(await events.first(3));
  expect(plain.map(({ messageId }) => messageId)).toEqual(album.map(({ message_id }) => `${message_id}`));
  expect(plain.map(({ caption }) => caption)).toEqual(['one', undefined, 'three']);
  await telegram.sendText(team, telegram.ana, '/post All of them', { replyTo: second });
  const worded = mediaIn(await events.first(6)).slice(3);
  expect(worded.map(({ caption }) => caption)).toEqual([undefined, 'All of them', undefined]);
  expect(worded.every(({ isAlbumPart }) => isAlbumPart === undefined)).toBe(true);
});

it('says that it has a part of an album where Telegram shows no more of it', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { events, team } = await startTeam(harness, {}, { botIsAdmin: false });
  const item = { type: 'photo' as const, bytes: await jpeg() };
  const [, second] = await telegram.sendAlbum(team, telegram.ana, [item, item, item]);
  if (second === undefined) throw new Error('The album has three.');
  await telegram.sendText(team, telegram.ana, '/post', { replyTo: second });
  expect(await events.one('media')).toMatchObject({
    messageId: String(second.message_id),
    isAlbumPart: true,
  });
});

it('knows the captions of an album as they are after an edit', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { events, team } = await startTeam(harness);
  const item = { type: 'photo' as const, bytes: await jpeg() };
  const [first, second] = await telegram.sendAlbum(team, telegram.ana, [item, item], { caption: 'Frist' });
  if (first === undefined || second === undefined) throw new Error('The album has two.');
  await telegram.editText(first, telegram.ana, 'First');
  await telegram.sendText(team, telegram.ana, '/post', { replyTo: second });
  expect(mediaIn(await events.first(3))[0]).toMatchObject({ caption: 'First' });
});

it('marks media of a group that address it by nothing but the message that they answer', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { bot, events, team } = await startTeam(harness, {}, { botIsAdmin: false });
  await bot.send(`telegram:${team.id}`, { lines: [['A card']], rows: [] });
  const card = await telegram.waitForMessage(team, 'A card');
  const bytes = await jpeg();
  const item = { type: 'photo' as const, bytes };
  await telegram.sendPhoto(team, telegram.ana, { bytes, replyTo: card });
  await telegram.sendAlbum(team, telegram.ana, [item, item], { replyTo: card });
  const caption = `@${telegram.state.bot.username} too`;
  await telegram.sendAlbum(team, telegram.ana, [item, item], { replyTo: card, caption });
  const all = mediaIn(await events.first(5));
  expect(all.map(({ isOnlyReply }) => isOnlyReply)).toEqual([true, true, true, undefined, undefined]);
  for (const { replyTo } of all) expect(replyTo).toMatchObject({ id: String(card.message_id) });
});

const mediaIn = (events: readonly ChatEvent[]): ChatEventOf<'media'>[] =>
  events.filter((event) => event.type === 'media');

async function startTeam(
  harness: Harness,
  changes: Parameters<Harness['createBot']>[0] = {},
  group: { botIsAdmin?: boolean } = {},
) {
  const { telegram } = harness;
  const team = telegram.group({ title: 'Team', members: [telegram.ana], botIsAdmin: true, ...group });
  return { ...(await harness.startBot(async () => {}, changes)), team };
}
