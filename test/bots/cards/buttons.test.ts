import { expect, it } from 'vitest';
import {
  accessCard,
  claimedCard,
  decidedCard,
  fullCard,
  requestCard,
} from '../../../src/bots/access/access-cards.ts';
import {
  ACCESS_RIGHTS,
  ACCOUNT_RIGHTS,
  DRAFT_RIGHTS,
  LIST_RIGHTS,
  POST_RIGHTS,
  SETTINGS_RIGHTS,
} from '../../../src/bots/access/rights.ts';
import { accountNewsCard, accountsCard, removedCard } from '../../../src/bots/accounts/account-cards.ts';
import { type DraftMenu, draftCard } from '../../../src/bots/compose/draft-card.ts';
import type { Card } from '../../../src/bots/platform.ts';
import { changeCard, replacedCard } from '../../../src/bots/posts/caption-change.ts';
import { postCard } from '../../../src/bots/posts/post-card.ts';
import { cancelCard, postsCard } from '../../../src/bots/posts/post-list.ts';
import { openedCard, QUEUE_PAGE, queueCard } from '../../../src/bots/posts/queue-card.ts';
import { askZoneCard, zoneKnownCard } from '../../../src/bots/posts/zone-card.ts';
import { type ReviewView, reviewCard } from '../../../src/bots/review/review-card.ts';
import { historyCard } from '../../../src/bots/settings/history-card.ts';
import {
  codeCard,
  joinedCard,
  type SettingsView,
  settingsCard,
} from '../../../src/bots/settings/settings-card.ts';
import { connectCard, consentCard, disconnectCard, linkKeptCard } from '../../../src/bots/text/messages.ts';
import { WORDINGS } from '../../../src/bots/text/wording.ts';
import { uploadCard } from '../../../src/bots/uploads/upload-link.ts';
import type { PlaceAccess } from '../../../src/core/access/place-access.ts';
import type { Account } from '../../../src/core/accounts/accounts.ts';
import type { Invitation } from '../../../src/core/accounts/consent.ts';
import { type Draft, type DraftFile, UNDECIDED, versionOf } from '../../../src/core/compose/draft.ts';
import type { HistoryEntry } from '../../../src/core/history/history.ts';
import { DEFAULT_PACING } from '../../../src/core/publish/pacing.ts';
import type { Post, PostState } from '../../../src/core/publish/post.ts';
import { type Decision, defaultPolicy } from '../../../src/core/review/review.ts';
import { draftWith, photo, postIn, printedPresses, stored, videoFile } from './subjects.ts';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const LATER = NOW + 3_600_000;
const BEN = { id: 'telegram:2', name: 'Ben' };
const EDITORS = { id: 'discord:40', name: 'Editors' };
const pictureOf = () => ({ type: 'picture' as const, key: 'key', path: 'path' });
const common = { timeZone: 'UTC', now: NOW, pictureOf };

const TIMES = { timeZone: 'UTC', now: NOW };

const GRANTED = { openId: 'open-id', nickname: 'Studio Ana', scopes: ['video.publish', 'video.upload'] };
const life = { connectedBy: BEN, connectedAt: NOW, refreshExpiresAt: LATER };
const account = {
  ...life,
  openId: 'open-id',
  nickname: 'Studio Ana',
  scopes: [] as string[],
} as unknown as Account;
const other = {
  ...life,
  openId: 'other-id',
  nickname: 'Second Ana',
  scopes: [] as string[],
} as unknown as Account;

function draft(
  changes: Partial<Draft> = {},
  { approvals = 0, menu, accounts = [account, other] }: DraftOptions = {},
): Card {
  const terms = { ...defaultPolicy({ isPrivate: true }), approvals };
  return draftCard({
    ...common,
    draft: draftWith(changes),
    accounts,
    policy: terms,
    menu,
    hasFfmpeg: true,
  });
}
interface DraftOptions {
  readonly approvals?: number;
  readonly menu?: DraftMenu;
  readonly accounts?: readonly Account[];
}

const unusable = (more: object): DraftFile => {
  const { id, order, name, ref } = photo(2);
  return { id, order, name, ref, state: 'refused', problem: { code: 'file_damaged' }, ...more };
};
const video = { ...photo(3), kind: 'video' } as DraftFile;

const clip = videoFile(4);
const animation: DraftFile = { ...photo(5), pictures: 24 } as DraftFile;
const asVideo: DraftFile = { ...videoFile(6, { pictures: 24 }), use: { asVideo: true } };
const cut = { startSeconds: 65, maxSeconds: 600 };
const cutVideo: DraftFile = { ...videoFile(7, { durationSeconds: 900, shownSeconds: 600 }), use: { cut } };
const tooLong = unusable({
  problem: { code: 'video_too_long', durationSeconds: 900, maxSeconds: 600 },
  retry: { state: 'stored', kind: 'video', source: stored(9), durationSeconds: 900 },
});
const coverSheet = {
  of: versionOf(clip as Parameters<typeof versionOf>[0]),
  momentsMs: [0, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000],
  picture: stored(10),
};

