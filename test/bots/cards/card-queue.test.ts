import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import pino from 'pino';
import { expect, it } from 'vitest';
import { encodePress } from '../../../src/bots/buttons.ts';
import { type Anchor, type CardRecord, createCardIndex } from '../../../src/bots/cards/card-index.ts';
import { createCardQueue } from '../../../src/bots/cards/card-queue.ts';
import type { Rendering } from '../../../src/bots/cards/show-card.ts';
import { ChatBusyError, ChatClosedError, ChatUnreachableError } from '../../../src/bots/platform.ts';
import { openStores } from '../../../src/core/storage/database.ts';
import { createPaperBot, type PaperBot, paper, textOf } from '../paper-bot.ts';
import { createPaperCopies } from './paper-copies.ts';

const CHAT = 'telegram:1';
const ANA = { id: 'telegram:1', name: 'Ana' };

/** A board over a chat on paper; `looks` is what the subjects look like. */
async function startBoard({
  editPauseMs = 30,
  lateMs,
  now = Date.now,
}: {
  editPauseMs?: number;
  lateMs?: number;
  now?: () => number;
} = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'nod-board-'));
  const stores = openStores({ file: join(directory, 'nod.db') });
  const chat = createPaperBot();
  const previewLinks = new Map<string, { text: string; ending?: string }>();
  const cardIndex = createCardIndex({
    cards: stores.store<CardRecord>('cards'),
    anchors: stores.store<Anchor>('anchors'),
  });

  async function render(subject: string): Promise<Rendering | undefined> {
    const look = previewLinks.get(subject);
    if (look === undefined) return undefined;
    const { text, ending } = look;
    const shown = { chat: CHAT, card: paper(text), isForAll: true };
    if (ending === undefined) return shown;
    return { ...shown, ending: { key: ending, card: paper(ending), callsFor: ANA } };
  }

  const log = pino({ level: 'silent' });
  const copies = createPaperCopies({ stores, cardIndex, chat });
  const options = { cardIndex, copies, botFor: () => chat.bot, render, editPauseMs, lateMs, now, log };
  const cardQueue = createCardQueue(options);

  /** Changes what the one subject looks like, as a person would who waits for it. */
  function draw(text: string, { soon = true, ending }: { soon?: boolean; ending?: string } = {}): void {
    previewLinks.set('one', ending === undefined ? { text } : { text, ending });
    cardQueue.touch('one', { soon });
  }

  async function dispose(): Promise<void> {
    await cardQueue.stop();
    await stores.close();
    await rm(directory, { recursive: true });
  }
  const openNext = () => createCardQueue(options);
  return { cardQueue, openNext, cardIndex, copies, chat, previewLinks, draw, [Symbol.asyncDispose]: dispose };
}

const lost = () => new ChatUnreachableError('No answer.');
const refused = () => new ChatUnreachableError('No connection.', { maybeDone: false });

it.concurrent('sends a card once and edits it to the newest state', async () => {
  await using started = await startBoard();
  const { chat, draw } = started;
  for (const text of ['one', 'two', 'three']) draw(text);
  await chat.shows('three');
  draw('four');
  await chat.shows('four');
  expect(chat.messages[0]?.versions).toHaveLength(2);
});

it.concurrent('lets the chat rest between two edits of a card, whoever waits for it', async () => {
  await using started = await startBoard({ editPauseMs: 300 });
  const { chat, draw } = started;
  draw('0');
  await chat.shows('0');
  for (let count = 1; count <= 3; count += 1) {
    draw(String(count));
    await chat.shows(String(count));
  }
  const times = chat.messages[0]?.versions.map(({ at }) => at) ?? [];
  const pauses = times.slice(1).map((at, index) => at - (times[index] ?? 0));
  for (const pause of pauses) expect(pause).toBeGreaterThanOrEqual(295);
});

it.concurrent('waits as long as the chat asks, whoever is waiting for the card', async () => {
  await using started = await startBoard();
  const { chat, draw } = started;
  draw('one');
  await chat.shows('one');
  chat.fail(new ChatBusyError('Wait.', { retryAfterMs: 400 }));
  const askedAt = Date.now();
  draw('two');
  await chat.failed();
  draw('three');
  await chat.shows('three');
  expect(Date.now() - askedAt).toBeGreaterThanOrEqual(400);
});

