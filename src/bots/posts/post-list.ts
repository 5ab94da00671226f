import type { Workspaces } from '../../core/accounts/workspaces.ts';
import { chosenAccount, type Draft, kindOf, plannedAt } from '../../core/compose/draft.ts';
import { openDraftsIn, openDraftsOf } from '../../core/compose/open-drafts.ts';
import type { ChatRef, Person } from '../../core/people.ts';
import { awaitsAccount, isSettled, isTakenDown, linksOf, type Post } from '../../core/publish/post.ts';
import { recentIn, reviewsIn, underWayIn } from '../../core/publish/posts.ts';
import type { Store } from '../../core/storage/database.ts';
import { isAbsent } from '../access/members.ts';
import { draftButton, postButton } from '../buttons.ts';
import { type Bot, type Button, buttonColumn, type Card, type Line } from '../platform.ts';
import { failureWords } from '../text/failures.ts';
import {
  accountName,
  agoSpan,
  excerptOf,
  filesWord,
  momentSpan,
  postName,
  whenSpan,
} from '../text/format.ts';
import { note } from '../text/messages.ts';
import { type Wording, wordingOf } from '../text/wording.ts';

const RECENT_POSTS = 10;
/** Each costs a call. */
const MAX_AUTHORS = 20;

/** Looks up what is under way, and what was, for the people of a workspace and of all that share with it. */
export function createLists({
  drafts,
  posts,
  workspaces,
  botFor,
}: {
  drafts: Store<Draft>;
  posts: Store<Post>;
  workspaces: Workspaces;
  botFor: (chat: ChatRef) => Bot;
}) {
  /** The drafts that the person composes in this one place. */
  async function openDrafts(workspace: string, person: Person): Promise<Draft[]> {
    return (await openDraftsOf(drafts, person)).filter((draft) => draft.workspace === workspace);
  }

  /** The drafts of a place whose authors can do nothing with them any more; looked up for some authors at most. */
  async function leftDrafts(workspace: string): Promise<Draft[]> {
    const absent = new Map<string, boolean>();
    const left: Draft[] = [];
    for (const draft of await openDraftsIn(drafts, workspace)) {
      const { author, chat } = draft;
      if (!absent.has(author.id) && absent.size < MAX_AUTHORS)
        absent.set(author.id, await isAbsent(botFor, { author, chat }));
      if (absent.get(author.id)) left.push(draft);
    }
    return left;
  }

  /** Newest first. */
  async function recentPosts(workspace: string): Promise<Post[]> {
    return recentIn(posts, await workspaces.idsOf(workspace), RECENT_POSTS);
  }

  async function postsUnderWay(workspace: string, person: Person): Promise<Post[]> {
    return (await underWayIn(posts, workspace)).filter(({ author }) => author.id === person.id);
  }

  return {
    openDrafts,
    leftDrafts,
    recentPosts,
    postsUnderWay,
    reviewsIn: (chat: ChatRef) => reviewsIn(posts, chat),
  };
}

export type Lists = ReturnType<typeof createLists>;

/** Of each kind, in one list. */
const MAX_DRAFTS = 5;

/** Recent posts; `hidden` drafts can be opened again from here, and those that somebody has left be taken over. */
export function postsCard({
  posts,
  hidden,
  left,
  wording,
  timeZone,
  now,
}: {
  posts: readonly Post[];
  hidden: readonly Draft[];
  left: readonly Draft[];
  wording: Wording;
  /** IANA name. */
  timeZone: string;
  now: number;
}): Card {
  const rows = buttonColumn([
    ...hidden.slice(0, MAX_DRAFTS).map((draft) => openButton('Continue draft', draft)),
    ...left.slice(0, MAX_DRAFTS).map((draft) => openButton(`Take over ${draft.author.name}’s draft`, draft)),
  ]);
  if (posts.length === 0) {
    return { ...note(`Nothing was posted from here yet. ${wording.toPost}`), rows };
  }
  const lines = posts.flatMap((post): Line[] => {
    const [link] = linksOf(post);
    return [
      [{ text: postName(post), style: 'bold' }, '  ', agoSpan(post.createdAt, now)],
      [...stateWords(post, now, timeZone), ` · ${accountName(post.account)}`],
      ...(link === undefined ? [] : [[link]]),
      [],
    ];
  });
  return { lines: lines.slice(0, -1), rows };
}

