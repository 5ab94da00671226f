import { isDeepStrictEqual } from 'node:util';
import type { Account, Accounts } from '../../accounts/accounts.ts';
import type { Workspaces } from '../../accounts/workspaces.ts';
import type { ChatRef, Person } from '../../people.ts';
import { type Problem, UserError } from '../../problems.ts';
import type { Post } from '../../publish/post.ts';
import type { ReviewPolicy } from '../../review/review.ts';
import type { Store } from '../../storage/database.ts';
import type { PostMode } from '../../tiktok/types.ts';
import { newToken, ticketKey } from '../../uploads/tickets.ts';
import type { DraftChoice } from '../choices.ts';
import { type Draft, type DraftPlan, isTheirs } from '../draft.ts';
import type { Composer } from '../drafts.ts';
import { readPlan } from '../parse-time.ts';
import type { Submission } from '../submit.ts';
import {
  type Conflict,
  choiceOfField,
  type Fields,
  type Merged,
  mergeFields,
  openFields,
  plainFields,
  type Seen,
  seenOf,
} from './merge.ts';
import { browserKey, COMPOSE_LIFE_MS, type ComposeTicket } from './tickets.ts';

/** Pages that are open for one person at once; then the oldest one ends. */
const MAX_TICKETS = 10;

/** What is behind a link, for one browser. */
export type ComposePage =
  /** Nothing, or nothing any more. */
  | { readonly state: 'gone' }
  /** No browser has opened it yet. */
  | { readonly state: 'unopened' }
  /** Another browser has opened it. */
  | { readonly state: 'elsewhere' }
  | OpenPage
  /** The draft has become this post. */
  | { readonly state: 'submitted'; readonly post: Post };

export interface OpenPage {
  readonly state: 'open';
  readonly draft: Draft;
  readonly seen: Seen;
  readonly person: Person;
  /** Those that the place shares. */
  readonly accounts: readonly Account[];
  readonly policy: ReviewPolicy;
  /** Undefined where nobody has said it. */
  readonly timeZone: string | undefined;
}

/** What has come of what a page has sent. */
export interface Saved extends Merged {
  readonly page: ComposePage;
  /** Why something of it was not taken. */
  readonly problem?: Problem | undefined;
}

/**
 * The page on which the author of a draft composes it, beside its card: hands out tickets for it, and does what the page
 * says by the same rules as the card.
 *
 * Whoever names a ticket may use it only in the browser that opened it first, while the draft is theirs, they belong to its
 * place, and the place may use this Nod.
 */
