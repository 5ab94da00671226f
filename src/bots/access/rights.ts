/**
 * Who may do what, but for the commands, which say it themselves. A right is held now, in the place that the event comes from:
 *
 * - `anyone`: also who may not use this Nod
 * - `member`: belongs to the place
 * - `self`: belongs to it, and acts under their own name for themselves alone
 * - `manager`: manages the server or administers the group
 * - `author`: composed it and belongs to its place; where the author can do nothing any more, who manages the place
 * - `author_or_manager`: either of them
 * - `voter`: has a say in the review, by the terms of the post
 * - `operator`: runs this Nod
 */
export type Right =
  | 'anyone'
  | 'member'
  | 'self'
  | 'manager'
  | 'author'
  | 'author_or_manager'
  | 'voter'
  | 'operator';

/** What a button on the card of a draft asks for. */
export const DRAFT_RIGHTS = {
  privacy: 'author',
  set: 'author',
  disclose: 'author',
  photos: 'author',
  keep: 'author',
  file: 'author',
  first: 'author',
  earlier: 'author',
  later: 'author',
  last: 'author',
  cover_photo: 'author',
  drop: 'author',
  drop_refused: 'author',
  retry_files: 'author',
  title: 'author',
  animations: 'author',
  animate: 'author',
  still: 'author',
  trim: 'author',
  trim_from: 'author',
  whole: 'author',
  frames: 'author',
  frame: 'author',
  frame_at: 'author',
  caption: 'author',
  when: 'author',
  zone: 'author',
  account: 'author',
  accounts: 'author',
  again: 'author',
  files: 'author',
  upload: 'author',
  page: 'author',
  open: 'author',
  back: 'author',
  post: 'author',
  inbox: 'author',
  discard: 'author',
  /** Of those who may touch the draft. */
  connect: 'manager',
} as const satisfies Record<string, Right>;

/** What a button on the card of a post asks for. */
export const POST_RIGHTS = {
  approve: 'voter',
  reject: 'voter',
  why: 'voter',
  when: 'author_or_manager',
  zone: 'author_or_manager',
  now: 'author_or_manager',
  keep: 'author_or_manager',
  cancel: 'author_or_manager',
  caption: 'member',
  show: 'member',
  again: 'author',
  inbox: 'author',
  privacy: 'author',
  edit: 'author',
  recaption: 'author',
  trim: 'author',
  unlabel: 'author',
  connect: 'manager',
  approver: 'manager',
  own_vote: 'manager',
} as const satisfies Record<string, Right>;

/** What a button below a list asks for, by the list and what it does. */
export const LIST_RIGHTS = { 'queue page': 'member' } as const satisfies Record<string, Right>;

/** What a button beside an account asks for. */
export const ACCOUNT_RIGHTS = { disconnect: 'manager', connect: 'manager' } as const satisfies Record<
  string,
  Right
>;

/** What a button or a menu of the settings asks for, by what it is about and what it does. */
export const SETTINGS_RIGHTS = {
  'card show': 'manager',
  'approvals set': 'manager',
  'hours set': 'manager',
  'managers set': 'manager',
  'author set': 'manager',
  'rejection set': 'manager',
  'linked set': 'manager',
  'roles pick': 'manager',
  'roles drop': 'manager',
  'people pick': 'manager',
  'people drop': 'manager',
  'reviews set': 'manager',
  'zone ask': 'manager',
  'digest set': 'manager',
  'join ask': 'manager',
  'join issue': 'manager',
  'join separate': 'manager',
  'history export': 'manager',
} as const satisfies Record<string, Right>;

/** What a button on a card of the operator's asks for. */
export const ACCESS_RIGHTS = {
  list: 'operator',
  allow: 'operator',
  postpone: 'operator',
  withdraw: 'operator',
  block: 'operator',
} as const satisfies Record<string, Right>;

/** What the answer to a question of ours asks for. */
export const ANSWER_RIGHTS = {
  title: 'author',
  caption: 'author',
  when_draft: 'author',
  zone_draft: 'author',
  trim: 'author',
  cover_moment: 'author',
  when_post: 'author_or_manager',
  zone_post: 'author_or_manager',
  why: 'voter',
  zone: 'manager',
  code: 'manager',
} as const satisfies Record<string, Right>;

/** The right under a key that may be anything; undefined for what none of our buttons says. */
export const rightOf = (rights: Readonly<Record<string, Right>>, key: string): Right | undefined =>
  Object.hasOwn(rights, key) ? rights[key] : undefined;