it.concurrent('waits no longer than the chat has asked to where the clock is set back', async () => {
  let aheadMs = 3_600_000;
  await using started = await startBoard({ now: () => Date.now() + aheadMs });
  const { chat, draw } = started;
  draw('one');
  await chat.shows('one');
  chat.fail(new ChatBusyError('Wait.', { retryAfterMs: 200 }));
  draw('two');
  await chat.failed();
  aheadMs = 0;
  draw('three');
  await chat.shows('three');
});

it.concurrent('repeats an edit of which nobody knows whether it arrived', async () => {
  await using started = await startBoard();
  const { chat, draw } = started;
  draw('one');
  await chat.shows('one');
  chat.fail(lost());
  draw('two');
  await chat.shows('two');
});

it.concurrent('repeats a send that cannot have arrived', async () => {
  await using started = await startBoard();
  const { chat, draw } = started;
  chat.fail(refused());
  draw('one');
  await chat.shows('one');
});

it.concurrent('sends a card again, however often no answer told whether it arrived', async () => {
  await using started = await startBoard();
  const { chat, cardIndex, draw } = started;
  for (let count = 0; count < 2; count += 1) chat.fail(lost());
  draw('one', { soon: false });
  await chat.shows('one');
  await started.cardQueue.stop();
  expect(await cardIndex.messageOf('one')).toEqual({ chat: CHAT, id: '1' });
});

it.concurrent('waits with a card that may have arrived until the chat answers again', async () => {
  await using started = await startBoard();
  const { chat, draw } = started;
  chat.fail(lost(), { arrives: true });
  chat.setAway(true);
  draw('one');
  await chat.shows('one');
  await chat.asked();
  expect(chat.show()).toEqual(['one']);
  chat.setAway(false);
  await chat.shows('one', 'one');
});

it.concurrent('ends an older copy of a card as soon as somebody uses it', async () => {
  await using started = await startBoard();
  const { chat, copies, draw } = started;
  const press = (id: string) => encodePress({ on: 'draft', id, verb: 'post' });
  await chat.bot.send(CHAT, paper('something else'));
  chat.fail(lost(), { arrives: true });
  draw('one');
  await chat.shows('something else', 'one', 'one');
  await chat.until(() => (chat.messages.length === 3 ? true : undefined));
  await started.cardQueue.stop();
  await copies.close({ message: { chat: CHAT, id: '3' }, press: press('one') });
  await copies.close({ message: { chat: CHAT, id: '2' }, press: press('another') });
  await copies.close({ message: { chat: CHAT, id: '2' }, press: press('one'), shows: 'else' });
  expect(chat.show()).toEqual(['something else', 'one', 'one']);
  await copies.close({ message: { chat: CHAT, id: '2' }, press: press('one'), shows: 'one' });
  expect(chat.show()[1]).toContain('This card was sent twice.');
});

it.concurrent('takes the message that somebody uses for the card', async () => {
  await using started = await startBoard();
  const { chat, cardIndex, draw } = started;
  chat.fail(lost(), { arrives: true });
  chat.setAway(true);
  draw('one');
  await chat.shows('one');
  await chat.asked();
  await cardIndex.adopt('one', { chat: CHAT, id: '1' });
  draw('two');
  await chat.shows('two');
  expect(await cardIndex.subjectOf({ chat: CHAT, id: '1' })).toBe('one');
});

it.concurrent('sends a new card when the old one is gone', async () => {
  await using started = await startBoard();
  const { chat, draw, cardIndex } = started;
  draw('one');
  await chat.shows('one');
  chat.messages.length = 0;
  draw('two');
  await chat.shows('two');
  expect(await cardIndex.messageOf('one')).toEqual({ chat: CHAT, id: '1' });
});

it.concurrent('looks at a card without a call, and shows it where it is not as it should be', async () => {
  await using started = await startBoard();
  const { chat, cardQueue, previewLinks, draw } = started;
  draw('one');
  await chat.shows('one');
  await cardQueue.check('one');
  previewLinks.set('one', { text: 'two' });
  await cardQueue.check('one');
  expect(cardQueue.depth()).toBe(1);
  await chat.shows('two');
  expect(chat.messages[0]?.versions).toHaveLength(2);
});

