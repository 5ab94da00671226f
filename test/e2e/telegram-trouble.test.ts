import { expect, it } from 'vitest';
import { textOf } from '../world.ts';
import { LINK, startStage } from './stage.ts';

it('shows the newest state after Telegram has asked it to wait', async () => {
  await using stage = await startStage();
  await stage.sendFile('phone.jpg');
  const draft = await stage.draft();
  const flood = stage.telegram.fault('429', { method: 'editMessageCaption', retryAfterSeconds: 1 });
  await stage.post(draft);
  await stage.shows(draft, LINK);
  expect(flood.hits).toBe(1);
  const edits = stage.telegram.state.requests.filter(({ method }) => method === 'editMessageCaption');
  const refused = edits.findIndex(({ status }) => status === 429);
  expect((edits[refused + 1]?.atMs ?? 0) - (edits[refused]?.atMs ?? 0)).toBeGreaterThanOrEqual(1000);
});

it('keeps within the limits of Telegram at its own pace', async () => {
  await using stage = await startStage({ cardIntervalMs: 3_000 });
  stage.telegram.setFlood({ chatPerSecond: 3, groupPerMinute: 20 });
  await stage.sendAlbum(['phone.jpg', 'photo.webp', 'transparent.png']);
  const draft = await stage.draft('3 photos');
  await stage.post(draft);
  await stage.shows(draft, LINK);
  expect(stage.telegram.state.requests.filter(({ status }) => status === 429)).toEqual([]);
});

it('publishes while Telegram cannot be reached, and shows the end afterwards', async () => {
  await using stage = await startStage();
  await stage.sendFile('phone.jpg');
  const draft = await stage.draft();
  await stage.post(draft);
  const outage = stage.telegram.fault('unreachable');
  await stage.tiktok.whenPublish(({ postIds }) => postIds.length > 0);
  outage.lift();
  await stage.shows(draft, LINK);
  await stage.card(({ message_id }) => message_id > draft.message_id);
  expect(stage.fed()).toHaveLength(1);
});

it('sends a new card when the old one is gone, and understands replies to it', async () => {
  await using stage = await startStage();
  await stage.sendFile('phone.jpg');
  const draft = await stage.draft((message) => message.photo !== undefined);
  await stage.telegram.deleteMessage(draft);
  stage.telegram.fault('edit-not-found');
  await stage.say('A caption');
  const next = await stage.draft('A caption');
  expect(next.message_id).toBeGreaterThan(draft.message_id);
  await stage.say('Another caption', next);
  await stage.post(await stage.shows(next, 'Another caption'));
  await stage.shows(next, LINK);
});

it('does nothing twice for updates that Telegram delivers twice', async () => {
  await using stage = await startStage();
  await stage.sendFile('phone.jpg');
  const draft = await stage.draft();
  await stage.telegram.until(() => (stage.telegram.pendingUpdates().length === 0 ? true : undefined));
  expect(stage.telegram.redeliver().length).toBeGreaterThan(0);
  await stage.post(draft);
  await stage.telegram.until(() => (stage.telegram.pendingUpdates().length === 0 ? true : undefined));
  expect(stage.telegram.redeliver().length).toBeGreaterThan(0);
  await stage.shows(draft, LINK);
  await stage.say('/posts');
  await stage.card('✓ live');
  expect(stage.tiktok.state.publishes).toHaveLength(1);
  expect(stage.cards().filter(({ photo }) => photo !== undefined)).toHaveLength(1);
});

it('posts once however fast somebody taps', async () => {
  await using stage = await startStage();
  await stage.sendFile('phone.jpg');
  const draft = await stage.draft();
  await stage.tap(draft, 'Everyone');
  const answers = await Promise.all([1, 2, 3].map(() => stage.tap(draft, 'Post now')));
  expect(answers.map(({ text }) => text)).toEqual([
    undefined,
    'This is on its way already.',
    'This is on its way already.',
  ]);
  await stage.shows(draft, LINK);
  expect(stage.tiktok.state.publishes).toHaveLength(1);
});

it('does what was tapped although Telegram no longer takes the answer', async () => {
  await using stage = await startStage();
  await stage.sendFile('phone.jpg');
  const draft = await stage.draft();
  stage.telegram.fault('5xx', { method: 'answerCallbackQuery', times: 2 });
  void stage.tap(draft, 'Everyone').catch(() => {});
  await stage.shows(draft, 'Who can see it?  Everyone');
  void stage.tap(draft, 'Post now').catch(() => {});
  await stage.shows(draft, LINK);
});

