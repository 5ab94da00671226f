import type { Account } from '../../core/accounts.ts';
import type { ConsentOutcome } from '../../core/consents.ts';
import type { Draft } from '../../core/draft.ts';
import type { Problem } from '../../core/errors.ts';
import { isSettled, type Post } from '../../core/post.ts';
import type { Button, Card, Line } from '../bot.ts';
import { accountKey, encodePress } from '../presses.ts';
import { failureWords } from './failures.ts';
import { type Idiom, idiomOf } from './idioms.ts';
import { linksOf } from './post-card.ts';
import { problemText } from './problems.ts';
import { accountName, agoOf, excerptOf, filesWord, limitOf, whenOf } from './words.ts';

/** The commands that a chat's menu shows. */
export const COMMANDS = [
  { name: 'start', description: 'What Nod does, and how to begin' },
  { name: 'connect', description: 'Connect a TikTok account' },
  { name: 'accounts', description: 'The connected TikTok accounts' },
  { name: 'disconnect', description: 'Disconnect a TikTok account' },
  { name: 'posts', description: 'Recent posts, with status and link' },
  { name: 'cancel', description: 'Cancel what is under way' },
  { name: 'help', description: 'What Nod takes, and what it does with it' },
] as const;

/** A card of plain lines without buttons. */
export function note(...lines: string[]): Card {
  return { lines: lines.map((line): Line => (line === '' ? [] : [line])), rows: [] };
}

export function problemCard(problem: Problem, idiom: Idiom): Card {
  return note(problemText(problem, idiom));
}

export function startCard(hasAccount: boolean): Card {
  return {
    lines: [
      [{ text: 'Nod posts to TikTok from this chat.', style: 'bold' }],
      [],
      ...(hasAccount ? [] : [['1. /connect your TikTok account.'] as Line]),
      [
        `${hasAccount ? '' : '2. '}Send a video, a photo or an album. Send photos as files to keep their full quality.`,
      ],
      [`${hasAccount ? '' : '3. '}Choose on the card who can see it, and tap Post now.`],
    ],
    rows: [],
  };
}

/** What Nod takes, how it gets it, and the commands. */
export function helpCard({ slash, help }: Idiom, maxFileBytes: number | undefined): Card {
  return note(
    'A post is 1 to 35 photos or one video. JPEG, PNG and WebP become JPEG as TikTok takes it; MP4 and MOV keep their quality.',
    '',
    ...help,
    ...(maxFileBytes === undefined ? [] : [`You can attach files up to ${limitOf(maxFileBytes)} here.`]),
    'Nothing is posted before you tap Post now, and nothing is ever posted twice.',
    '',
    ...COMMANDS.filter(({ name }) => name !== 'start' && name !== 'help').map(
      ({ name, description }) => `${slash}${name}  ${description}`,
    ),
  );
}

export function connectCard(url: string): Card {
  return {
    lines: [
      ['Connect a TikTok account with this link. It is good for one hour and for one account.'],
      ['In a clean browser window you choose the account that TikTok asks about.'],
    ],
    rows: [[{ label: 'Connect TikTok', href: url, tone: 'main' }]],
  };
}

export function accountsCard(accounts: readonly Account[], idiom: Idiom): Card {
  if (accounts.length === 0) return problemCard({ code: 'no_account' }, idiom);
  const lines = accounts.map((account): Line => {
    const state = account.expired
      ? `  needs ${idiom.slash}connect again`
      : `  connected by ${account.connectedBy.name}`;
    return [{ text: accountName(account), style: 'bold' }, state];
  });
  return { lines: [['TikTok accounts here'], ...lines], rows: [] };
}

export function disconnectCard(accounts: readonly Account[], idiom: Idiom): Card {
  if (accounts.length === 0) return problemCard({ code: 'no_account' }, idiom);
  const rows = accounts.map((account): Button[] => [
    {
      label: `Disconnect ${accountName(account)}`,
      press: encodePress({ on: 'account', id: accountKey(account.openId), verb: 'disconnect' }),
      tone: 'bad',
    },
  ]);
  return {
    lines: [['Which account shall Nod forget? Its tokens are deleted, and taken back at TikTok.']],
    rows,
  };
}

