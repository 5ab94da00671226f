import { isDeepStrictEqual } from 'node:util';
import type { World } from '../world.ts';
import { CARD_MS, type ReviewCard, type Seen } from './chat.ts';
import { compose, offer, tap } from './compose.ts';
import { follow, giveUp, isSettled } from './follow.ts';
import type { Group } from './options.ts';
import type { DemoDecision, DemoMoment, DemoPost, DemoVote, Tell } from './story.ts';
import { startTally } from './tally.ts';
import type { Team, Voter } from './team.ts';

export interface Reviewing {
  readonly group: Group;
  readonly team: Team;
  /** Why the last of them rejects it; absent where all approve. */
  readonly reason?: string;
  /** Plays on once it is published; what its card showed. */
  readonly onward?: (card: ReviewCard) => Promise<readonly DemoMoment[]>;
}

/** Composes a post where the team is at home, has the team vote one by one, and follows it to its end. */
export async function reviewGroup(
  { group, team, reason, onward }: Reviewing,
  { tiktok }: World,
  tell: Tell,
): Promise<DemoPost> {
  const { home, rooms, voters } = team;
  const tally = startTally(tiktok);
  const votes: DemoVote[] = [];
  const composer = await offer(group, home.chat, tell);
  let cards: ReviewCard[] = [];
  let initsBefore = 0;
  let later: readonly DemoMoment[] | undefined;
  const status = await play().catch((error) => giveUp(error, tell));
  const last = cards.map(({ room, last }) => ({ platform: room.platform, text: last()?.text ?? '' }));
  const decision = decisionOf(last.map(({ text }) => text));
  return {
    chat: home.chat.name,
    status,
    expected: reason === undefined ? 'published' : 'rejected',
    ...tally.read(group.kind),
    card: last[0]?.text ?? composer.last()?.text ?? '',
    ...(later !== undefined && { later }),
    ...(cards.length > 0 && {
      review: { approvals: voters.length, votes, initsBefore, decision, cards: last },
    }),
  };

  async function play(): Promise<DemoPost['status']> {
    if (!(await compose({ card: composer, group, where: home.draftName }, tell))) return 'refused';
    const next = rooms.map((room) => room.nextCard());
    if ((await tap(composer, 'Ask for approval', tell)) !== undefined) return 'refused';
    cards = next;
    for (const card of cards) tellCard(card, await card.asks(CARD_MS));
    for (const voter of voters.slice(0, -1)) await approve(voter);
    initsBefore = tally.read(group.kind).inits;
    const decider = voters.at(-1);
    if (decider === undefined) throw new Error('Nobody is there to decide.');
    if (reason !== undefined) return reject(decider, reason);
    await approve(decider);
    const ended = await end(({ text }) => text.includes('Approved by'));
    if (ended === 'published') later = await onward?.(cardIn(home));
    return ended;
  }

  async function approve({ name, room, by }: Voter): Promise<void> {
    const card = cardIn(room);
    const { platform, approveMark } = room;
    const does = by === 'reaction' ? `reacts with ${approveMark}` : 'taps [ Approve ]';
    tell({ event: 'person', who: name, does: `${does} in ${room.name}` });
    votes.push({ platform, person: name, mark: 'approve', by });
    const note = by === 'reaction' ? await card.react(name) : await card.approve(name);
    if (note !== undefined) tell({ event: 'note', to: name, text: note });
    if (votes.length === voters.length) return;
    const so = `${votes.length} of ${voters.length}`;
    for (const one of cards) tellCard(one, await one.shows(({ text }) => text.includes(so), CARD_MS));
  }

  async function reject({ name, room }: Voter, why: string): Promise<DemoPost['status']> {
    const { platform } = room;
    votes.push({ platform, person: name, mark: 'reject', by: 'button', reason: why });
    await cardIn(room).reject({ name, reason: why }, tell);
    return end(({ text }) => text.includes(why));
  }

  /** Follows the card at home, then looks at what stands in the other chats. */
  async function end(isPost: (seen: Seen) => boolean): Promise<DemoPost['status']> {
    const card = cardIn(home);
    const status = await follow({ card, isPost, where: home.name, tally }, tell);
    for (const one of cards.filter((other) => other !== card))
      tellCard(one, await one.shows((seen) => isPost(seen) && isSettled(seen), CARD_MS));
    return status;
  }

  function cardIn(room: ReviewCard['room']): ReviewCard {
    const card = cards.find((one) => one.room === room);
    if (card === undefined) throw new Error(`There is no card in ${room.name}.`);
    return card;
  }

  function tellCard({ room }: ReviewCard, seen: Seen): void {
    tell({ event: 'card', where: room.name, ...seen });
  }
}

/** What all cards say about the decision; null when one says something else. */
export function decisionOf(texts: readonly string[]): DemoDecision | null {
  const [first = null, ...others] = texts.map(readDecision);
  return others.every((other) => isDeepStrictEqual(other, first)) ? first : null;
}

function readDecision(text: string): DemoDecision | null {
  const [, word, names] = /^\p{Emoji} (Approved|Rejected) by ([^\n:]+)/mu.exec(text) ?? [];
  if (names === undefined) return null;
  return { outcome: word === 'Approved' ? 'approved' : 'rejected', by: names.split(/, | and /) };
}
