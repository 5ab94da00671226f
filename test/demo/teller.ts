import type { Seen } from './chat.ts';
import type { DemoMoment, DemoPost, DemoReview, Result, Step, Tell } from './story.ts';

const WHO_WIDTH = 9;

/** Tells the story on the terminal: one JSON object a line, or as a person reads it. */
export function createTeller({ json, write }: { json: boolean; write: (text: string) => void }): Tell {
  if (json) return (step) => write(`${JSON.stringify(step)}\n`);
  /** What a card showed when it was told last, by where it stands. */
  const shown = new Map<string, readonly string[]>();

  function inWords(step: Step): string {
    switch (step.event) {
      case 'start':
        return `${step.note}\n`;
      case 'chat':
        return `\nIn ${step.name}\n\n`;
      case 'scene':
        return `\n${step.text}\n\n`;
      case 'person':
        return said(step.who, step.does);
      case 'note':
        return said('Nod', step.to === undefined ? step.text : `to ${step.to} alone: ${step.text}`);
      case 'tiktok':
        return said('TikTok', step.does);
      case 'platform':
        return said(step.name, step.does);
      case 'card':
        return step.where === undefined
          ? frame('', linesOf(step))
          : frame(` ${step.where}`, news(step, step.where));
      case 'result':
        return `\n${summary(step)}\n`;
    }
  }

  /** A card that was told already is told by what has changed about it, below its headline. */
  function news(card: Seen, where: string): string[] {
    const lines = linesOf(card);
    const before = new Set(shown.get(where) ?? []);
    shown.set(where, lines);
    return lines
      .map((line, index) => (index > 0 && line !== '' && before.has(line) ? '…' : line))
      .filter((line, index, all) => line !== '' || (all[index - 1] !== '…' && all[index + 1] !== '…'))
      .filter((line, index, all) => line !== '…' || all[index - 1] !== '…');
  }

  return (step) => write(inWords(step));
}

function said(who: string, text: string): string {
  const [first = '', ...rest] = text.split('\n');
  return `${[who.padEnd(WHO_WIDTH) + first, ...rest.map((line) => ' '.repeat(WHO_WIDTH) + line)].join('\n')}\n`;
}

function linesOf({ text, buttons, marks = [] }: Seen): string[] {
  const rows = buttons.map((row) => row.map((label) => `[ ${label} ]`).join(' '));
  return [
    ...text.split('\n'),
    ...(rows.length > 0 ? ['', ...rows] : []),
    ...(marks.length > 0 ? [marks.join('  ')] : []),
  ];
}

function frame(title: string, lines: readonly string[]): string {
  const indent = ' '.repeat(WHO_WIDTH);
  return `${said('Nod', `┌${title}`)}${lines.map((line) => `${indent}│ ${line}`.trimEnd()).join('\n')}\n${indent}└\n`;
}

function summary({ ok, posts }: Result): string {
  const published = posts.filter((post) => post.status === 'published').length;
  const rejected = posts.filter((post) => post.status === 'rejected').length;
  const count = `${published} of ${posts.length} published${rejected > 0 ? `, ${rejected} rejected` : ''}`;
  const hasPlan = posts.some(({ expected }) => expected === 'rejected');
  const verdict = hasPlan ? (ok ? ', as it should be' : ', not as it should be') : ok ? '' : ', not all';
  return [
    `${count}${verdict}:`,
    ...posts.flatMap((post, index) => [`  ${index + 1}. ${postWords(post)}`, ...whyNot(post)]),
  ].join('\n');
}

/** What the card said of the files that were not posted. */
const whyNot = ({ status, report = [], told }: DemoPost): string[] =>
  status === 'published' ? [] : [...report, ...(told?.split('\n') ?? [])].map((line) => `     ${line}`);

function postWords(post: DemoPost): string {
  const received = post.media
    .map((media) => `${media.contentType} ${media.width}×${media.height}`)
    .join(', ');
  const calls = `${post.inits} init call${post.inits === 1 ? '' : 's'}`;
  const text = post.caption === null ? '' : ` “${post.caption}”`;
  const took = received === '' ? '' : `; TikTok received ${received}${text}`;
  const met = (post.troubles ?? []).map(({ what, met }) => `; ${what}, met ${met}×`).join('');
  const later = (post.later ?? []).map(laterWords).join('');
  return `${post.chat}, ${post.kind}: ${outcomeWords(post)}, ${calls}${took}${met}${later}`;
}

const laterWords = ({ when, expected, card }: DemoMoment): string =>
  card === null ? `; ${when} not “${expected}”` : `; ${when} “${expected}”`;

function outcomeWords({ status, review }: DemoPost): string {
  if (review === undefined) return status;
  const { outcome } = review.decision ?? {};
  return status === outcome ? decisionWords(review) : `${status}, ${decisionWords(review)}`;
}

function decisionWords({ votes, decision }: DemoReview): string {
  if (decision === null) return 'the cards do not agree on a decision';
  const where = (name: string) => votes.find(({ person }) => person === name)?.platform;
  const platform = { discord: 'Discord', telegram: 'Telegram' } as const;
  const names = decision.by.map((name) => {
    const found = where(name);
    return found === undefined ? name : `${name} on ${platform[found]}`;
  });
  return `${decision.outcome} by ${new Intl.ListFormat('en-GB').format(names)}`;
}
