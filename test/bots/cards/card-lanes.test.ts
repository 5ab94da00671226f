import { expect, it } from 'vitest';
import { createCardLanes } from '../../../src/bots/cards/card-lanes.ts';

const CHAT = 'telegram:-1';

/** Work that ends when it is told to. */
function startLanes({ pauseMs = () => 0 }: { pauseMs?: () => number } = {}) {
  const lanes = createCardLanes({ pauseMs });
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const enter = (subject: string, rank: 'person' | 'new' | 'edit', chat = CHAT) =>
    lanes.enter(chat, { subject, rank }, () => {
      begun.push(subject);
      return new Promise((resolve) => ends.set(subject, resolve));
    });
  /** Resolves when what follows has begun. */
  async function end(subject: string): Promise<void> {
    ends.get(subject)?.();
    await new Promise(setImmediate);
  }
  return { lanes, begun, enter, end };
}

it('has three cards of a chat on their way, and those that people wait for beside them', () => {
  const { begun, enter } = startLanes();
  for (const subject of ['a', 'b', 'c', 'd']) enter(subject, 'edit');
  enter('e', 'person');
  enter('f', 'edit', 'telegram:-2');
  expect(begun).toEqual(['a', 'b', 'c', 'e', 'f']);
});

it('draws new cards before changed ones, and each of them once', async () => {
  const { begun, enter, end } = startLanes();
  for (const subject of ['a', 'b', 'c', 'd', 'd', 'e']) enter(subject, 'edit');
  enter('f', 'new');
  enter('e', 'new');
  for (const subject of ['a', 'b', 'c', 'f', 'e', 'd']) await end(subject);
  expect(begun).toEqual(['a', 'b', 'c', 'f', 'e', 'd']);
});

it('begins nothing after it was stopped', async () => {
  const { lanes, begun, enter, end } = startLanes();
  for (const subject of ['a', 'b', 'c', 'd']) enter(subject, 'edit');
  lanes.stop();
  await end('a');
  enter('e', 'person');
  expect(begun).toEqual(['a', 'b', 'c']);
});
