import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { type Anchor, type CardRecord, createCardIndex } from '../../../src/bots/cards/card-index.ts';
import { copiesIn, createShowCard, type Doubts } from '../../../src/bots/cards/show-card.ts';
import { ChatClosedError, ChatUnreachableError, MessageGoneError } from '../../../src/bots/platform.ts';
import { openStores } from '../../../src/core/storage/database.ts';
import { createPaperBot, paper } from '../paper-bot.ts';
import { createPaperCopies } from './paper-copies.ts';

const CHAT = 'telegram:1';
const lost = () => new ChatUnreachableError('No answer.');

async function startShowing({ onceKeyMs = 0 } = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'nod-showing-'));
  const stores = openStores({ file: join(directory, 'nod.db') });
  const chat = createPaperBot({ onceKeyMs });
  const clock = { now: 0 };
  const cardIndex = createCardIndex({
    cards: stores.store<CardRecord>('cards'),
    anchors: stores.store<Anchor>('anchors'),
  });
  const log = pino({ level: 'silent' });
  const showing = createShowCard({
    cardIndex,
    copies: createPaperCopies({ stores, cardIndex, chat, now: () => clock.now }),
    botFor: () => chat.bot,
    onMoved: () => {},
    onFound: () => {},
    now: () => clock.now,
    log,
  });
  const doubts: Doubts = new Map();

  /** Tries to send a card whose answer gets lost. */
  async function sendInVain(): Promise<void> {
    chat.fail(lost());
    const rendering = { chat: CHAT, card: paper('one'), isForAll: true };
    await expect(showing.show('one', rendering, { doubts })).rejects.toThrow('No answer.');
  }

  async function dispose(): Promise<void> {
    await stores.close();
    await rm(directory, { recursive: true });
  }
  return { chat, cardIndex, clock, showing, doubts, sendInVain, [Symbol.asyncDispose]: dispose };
}

it('counts no copies of a card as long as the platform remembers it', async () => {
  await using started = await startShowing({ onceKeyMs: 60_000 });
  const { clock, doubts, sendInVain } = started;
  for (let tries = 0; tries < 5; tries += 1) await sendInVain();
  expect(copiesIn(doubts)).toBe(0);
  clock.now = 60_000;
  await sendInVain();
  expect(copiesIn(doubts)).toBe(1);
});

describe('a card whose answer got lost, on a platform that remembers keys', () => {
  const forAll = (text: string) => ({ chat: CHAT, card: paper(text), isForAll: true });
  const own = (id: string) => ({ chat: CHAT, id, isPrivate: true }) as const;

  it('is sent once although a press has renewed its author’s own message meanwhile', async () => {
    await using started = await startShowing({ onceKeyMs: 60_000 });
    const { chat, cardIndex, showing, doubts } = started;
    await cardIndex.adopt('draft', own('a'));
    chat.fail(lost(), { arrives: true });
    await expect(showing.show('draft', forAll('one'), { doubts })).rejects.toThrow('No answer.');
    await cardIndex.adopt('draft', own('b'));
    await showing.show('draft', forAll('two'), { doubts });
    expect(chat.show()).toEqual(['two']);
  });

  it('is sent once in place of one that is gone although its record has changed meanwhile', async () => {
    await using started = await startShowing({ onceKeyMs: 60_000 });
    const { chat, cardIndex, showing, doubts } = started;
    await cardIndex.noteShown('draft', { chat: CHAT, id: 'gone' }, paper('zero'));
    chat.fail(new MessageGoneError('Gone.'));
    chat.fail(lost(), { arrives: true });
    await expect(showing.show('draft', forAll('one'), { doubts })).rejects.toThrow('No answer.');
    await cardIndex.noteDoubtful('draft');
    await showing.show('draft', forAll('two'), { doubts });
    expect(chat.show()).toEqual(['two']);
  });

  it('is another message each time that the last one is gone', async () => {
    await using started = await startShowing({ onceKeyMs: 60_000 });
    const { chat, cardIndex, showing, doubts } = started;
    for (const id of ['1', '2', '3']) {
      await showing.show('draft', forAll(id), { doubts });
      expect(chat.show()).toEqual(['1', '2', '3'].slice(0, Number(id)));
      await cardIndex.noteShown('draft', { chat: CHAT, id: `gone ${id}` }, paper(id));
    }
  });

  it('tells the same ending on each of two cards', async () => {
    await using started = await startShowing({ onceKeyMs: 60_000 });
    const { chat, showing } = started;
    const ending = { key: 'the end', card: paper('the end'), callsFor: { id: 'telegram:1', name: 'Ana' } };
    for (const subject of ['home', 'elsewhere'])
      await showing.show(subject, { ...forAll(subject), ending }, { doubts: new Map() });
    expect(chat.show()).toEqual(['home', 'the end', 'elsewhere', 'the end']);
  });
});

it('follows its author to another message that was opened while the last one was edited', async () => {
  await using started = await startShowing();
  const { cardIndex } = started;
  const own = (id: string) => ({ chat: CHAT, id, isPrivate: true }) as const;
  await cardIndex.adopt('draft', own('old'));
  const known = await cardIndex.read('draft');
  await cardIndex.adopt('draft', own('new'));
  await cardIndex.noteShown('draft', own('old'), paper('one'), known);
  expect(await cardIndex.read('draft')).toMatchObject({ message: own('new'), shownHash: '' });
});

it('sends a card without its picture when that is deleted', async () => {
  await using started = await startShowing();
  const { chat, showing } = started;
  const card = {
    ...paper('one'),
    attachment: { type: 'picture' as const, key: 'one', path: '/nowhere/one.jpg' },
  };
  await showing.show('one', { chat: CHAT, card, isForAll: true }, { doubts: new Map() });
  expect(chat.messages[0]?.versions[0]?.card).toEqual(paper('one'));
});

describe('a card with a picture', () => {
  const path = import.meta.filename;
  const pictured = (text: string) => {
    const attachment = { type: 'picture' as const, key: text, path };
    return { chat: CHAT, card: { ...paper(text), attachment }, isForAll: true };
  };

  it('is sent without it where the chat takes none, and gets it as soon as it may', async () => {
    await using started = await startShowing();
    const { chat, cardIndex, showing } = started;
    chat.close(CHAT, { type: 'rights', missing: ['pictures'] });
    await showing.show('one', pictured('one'), { doubts: new Map() });
    await showing.show('one', pictured('two'), { doubts: new Map() });
    expect(chat.show()).toEqual([
      'two\n\nWithout its picture: this group lets nobody send photos. An administrator can allow it, or make Nod an administrator.',
    ]);
    chat.close(CHAT, undefined);
    await cardIndex.noteDoubtful('one');
    await showing.show('one', pictured('two'), { doubts: new Map() });
    expect(chat.messages[0]?.versions.at(-1)?.card).toEqual(pictured('two').card);
  });

  it('is not sent twice where the chat takes no message at all', async () => {
    await using started = await startShowing();
    const { chat, showing } = started;
    chat.close(CHAT, { type: 'rights', missing: ['send'] });
    await expect(showing.show('one', pictured('one'), { doubts: new Map() })).rejects.toThrow(
      ChatClosedError,
    );
    expect(chat.sendsRefused()).toBe(1);
  });
});
