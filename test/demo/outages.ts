import { discordOf, type World } from '../world.ts';
import { CARD_MS, type ReviewCard, type Seen } from './chat.ts';
import { compose, offer, tap } from './compose.ts';
import { follow, giveUp, isSettled } from './follow.ts';
import type { Group } from './options.ts';
import { decisionOf } from './review.ts';
import type { DemoPost, DemoTrouble, DemoVote, Tell } from './story.ts';
import { startTally } from './tally.ts';
import type { Team, Voter } from './team.ts';

const OUTAGE = { method: '*', times: Number.POSITIVE_INFINITY };

/** Has a team review a post while first one of its chats is away and then the other. */
export async function reviewInOutages(
  { group, team }: { group: Group; team: Team },
  world: World,
  tell: Tell,
): Promise<DemoPost> {
  const { home, rooms, voters } = team;
  const { telegram } = world;
  const discord = discordOf(world);
  const tally = startTally(world.tiktok);
  const votes: DemoVote[] = [];
  const troubles: DemoTrouble[] = [];
  const lifts: (() => void)[] = [];
  const composer = await offer(group, home.chat, tell);
  let cards: ReviewCard[] = [];
  let initsBefore = 0;
  const status = await play().catch((error) => giveUp(error, tell));
  for (const lift of lifts) lift();
  const last = cards.map(({ room, last: read }) => ({ platform: room.platform, text: read()?.text ?? '' }));
  return {
    chat: home.chat.name,
    status,
    expected: 'published',
    ...tally.read(group.kind),
    ...(group.caption !== undefined && { expectedCaption: group.caption }),
    card: last[0]?.text ?? '',
    troubles,
    review: {
      approvals: voters.length,
      votes,
      initsBefore,
      decision: decisionOf(last.map(({ text }) => text)),
      cards: last,
    },
  };

  async function play(): Promise<DemoPost['status']> {
    const [emil, ben, dora] = voters;
    if (emil === undefined || ben === undefined || dora === undefined) throw new Error('Three have to vote.');
    if (!(await compose({ card: composer, group, where: home.draftName }, tell))) return 'refused';
    await beginWithoutTelegram();
    await voteWithoutDiscord(emil, ben);
    initsBefore = tally.read(group.kind).inits;
    await vote(dora);
    const isPost = ({ text }: Seen) => text.includes('Approved by');
    const ended = await follow({ card: cardIn(home), isPost, where: home.name, tally }, tell);
    for (const card of cards.slice(1)) await tellCard(card, (seen) => isPost(seen) && isSettled(seen));
    return ended;
  }

  /** The card comes to Telegram as soon as that answers again. */
  async function beginWithoutTelegram(): Promise<void> {
    const failed = () =>
      telegram.state.requests.filter(({ method, status: code }) => code === 502 && /^send/.test(method))
        .length;
    const before = failed();
    tell({ event: 'platform', name: 'Telegram', does: 'answers everything with 502 Bad Gateway' });
    const outage = telegram.fault('5xx', OUTAGE);
    lifts.push(outage.lift);
    cards = rooms.map((room) => room.nextCard());
    const refusal = await tap(composer, 'Ask for approval', tell);
    if (refusal !== undefined) throw new Error(refusal);
    tellSeen(cardIn(home), await cardIn(home).asks(CARD_MS));
    await telegram.until(() => (failed() > before ? true : undefined), {
      timeoutMs: CARD_MS,
      what: 'A card that Telegram does not take',
    });
    const met = failed() - before;
    outage.lift();
    troubles.push({ platform: 'telegram', what: 'Telegram did not take the card', met });
    tell({
      event: 'platform',
      name: 'Telegram',
      does: `answers again; Nod has tried to send the card ${timesOf(met)}`,
    });
    for (const card of cards.slice(1)) tellSeen(card, await card.asks(CARD_MS));
  }

  /** What was reacted on Discord meanwhile counts as soon as that is heard again. */
  async function voteWithoutDiscord(onTelegram: Voter, onDiscord: Voter): Promise<void> {
    tell({ event: 'platform', name: 'Discord', does: 'cannot be reached by Nod' });
    const outage = discord.fault('unreachable');
    lifts.push(outage.lift);
    await vote(onTelegram);
    for (const card of cards.slice(1)) await tellCard(card, ({ text }) => text.includes('1 of 3'));
    await vote(onDiscord);
    await discord.until(() => (outage.hits > 1 ? true : undefined), {
      timeoutMs: CARD_MS,
      what: 'A call to Discord',
    });
    const met = outage.hits;
    outage.lift();
    troubles.push({ platform: 'discord', what: 'Discord could not be reached', met });
    tell({ event: 'platform', name: 'Discord', does: `can be reached again; Nod has tried ${timesOf(met)}` });
    for (const card of cards) await tellCard(card, ({ text }) => text.includes('2 of 3'));
  }

  async function vote({ name, room, by }: Voter): Promise<void> {
    const does = by === 'reaction' ? `reacts with ${room.approveMark}` : 'taps [ Approve ]';
    tell({ event: 'person', who: name, does: `${does} in ${room.name}` });
    votes.push({ platform: room.platform, person: name, mark: 'approve', by });
    const told = by === 'reaction' ? await cardIn(room).react(name) : await cardIn(room).approve(name);
    if (told !== undefined) tell({ event: 'note', to: name, text: told });
  }

  function cardIn(room: ReviewCard['room']): ReviewCard {
    const card = cards.find((one) => one.room === room);
    if (card === undefined) throw new Error(`There is no card in ${room.name}.`);
    return card;
  }

  async function tellCard(card: ReviewCard, fits: (seen: Seen) => boolean): Promise<void> {
    tellSeen(card, await card.shows(fits, CARD_MS));
  }

  function tellSeen({ room }: ReviewCard, seen: Seen): void {
    tell({ event: 'card', where: room.name, ...seen });
  }
}

const timesOf = (count: number): string => (count === 1 ? 'once' : `${count} times`);