const post = (state: PostState, more: Partial<Post> = {}, hasAccess = true): Card =>
  postCard({
    ...common,
    post: { ...postIn(state), ...more } as Post,
    chat: 'telegram:1',
    votes: [],
    goesOn: false,
    hasAccess,
    pacing: DEFAULT_PACING,
  });

const policy = { ...defaultPolicy({ isPrivate: false }), approvals: 2 };
const approved: Decision = { outcome: 'approved', by: [BEN], at: NOW };
const reviewWith = (decision?: Decision) => ({
  policy,
  chats: ['discord:1'],
  places: ['discord:9'],
  ...(decision !== undefined && { decision }),
});

const IN_REVIEW: PostState = { status: 'in_review', since: NOW, expiresAt: LATER };

function review(caption: string, changes: Partial<ReviewView> = {}): Card {
  const { content, ...base } = postIn(IN_REVIEW);
  return reviewCard({
    ...common,
    post: { ...base, content: { ...content, caption }, review: reviewWith() } as Post,
    chat: 'discord:1',
    votes: [],
    receivesReactions: true,
    previewUrl: 'https://nod.example/look/x',
    ...changes,
  });
}

const LAB = { id: 'telegram:-5', title: 'Lab', chat: 'telegram:-5' };
const STUDIO = { id: 'discord:1', title: 'Studio', chat: 'discord:10' };

const settings = (changes: Partial<SettingsView> = {}, approvals = 2): Card =>
  settingsCard({
    workspace: LAB.id,
    chat: LAB.chat,
    isPrivate: false,
    places: [LAB],
    isOperator: false,
    stats: true,
    now: NOW,
    settings: {
      policy: { ...defaultPolicy({ isPrivate: false }), approvals, people: [BEN], roles: [EDITORS] },
      timeZone: 'Europe/Berlin',
      weeklyDigest: false,
    },
    ...changes,
  });

const place = (state: PlaceAccess['state'], number = 7): PlaceAccess => ({
  state,
  workspace: `telegram:${number}`,
  title: `Kim ${number}`,
  isPrivate: true,
  chat: `telegram:${number}`,
  at: NOW,
  version: 1,
});

const ENTRY: HistoryEntry = { at: NOW, place: LAB.id, what: 'published', version: 1 };
const invitation = { chat: 'telegram:-5', person: BEN } as Invitation;
const held: PostState = {
  status: 'on_hold',
  problem: { code: 'privacy_not_offered', privacyLevel: 'PUBLIC_TO_EVERYONE' },
  privacyLevelOptions: ['FOLLOWER_OF_CREATOR', 'SELF_ONLY'],
  expiresAt: LATER,
};
const followed = { settledAt: NOW, publishId: 'p', postIds: ['7'], checks: 0, checkedAt: NOW } as const;
const uploading = {
  status: 'uploading',
  attemptId: 'a',
  publishId: 'p',
  since: NOW,
  uploadedBytes: 0,
  failures: 0,
} as const;
const processing = {
  status: 'processing',
  attemptId: 'a',
  publishId: 'p',
  since: NOW,
  checks: 0,
  checkedAt: NOW,
  nextCheckAt: LATER,
  pulledBytes: 0,
} as const;
const ended = { settledAt: NOW } as const;

