import { basename } from 'node:path';
import { CARD_MS, type DemoCard, type DemoChat, labelsOf, type Seen } from './chat.ts';
import type { Group } from './options.ts';
import type { Tell } from './story.ts';

const ASKS = 2;
const ASK_AGAIN = 'Ask TikTok again';
const LEAVE_OUT = 'Leave out what cannot be used';
const RETRY = 'Try again';

/** Ana gives the files to the bot; the card that they get. */
export async function offer(group: Group, chat: DemoChat, tell: Tell): Promise<DemoCard> {
  const files = group.paths.map((path) => basename(path)).join(', ');
  const caption = group.caption === undefined ? '' : `  “${chat.address}${group.caption}”`;
  tell({ event: 'person', who: 'Ana', does: `sends ${files}${caption}` });
  return chat.send(group);
}

interface Composing {
  readonly card: DemoCard;
  readonly group: Group;
  readonly where?: string;
  /** Told what the card says of each file. */
  readonly onReport?: (lines: readonly string[]) => void;
}

/** Makes the choices on the card; whether the files can be posted. */
export async function compose(
  { card, group: { paths }, where, onReport = () => {} }: Composing,
  tell: Tell,
): Promise<boolean> {
  const seen = await look();
  onReport(reportOf(seen));
  const labels = labelsOf(seen);
  // Whether to go on without what cannot be used is for a person to decide, so the demo leaves it at that.
  if (labels.includes(LEAVE_OUT) || !labels.includes('Everyone')) return false;
  await tap(card, 'Everyone', tell);
  return true;

  /** The card once there is something to choose; where TikTok did not answer it is asked again, as the card offers. */
  async function look(): Promise<Seen> {
    for (let asks = 0; ; asks += 1) {
      const seen = await card.shows(
        (one) => isComplete(one, paths.length) || labelsOf(one).includes(ASK_AGAIN),
        CARD_MS,
      );
      tell({ event: 'card', ...(where !== undefined && { where }), ...seen });
      if (!labelsOf(seen).includes(ASK_AGAIN) || asks === ASKS) return seen;
      await tap(card, ASK_AGAIN, tell);
      await card.shows((one) => !labelsOf(one).includes(ASK_AGAIN), CARD_MS).catch(() => seen);
    }
  }
}

/** Ana taps a button; what she alone is told. */
export async function tap(card: DemoCard, label: string, tell: Tell): Promise<string | undefined> {
  tell({ event: 'person', who: 'Ana', does: `taps [ ${label} ]` });
  const note = await card.press(label);
  if (note !== undefined) tell({ event: 'note', text: note });
  return note;
}

/** The lines of a card below its title, one for each file. */
const reportOf = ({ text }: Seen): string[] => text.split('\n\n')[1]?.split('\n') ?? [];

/** All files are judged, and there is something to choose or nothing left to. */
function isComplete(card: Seen, count: number): boolean {
  const labels = labelsOf(card);
  const { text } = card;
  if (/ {2}(on the way|being prepared|being converted)/.test(text)) return false;
  const refused = text.match(/ {2}✕ /g)?.length ?? 0;
  const usable = refused === count ? 0 : Number(/^(\d+) /.exec(text)?.[1] ?? 1);
  const isDecided = labels.includes('Everyone') || labels.includes(LEAVE_OUT);
  // What Nod itself could not do is for its operator to mend, so the demo leaves it at that, too.
  const isHopeless = refused === count || labels.includes(RETRY) || text.includes('photos or one video');
  return (isDecided || isHopeless) && usable + refused >= count;
}