it.concurrent('tells an ending once in a message of its own', async () => {
  await using started = await startBoard();
  const { chat, cardQueue, draw } = started;
  draw('one');
  await chat.shows('one');
  draw('two', { ending: 'the end' });
  await chat.shows('two', 'the end');
  draw('three', { ending: 'the end' });
  await chat.shows('three', 'the end');
  draw('four', { ending: 'another end' });
  await chat.shows('four', 'the end', 'another end');
  await cardQueue.stop();
  expect(chat.messages).toHaveLength(3);
});

it.concurrent('takes an ending for told that may have arrived twice', async () => {
  await using started = await startBoard();
  const { chat, draw } = started;
  draw('one');
  await chat.shows('one');
  draw('two', { ending: 'the end' });
  await chat.until(() => (chat.messages[0]?.versions.length === 2 ? true : undefined));
  for (let count = 0; count < 2; count += 1) chat.fail(lost(), { arrives: true });
  await chat.shows('two', 'the end', 'the end');
  draw('three', { ending: 'the end' });
  await chat.shows('three', 'the end', 'the end');
});

it.concurrent('shows something else for good in place of a card', async () => {
  await using started = await startBoard();
  const { chat, cardQueue, draw, previewLinks } = started;
  draw('one');
  await chat.shows('one');
  previewLinks.delete('one');
  cardQueue.showInstead('one', paper('gone'));
  cardQueue.touch('one');
  await chat.shows('gone');
  cardQueue.touch('one', { soon: true });
  await cardQueue.stop();
  expect(chat.show()).toEqual(['gone']);
});

it.concurrent('gives up a chat that is closed, and goes on when something changes', async () => {
  await using started = await startBoard();
  const { chat, draw } = started;
  chat.fail(new ChatClosedError('Blocked.'));
  draw('one');
  await chat.failed();
  draw('two');
  await chat.shows('two');
});

it.concurrent('shows what is urgent although the last edit is recent, and rests afterwards', async () => {
  await using started = await startBoard({ editPauseMs: 60_000 });
  const { chat, cardQueue, previewLinks, draw } = started;
  draw('one');
  await chat.shows('one');
  draw('two');
  previewLinks.set('one', { text: 'three' });
  cardQueue.touch('one', { soon: true, urgent: true });
  await chat.shows('three');
});

it.concurrent('shows at a stop what has not been shown yet', async () => {
  await using started = await startBoard({ editPauseMs: 60_000 });
  const { chat, cardQueue, draw } = started;
  draw('one');
  await chat.shows('one');
  draw('two');
  await cardQueue.stop();
  expect(chat.show()).toEqual(['two']);
});

const textsOf = ({ messages }: PaperBot) => messages[0]?.versions.map(({ card }) => textOf(card)).join('|');

it.concurrent('shows a card once more when an edit may come late whose outcome is not known', async () => {
  await using started = await startBoard({ lateMs: 200 });
  const { chat, draw } = started;
  draw('one');
  await chat.shows('one');
  chat.fail(lost());
  draw('two');
  await chat.until(() => (textsOf(chat) === 'one|two|two' ? true : undefined));
  chat.fail(refused());
  draw('three');
  await chat.until(() => (textsOf(chat) === 'one|two|two|three' ? true : undefined));
  await setTimeout(400);
  expect(textsOf(chat)).toBe('one|two|two|three');
});

it.concurrent('shows once more what it shows just after another process has led, and nothing later', async () => {
  await using started = await startBoard({ lateMs: 1_000 });
  const { chat, cardQueue, draw } = started;
  cardQueue.expectLateEdits();
  draw('one');
  await chat.until(() => (textsOf(chat) === 'one|one' ? true : undefined));
  draw('two');
  await chat.shows('two');
  await setTimeout(1_200);
  expect(textsOf(chat)).toBe('one|one|two');
});

it.concurrent('shows once more after a start what was left unsure', async () => {
  await using started = await startBoard({ lateMs: 1_500 });
  const { chat, cardQueue, cardIndex, openNext, draw } = started;
  draw('one');
  await chat.shows('one');
  chat.fail(lost());
  draw('two');
  await chat.until(() => (textsOf(chat) === 'one|two' ? true : undefined));
  await cardQueue.stop();
  expect(await cardIndex.unsure()).toEqual(['one']);
  const next = openNext();
  await next.takeUpUnsure();
  await chat.until(() => (textsOf(chat) === 'one|two|two' ? true : undefined));
  await next.stop();
  expect(await cardIndex.unsure()).toEqual([]);
});