const CARDS: Readonly<Record<string, Card>> = {
  'draft, open': draft({ files: [photo(1), photo(2)], caption: 'First light' }),
  'draft, to be reviewed at a time': draft({ plan: { at: LATER } }, { approvals: 1 }),
  'draft, with a disclosure': draft({
    disclosing: true,
    settings: { ...UNDECIDED, privacyLevel: 'PUBLIC_TO_EVERYONE' },
  }),
  'draft, of a video': draft({ files: [video] }),
  'draft, its photos': draft({ files: [photo(1), photo(2)] }, { menu: 'files' }),
  'draft, one of its photos': draft({ files: [photo(1), photo(2)] }, { menu: { fileId: '2' } }),
  'draft, one of its files': draft({ files: [unusable({}), video] }, { menu: { fileId: '2' } }),
  'draft, its account': draft({}, { menu: 'accounts' }),
  'draft, of photos and a video': draft({ files: [photo(1), video] }),
  'draft, of an animation': draft({ files: [animation] }),
  'draft, of an animation as a video': draft({ files: [asVideo] }),
  'draft, its animations': draft({ files: [photo(1), animation] }, { menu: 'animations' }),
  'draft, of photos with an animation': draft({ files: [photo(1), animation] }),
  'draft, of photos and an animation as a video': draft({ files: [photo(1), asVideo] }),
  'draft, of a video that is too long': draft({ files: [tooLong] }),
  'draft, of a video that is trimmed': draft({ files: [cutVideo] }),
  'draft, the cover of its video': draft({ files: [clip], coverSheet }, { menu: 'frames' }),
  'draft, the part of its video': draft({ files: [cutVideo] }, { menu: 'trimming' }),
  'draft, with a file that failed': draft({
    files: [
      photo(1),
      unusable({
        problem: { code: 'preparing_failed', reason: 'unknown', name: 'photo-2.png' },
        retry: { state: 'waiting' },
      }),
    ],
  }),
  'draft, with nothing to post': draft({ files: [unusable({})] }),
  'draft, whose account cannot post now': draft({
    account: {
      ...GRANTED,
      state: 'unavailable',
      problem: { code: 'account_cannot_post', reason: 'daily_post_limit', username: 'studio.ana' },
    },
  }),
  'draft, where no account is': draft({ account: { state: 'none' } }, { accounts: [] }),
  'draft, whose account is not chosen': draft({ account: { state: 'unchosen' } }),
  'post, being prepared': post({ status: 'preparing' }),
  'post, queued': post({ status: 'queued', notBefore: NOW }),
  'post, being uploaded': post(uploading),
  'post, at TikTok': post(processing),
  'post, on hold': post(held),
  'post, published': post({ status: 'published', ...followed }),
  'post, cancelled': post({ status: 'cancelled', ...ended }),
  'post, failed': post({ status: 'failed', failure: { reason: 'spam' }, ...ended }),
  'post, failed without access': post({ status: 'failed', failure: { reason: 'access_removed' }, ...ended }),
  'post, refused for the audit': post({ status: 'failed', failure: { reason: 'unaudited_app' }, ...ended }),
  'post, with a format that was refused': post({
    status: 'failed',
    failure: { reason: 'format_refused' },
    ...ended,
  }),
  'post, refused for its AI label': post({
    status: 'failed',
    failure: { reason: 'ai_label_refused' },
    ...ended,
  }),
  'post, whose video TikTok found too long': post(
    { status: 'failed', failure: { reason: 'duration_refused' }, ...ended },
    { content: { ...postIn(IN_REVIEW).content, kind: 'video' } },
  ),
  'post, not confirmed': post({ status: 'unconfirmed', publishId: 'p', ...ended }),
  'post, approved for a time': post(
    { status: 'queued', notBefore: LATER },
    { review: reviewWith(approved), publishAt: LATER },
  ),
  'post, rejected': post(
    { status: 'rejected', ...ended },
    { review: reviewWith({ ...approved, outcome: 'rejected' }) },
  ),
  'post, whose review has expired': post({ status: 'expired', ...ended }, { review: reviewWith() }),
  'post, with another caption offered': changeCard(postIn(IN_REVIEW), {
    caption: 'Second light',
    because: 'edit',
    approvals: 0,
  }),
  'post, with a file that was replaced': replacedCard(postIn(IN_REVIEW)),
  review: review('First light'),
  'review, that nobody can approve': review('First light', {
    outlook: { electorate: { people: [], isComplete: true }, isApprovable: false, isAuthorBarred: true },
  }),
  'review, with a long caption': review('x'.repeat(3_900)),
  'settings, of a group': settings(),
  'settings, of a server that is joined': settings({
    workspace: STUDIO.id,
    chat: STUDIO.chat,
    places: [STUDIO, LAB],
  }),
  'settings, of a chat that has joined': settings({ places: [STUDIO, LAB] }),
  'settings, of the operator in private': settings({ isPrivate: true, isOperator: true }, 0),
  'settings, reviews in another topic': settings({ places: [{ ...LAB, reviewChat: 'telegram:-5:7' }] }),
  'settings, a code': codeCard('K7QM-2F4D', { back: true }),
  'settings, two chats joined': joinedCard({ places: [LAB, STUDIO], accounts: 1 }),
  history: historyCard({ entries: [ENTRY], timeZone: 'UTC', wording: WORDINGS.telegram }),
  'list, of posts': postsCard({
    posts: [],
    hidden: [draftWith({ id: 'hidden' })],
    left: [draftWith({ id: 'left' })],
    wording: WORDINGS.discord,
    timeZone: 'UTC',
    now: NOW,
  }),
  'list, of what goes out': queueCard({
    entries: Array.from({ length: QUEUE_PAGE }, () => ({
      post: postIn({ status: 'queued', notBefore: LATER }),
      votes: [],
      hasAccess: true,
    })),
    page: 1,
    count: 3 * QUEUE_PAGE,
    wording: WORDINGS.telegram,
    timeZone: 'UTC',
    now: NOW,
  }),
  'list, a post of what goes out': openedCard({
    card: post({ status: 'queued', notBefore: LATER }),
    post: postIn({ status: 'queued', notBefore: LATER }),
    page: 1,
    isPlannable: true,
    previewUrl: 'https://nod.example/look/x',
  }),
  'list, of what is under way': cancelCard({
    drafts: [draftWith()],
    posts: [postIn({ status: 'preparing' })],
    timeZone: 'UTC',
    now: NOW,
  }),
  'zone, asked for a draft': askZoneCard({
    on: 'draft',
    id: 'draft',
    person: BEN,
    zones: ['Europe/Berlin', 'America/Argentina/Buenos_Aires', 'UTC'],
    now: NOW,
  }),
  'zone, said for a post': zoneKnownCard('Times here are those of UTC now.', { on: 'post', id: 'post' }),
  'post, planned, from a backup': post(
    { status: 'queued', notBefore: LATER },
    { publishAt: LATER, restoredAt: NOW },
  ),
  'post, planned, without its account': post(
    { status: 'queued', notBefore: LATER },
    { publishAt: LATER },
    false,
  ),
  'post, waiting for its account': post(
    { status: 'queued', notBefore: LATER, wait: { reason: 'account_disconnected' } },
    {},
    false,
  ),
  'review, without its account': review('', { hasAccess: false, pacing: DEFAULT_PACING }),
  'accounts, listed': accountsCard([account, other], WORDINGS.telegram, { stats: true, ...TIMES }),
  'accounts, one lost': accountsCard([account, { ...other, expired: true }], WORDINGS.telegram, {
    stats: true,
    ...TIMES,
  }),
  'accounts, lost': accountNewsCard({ type: 'lost', account, places: [] }, TIMES),
  'accounts, ending': accountNewsCard({ type: 'ending', account, places: [] }, TIMES),
  'accounts, removed': removedCard(account.openId, account),
  'accounts, to disconnect': disconnectCard([account, other], WORDINGS.telegram),
  'accounts, the link to connect': connectCard('https://nod.example/connect/x'),
  'draft, the link to upload': uploadCard('https://nod.example.com/upload/secret', {
    maxBytes: 4e9,
    isFirst: false,
  }),
  'draft, the link to begin with': uploadCard('https://nod.example.com/upload/secret', {
    maxBytes: 4e9,
    isFirst: true,
  }),
  'accounts, the way to the link': linkKeptCard(BEN, WORDINGS.telegram, 'https://t.me/nod?start=connect'),
  'accounts, connected': consentCard(
    { type: 'connected', account, invitation, missingScopes: [], lacksStats: true },
    0,
  ),
  'access, a request': requestCard(place('asked')),
  'access, allowed': decidedCard(place('allowed')),
  'access, withdrawn': decidedCard(place('withdrawn')),
  'access, blocked': decidedCard(place('blocked')),
  'access, put off': decidedCard(place('postponed')),
  'access, too many requests': fullCard,
  'access, for a new operator': claimedCard(WORDINGS.telegram, 1),
  'access, the list': accessCard({
    places: (['met', 'asked', 'postponed', 'allowed', 'withdrawn', 'blocked'] as const).map(place),
    page: 0,
    isOpen: false,
  }),
  'access, a page in the middle of the list': accessCard({
    places: Array.from({ length: 60 }, (_, index) => place('allowed', index)),
    page: 1,
    isOpen: false,
  }),
};

const printed = (): string =>
  Object.entries(CARDS)
    .map(([name, card]) => `# ${name}\n${printedPresses(card)}\n`)
    .join('\n');

it('has buttons that send what they say, on every kind of card', async () => {
  await expect(printed()).toMatchFileSnapshot('buttons.txt');
});

it('prints a button for everything that a button can ask for', () => {
  const verbs = [
    ...Object.keys(DRAFT_RIGHTS).map((verb) => `→ d:[^:]+:${verb}`),
    ...Object.keys(POST_RIGHTS).map((verb) => `→ p:[^:]+:${verb}`),
    ...Object.keys(LIST_RIGHTS).map((verb) => `→ l:${verb.replace(' ', ':')}`),
    ...Object.keys(ACCOUNT_RIGHTS).map((verb) => `→ a:[^:]+:${verb}`),
    ...Object.keys(SETTINGS_RIGHTS).map((verb) => `→ s:${verb.replace(' ', ':')}`),
    ...Object.keys(ACCESS_RIGHTS).map((verb) => `→ o:[^:]+:${verb}`),
  ];
  const all = printed();
  expect(verbs.filter((verb) => !new RegExp(`${verb}[:\\]]`).test(all))).toEqual([]);
});