/** Recent posts; `hidden` drafts can be opened again from here. */
export function postsCard({
  posts,
  hidden,
  idiom,
  now,
}: {
  posts: readonly Post[];
  hidden: readonly Draft[];
  idiom: Idiom;
  now: number;
}): Card {
  const rows = hidden.slice(0, 5).map((draft): Button[] => [
    {
      label: `Continue draft: ${excerptOf(draft.caption || filesWord(undefined, draft.files.length), 30)}`,
      press: encodePress({ on: 'draft', id: draft.id, verb: 'open' }),
    },
  ]);
  if (posts.length === 0) {
    return { ...note(`Nothing was posted from here yet. ${idiom.toPost}`), rows };
  }
  const lines = posts.flatMap((post): Line[] => {
    const what = post.content.caption || filesWord(post.content.kind, post.content.sources.length);
    const [link] = linksOf(post);
    const age = agoOf(post.createdAt, now);
    return [
      [{ text: excerptOf(what, 60), style: 'bold' }, `  ${age}`],
      [`${stateWord(post, now)} · ${accountName(post.account)}`],
      ...(link === undefined ? [] : [[link]]),
      [],
    ];
  });
  return { lines: lines.slice(0, -1), rows };
}

function stateWord(post: Post, now: number): string {
  switch (post.status) {
    case 'published':
      return '✓ live';
    case 'in_inbox':
      return '✓ in the TikTok inbox';
    case 'failed':
      return `✕ ${failureWords(idiomOf(post.chat), post.failure.reason, post.failure.reasonRaw).what}`;
    case 'queued':
      return post.wait === undefined ? 'queued' : `waiting, next try ${whenOf(post.notBefore, now)}`;
    case 'processing':
      return 'TikTok is processing it';
    case 'unconfirmed':
      return '? not confirmed';
    default:
      return post.status.replace('_', ' ');
  }
}

/** What can be cancelled, one button each. */
export function cancelCard(drafts: readonly Draft[], posts: readonly Post[]): Card {
  const open = posts.filter((post) => !isSettled(post));
  if (drafts.length + open.length === 0) return note('Nothing is under way.');
  const label = (caption: string, count: number) => excerptOf(caption || filesWord(undefined, count), 30);
  const rows: Button[][] = [
    ...drafts.map((draft): Button[] => [
      {
        label: `Discard draft: ${label(draft.caption, draft.files.length)}`,
        press: encodePress({ on: 'draft', id: draft.id, verb: 'discard' }),
      },
    ]),
    ...open.map((post): Button[] => [
      {
        label: `Cancel post: ${label(post.content.caption, post.content.sources.length)}`,
        press: encodePress({ on: 'post', id: post.id, verb: 'cancel' }),
      },
    ]),
  ];
  return { lines: [['What shall be cancelled?']], rows };
}

/** What the chat is told when a way through TikTok's consent page has ended; undefined where nobody asked. */
export function consentCard(outcome: ConsentOutcome): Card | undefined {
  if (outcome.type === 'unknown') return undefined;
  const idiom = idiomOf(outcome.invitation.chat);
  const { slash, toPost } = idiom;
  switch (outcome.type) {
    case 'connected': {
      const missing = outcome.missingScopes.filter((scope) => scope !== 'user.info.basic');
      return note(
        `✓ ${accountName(outcome.account)} is connected.`,
        missing.length === 0
          ? toPost
          : missing.map((scope) => problemText({ code: 'scope_missing', scope }, idiom)).join('\n'),
      );
    }
    case 'denied':
      return note(
        `TikTok was told not to let Nod in, so no account is connected. ${slash}connect tries again.`,
      );
    case 'expired':
      return note(`The connection was not finished within 10 minutes. ${slash}connect gives a new link.`);
    case 'reused':
      return note(
        `The link back from TikTok was opened twice; the second time changed nothing. ${slash}accounts shows what is connected.`,
      );
    case 'foreign':
      return note(
        `The connection was finished in another browser than it was begun in, so it was refused. ${slash}connect gives a new link; open it where you are signed in to TikTok.`,
      );
    case 'refused':
      return note(
        `TikTok refused the connection (${outcome.code}). ${slash}connect tries again; if that does not help, the operator checks the app at TikTok.`,
      );
    case 'unreachable':
      return note(
        `TikTok did not answer while the account was being connected. ${slash}connect tries again.`,
      );
  }
}