export function createComposePages({
  tickets,
  drafts,
  composer,
  submission,
  workspaces,
  accounts,
  isAllowed,
  isAbsent,
  now,
}: {
  tickets: Store<ComposeTicket>;
  drafts: Pick<Store<Draft>, 'get'>;
  composer: Pick<Composer, 'own' | 'chooseFrom' | 'pickAccount' | 'refresh'>;
  submission: Pick<Submission, 'submit' | 'latestPost'>;
  workspaces: Pick<Workspaces, 'settingsOf' | 'timeZoneOf'>;
  accounts: Pick<Accounts, 'list'>;
  /** Whether a place may use this Nod. */
  isAllowed: (workspace: string) => Promise<boolean>;
  /** Whether somebody can do nothing with a draft any more. */
  isAbsent: (of: { author: Person; chat: ChatRef }) => Promise<boolean>;
  now: () => number;
}) {
  /** Opens a page for a draft and returns the secret of its link. */
  async function issue({ id, workspace }: Draft, person: Person): Promise<string> {
    const own = await tickets.find({ where: { 'person.id': person.id }, by: 'expiresAt' });
    for (const [key] of own.slice(0, Math.max(0, own.length + 1 - MAX_TICKETS))) await tickets.delete(key);
    const { token, key } = newToken();
    const ticket = { draftId: id, workspace, person, expiresAt: now() + COMPOSE_LIFE_MS };
    if ((await tickets.create(key, ticket)) === undefined)
      throw new Error('A fresh secret is taken: the random source repeats itself.');
    return token;
  }

  async function find(token: string): Promise<{ key: string; ticket: ComposeTicket } | undefined> {
    const key = ticketKey(token);
    const ticket = key === undefined ? undefined : await tickets.get(key);
    if (key === undefined || ticket === undefined || ticket.expiresAt <= now()) return undefined;
    return { key, ticket };
  }

  /** Binds a link to the browser that opens it first, and asks TikTok anew what the creator may do. */
  async function open(token: string, browser: string): Promise<ComposePage> {
    const found = await find(token);
    if (found === undefined) return GONE;
    const page = await look(token, browser);
    if (page.state !== 'unopened') return page;
    const bound = browserKey(browser);
    // The first one stays.
    const isFirst = await tickets.update(found.key, (ticket) =>
      ticket.browser ? undefined : { ...ticket, browser: bound },
    );
    const opened = await look(token, browser);
    if (isFirst === undefined || opened.state !== 'open') return opened;
    return (await ask(opened, undefined, () => look(token, browser))).page;
  }

  /** The draft behind a ticket, or the post that it became, while it is its person's and their place may use this Nod. */
  async function subjectOf(ticket: ComposeTicket): Promise<{ draft: Draft } | { post: Post } | undefined> {
    const { draftId, workspace, person } = ticket;
    if (!(await isAllowed(workspace))) return undefined;
    const draft = await drafts.get(draftId);
    if (draft !== undefined && draft.submitted === undefined)
      return draft.workspace === workspace && isTheirs(draft, person) ? { draft } : undefined;
    const post = await submission.latestPost(draftId);
    return post?.workspace === workspace && post.author.id === person.id ? { post } : undefined;
  }

  /** What the page shows, to whom it may. */
  async function look(token: string, browser: string | undefined): Promise<ComposePage> {
    const found = await find(token);
    const subject = found && (await subjectOf(found.ticket));
    if (found === undefined || subject === undefined) return GONE;
    const { person, browser: bound } = found.ticket;
    if (bound === undefined && 'post' in subject) return GONE;
    // No chat is asked about its person for a browser that may not see it.
    if (bound !== undefined && !isBound(bound, browser)) return { state: 'elsewhere' };
    const { chat } = 'post' in subject ? subject.post : subject.draft;
    if (await isAbsent({ author: person, chat })) return GONE;
    if (bound === undefined) return { state: 'unopened' };
    return 'post' in subject ? { state: 'submitted', post: subject.post } : show(subject.draft, person);
  }

  async function show(draft: Draft, person: Person): Promise<OpenPage> {
    const { policy } = await workspaces.settingsOf(draft.workspace);
    const timeZone = await workspaces.timeZoneOf(draft.workspace);
    const shared = await accounts.list(draft.workspace);
    const seen = seenOf(draft, { timeZone, policy });
    return { state: 'open', draft, seen, person, accounts: shared, policy, timeZone };
  }

  /** Which version there is now of the draft, or of the post that it became: it tells a page that it is out of date, no more. */
  async function version(token: string, browser: string | undefined): Promise<string | undefined> {
    const found = await find(token);
    if (found === undefined || !isBound(found.ticket.browser, browser)) return undefined;
    const subject = await subjectOf(found.ticket);
    if (subject === undefined) return undefined;
    if ('draft' in subject) return `draft ${subject.draft.version}`;
    return `post ${subject.post.id} ${subject.post.version}`;
  }

  /**
   * Takes what the page has changed since it was drawn, in one write. What was changed elsewhere meanwhile as well stays as
   * it is, and is named. `now`: what this write has left, whatever came after it.
   */
  async function save(
    token: string,
    browser: string | undefined,
    { seen, wanted: sent }: { seen: Seen; wanted: Partial<Fields> },
  ): Promise<Saved & { readonly now?: Seen | undefined }> {
    const wanted = plainFields(sent);
    const page = await look(token, browser);
    if (page.state !== 'open') return { ...NOTHING, page };
    const { draft, person } = page;
    const plan = planOf(wanted.when, page.timeZone);
    let merged: Merged = NOTHING;
    try {
      const after = await composer.chooseFrom(draft.id, person, (current) => {
        const open = openFields(current);
        const offered = Object.fromEntries(
          Object.entries(wanted).filter(([field]) => open.has(field as keyof Fields)),
        );
        merged = mergeFields({ seen, wanted: offered, now: seenOf(current, page) });
        return merged.changed.flatMap((field): DraftChoice[] => {
          if (field === 'when') return [{ type: 'when', plan }];
          const choice = choiceOfField(current, field, wanted[field] ?? '');
          return choice === undefined ? [] : [choice];
        });
      });
      return { ...merged, page: await look(token, browser), now: seenOf(after, page) };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return { ...merged, changed: [], page: await look(token, browser), problem: error.problem };
    }
  }

  /** The plan that a field stands for, which has a day and an hour, or nothing for at once. */
  function planOf(when: string | undefined, timeZone: string | undefined): DraftPlan | undefined {
    if (when === undefined || when === '') return undefined;
    return readPlan(when.replace('T', ' '), { now: now(), timeZone });
  }

  /** Saves what the page has changed, and submits the draft if it is then what the page has shown. */
  async function submit(
    token: string,
    browser: string | undefined,
    { postMode, ...form }: { seen: Seen; wanted: Partial<Fields>; postMode: PostMode },
  ): Promise<Saved> {
    const { now: shown, ...saved } = await save(token, browser, form);
    const { page, conflicts, changedElsewhere, problem } = saved;
    if (page.state !== 'open' || problem !== undefined) return saved;
    if (conflicts.length > 0 || changedElsewhere.length > 0)
      return { ...saved, problem: { code: 'draft_changed' } };
    const { draft, person } = page;
    try {
      await submission.submit(draft.id, person, postMode, (current) =>
        isDeepStrictEqual(seenOf(current, page), shown),
      );
      return { ...saved, page: await look(token, browser) };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return { ...saved, page: await look(token, browser), problem: error.problem };
    }
  }

  /** Chooses the account; without one, TikTok is asked again about the one that is chosen, if that could not post. */
  async function pickAccount(
    token: string,
    browser: string | undefined,
    openId: string | undefined,
  ): Promise<Saved> {
    const page = await look(token, browser);
    if (page.state !== 'open') return { ...NOTHING, page };
    const { account } = page.draft;
    const isChosen = account.state === 'ready' && (openId ?? account.openId) === account.openId;
    return isChosen ? { ...NOTHING, page } : ask(page, openId, () => look(token, browser));
  }

  /** Asks TikTok about an account, or about the one that is chosen. */
  async function ask(
    { draft, person }: OpenPage,
    openId: string | undefined,
    lookAgain: () => Promise<ComposePage>,
  ): Promise<Saved> {
    try {
      if (openId === undefined) await composer.refresh(draft.id, person);
      else await composer.pickAccount(draft.id, person, openId);
      return { ...NOTHING, page: await lookAgain() };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return { ...NOTHING, page: await lookAgain(), problem: error.problem };
    }
  }

  /** Forgets what has run out. */
  async function sweep(): Promise<void> {
    for (const [key] of await tickets.find({ by: 'expiresAt', below: now() })) await tickets.delete(key);
  }

  return { issue, open, look, version, save, submit, pickAccount, sweep };
}

export type ComposePages = ReturnType<typeof createComposePages>;

const isBound = (bound: string | undefined, browser: string | undefined): boolean =>
  browser !== undefined && bound === browserKey(browser);

const GONE: ComposePage = { state: 'gone' };
const NOTHING = {
  changed: [] as const,
  conflicts: [] as readonly Conflict[],
  changedElsewhere: [] as const,
};