function openButton(what: string, draft: Draft): Button {
  const excerpt = excerptOf(draft.caption || filesWord(undefined, draft.files.length), 30);
  return draftButton(draft, `${what}: ${excerpt}`, 'open');
}

function stateWords(post: Post, now: number, timeZone: string): Line {
  switch (post.status) {
    case 'published':
      return [isTakenDown(post) ? '✕ no longer public' : '✓ live'];
    case 'in_inbox':
      return ['✓ in the TikTok inbox'];
    case 'failed':
      return [`✕ ${failureWords(wordingOf(post.chat), post.failure.reason, post.failure.reasonRaw).what}`];
    case 'queued':
      if (awaitsAccount(post))
        return ['waits for its account until ', momentSpan(post.notBefore, now, timeZone)];
      if (post.wait?.limit !== undefined)
        return ['waits for a limit of TikTok’s until ', momentSpan(post.notBefore, now, timeZone)];
      if (post.wait !== undefined) return ['waiting, next try ', whenSpan(post.notBefore, now, timeZone)];
      return post.notBefore > now ? ['goes out ', momentSpan(post.notBefore, now, timeZone)] : ['queued'];
    case 'in_review':
      return ['waits for approval until ', momentSpan(post.expiresAt, now, timeZone)];
    case 'on_hold':
      return [`waits for ${post.author.name} to choose`];
    case 'uploading':
      return ['being uploaded to TikTok'];
    case 'processing':
      return ['TikTok is processing it'];
    case 'unconfirmed':
      return ['? not confirmed'];
    case 'preparing':
      return ['its files are being prepared'];
    case 'submitting':
      return ['on its way'];
    case 'withdrawn':
      return ['taken back to change it'];
    case 'rejected':
      return ['✕ not approved'];
    case 'expired':
      return ['its time was over'];
    case 'cancelled':
      return ['cancelled'];
  }
}

/** What can be cancelled, one button each, told so that nobody takes one for another. */
export function cancelCard({
  drafts,
  posts,
  timeZone,
  now,
}: {
  drafts: readonly Draft[];
  posts: readonly Post[];
  /** IANA name. */
  timeZone: string;
  now: number;
}): Card {
  const open = posts.filter((post) => !isSettled(post));
  if (drafts.length + open.length === 0) return note('Nothing is under way.');
  const things = [
    ...drafts.map((draft) => draftThing(draft, timeZone, now)),
    ...open.map((post) => postThing(post, timeZone, now)),
  ];
  const numbered = things.map(({ what, facts, label, button }, index) => ({
    lines: [[], [`${index + 1}  `, { text: what, style: 'bold' as const }], joined(facts)],
    button: button(`${label} ${index + 1}: ${excerptOf(what, 30)}`),
  }));
  return {
    lines: [['What do you want to cancel?'], ...numbered.flatMap(({ lines }) => lines)],
    rows: buttonColumn(numbered.map(({ button }) => button)),
  };
}

/** The facts that there are, beside each other. */
const joined = (facts: readonly Line[]): Line =>
  facts.filter((fact) => fact.length > 0).flatMap((fact, index) => (index === 0 ? fact : [' · ', ...fact]));

function draftThing(draft: Draft, timeZone: string, now: number) {
  const { caption, files, createdAt } = draft;
  const [first] = files;
  const account = chosenAccount(draft);
  const at = plannedAt(draft);
  return {
    // Files alone look alike in number; their names seldom do.
    what: excerptOf(caption, 60) || excerptOf(first?.name ?? 'Draft without files', 60),
    facts: [
      [filesWord(kindOf(draft), files.length)],
      [account === undefined ? 'no account yet' : accountName(account)],
      at === undefined ? [] : ['for ', momentSpan(at, now, timeZone)],
      ['draft, begun ', agoSpan(createdAt, now)],
    ],
    label: 'Discard draft',
    button: (label: string) => draftButton(draft, label, 'discard'),
  };
}

function postThing(post: Post, timeZone: string, now: number) {
  const { content, account, createdAt } = post;
  const [first] = content.sources;
  return {
    what: excerptOf(content.caption, 60) || excerptOf(first?.name ?? '', 60),
    facts: [
      [filesWord(content.kind, content.sources.length)],
      [accountName(account)],
      stateWords(post, now, timeZone),
      ['submitted ', agoSpan(createdAt, now)],
    ],
    label: 'Cancel post',
    button: (label: string) => postButton(post, label, 'cancel'),
  };
}