it('sends a card twice at most when Telegram does not confirm it, and goes on with the one that is used', async () => {
  await using stage = await startStage();
  const before = stage.cards().length;
  const isCard = ({ text, caption }: Record<string, unknown>) => /for TikTok/.test(`${text} ${caption}`);
  const lost = stage.telegram.fault('drop-reply', { times: 10, when: isCard });
  await stage.sendFile('phone.jpg');
  await stage.telegram.until(() => (lost.hits === 2 ? true : undefined));
  await stage.sendFile('photo.webp');
  await stage.telegram.until(() => (lost.hits === 4 ? true : undefined));
  lost.lift();
  const [, used = raise()] = stage.cards().slice(before);
  expect(textOf(used)).toContain('phone.jpg');
  await stage.choose(used, 'Everyone', 'Who can see it?  Everyone');
  await stage.tap(used, 'Post now');
  await stage.shows(used, LINK);
  expect(stage.cards().filter((message) => textOf(message).includes('phone.jpg'))).toHaveLength(1);
  expect(lost.hits).toBe(4);
});

it('tells an ending twice at most when Telegram does not confirm it', async () => {
  await using stage = await startStage();
  await stage.sendFile('phone.jpg');
  const draft = await stage.draft();
  const lost = stage.telegram.fault('drop-reply', { times: 10, method: 'sendMessage' });
  await stage.post(draft);
  await stage.shows(draft, LINK);
  await stage.telegram.until(() => (lost.hits === 2 ? true : undefined));
  await stage.restart();
  lost.lift();
  await stage.say('/posts');
  await stage.card('✓ live');
  expect(
    stage.cards().filter(({ reply_to_message: to }) => to?.message_id === draft.message_id),
  ).toHaveLength(2);
});

it('answers a command once Telegram lets it', async () => {
  await using stage = await startStage();
  stage.telegram.fault('429', { method: 'sendMessage', retryAfterSeconds: 1, times: 2 });
  await stage.say('/accounts');
  await stage.card('Studio Ana  connected by Ana');
});

it('answers a command once Telegram answers again, however many errors come first', async () => {
  await using stage = await startStage();
  await stage.telegram.waitForPoll();
  const outage = stage.telegram.fault('5xx', { times: 100 });
  await stage.say('/accounts');
  await stage.telegram.until(() => (outage.hits >= 5 ? true : undefined));
  outage.lift();
  await stage.card('Studio Ana  connected by Ana');
});

it('answers a stranger who sends media once Telegram answers again', async () => {
  await using stage = await startStage({ environment: { ACCESS: 'invite' }, connect: false });
  await stage.telegram.waitForPoll();
  const outage = stage.telegram.fault('drop-request', { times: 100 });
  await stage.sendFile('phone.jpg');
  await stage.telegram.until(() => (outage.hits >= 5 ? true : undefined));
  outage.lift();
  await stage.card('This Nod has no operator yet');
});

it('shows the card of media that was sent in private once Telegram answers again', async () => {
  await using stage = await startStage();
  await stage.telegram.waitForPoll();
  const before = stage.cards().length;
  const outage = stage.telegram.fault('5xx', { times: 100, when: (asked) => !('file_id' in asked) });
  await stage.sendFile('phone.jpg');
  await stage.telegram.until(() => (outage.hits >= 3 ? true : undefined));
  outage.lift();
  await stage.draft('phone.jpg');
  expect(stage.cards()).toHaveLength(before + 1);
});

it('asks for a file when Telegram has said to, and not before', async () => {
  await using stage = await startStage();
  const flood = stage.telegram.fault('429', { method: 'getFile', retryAfterSeconds: 4, times: 2 });
  await stage.sendFile('phone.jpg');
  await stage.draft((message) => message.photo !== undefined);
  const asked = stage.telegram.state.requests.filter(({ method }) => method === 'getFile');
  expect(flood.hits).toBe(2);
  const [first, second, third] = asked.map(({ atMs }) => atMs);
  expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(4_000);
  expect((third ?? 0) - (second ?? 0)).toBeGreaterThanOrEqual(4_000);
});

it('shows the card of a draft that a stop has kept from the chat', async () => {
  await using stage = await startStage();
  const outage = stage.telegram.fault('5xx', { method: 'sendMessage', times: 100 });
  await stage.sendFile('tiktok-h264.mp4', { declaredBytes: 31_000_000 });
  await stage.telegram.until(() => (outage.hits > 0 ? true : undefined));
  await stage.restart();
  outage.lift();
  await stage.draft('this chat gives bots files up to');
});

function raise(): never {
  throw new Error('There is no such message.');
}
