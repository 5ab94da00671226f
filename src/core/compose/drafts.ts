import type { Logger } from 'pino';
import type { Accounts } from '../accounts/accounts.ts';
import type { Workspaces } from '../accounts/workspaces.ts';
import { type ChatRef, isSomebody, type Person } from '../people.ts';
import { type Problem, UserError } from '../problems.ts';
import type { Post } from '../publish/post.ts';
import { nowOf } from '../publish/verbs.ts';
import type { Fresh, Store } from '../storage/database.ts';
import type { RandomIds } from '../storage/random-ids.ts';
import type { TikTokClient } from '../tiktok/client.ts';
import { refusalOf } from '../tiktok/codes.ts';
import { TikTokApiError, TikTokUnreachableError } from '../tiktok/errors.ts';
import type { CreatorInfo } from '../tiktok/types.ts';
import { checkChoice, type DraftChoice, decide, NEEDS_WORK } from './choices.ts';
import type { Usage } from './disk-usage.ts';
import {
  type AttachedFile,
  chosenAccount,
  continuesAlbum,
  type Draft,
  type DraftAccount,
  type DraftFile,
  followEdit,
  goesWith,
  isOnItsOwn,
  isTheirs,
  type LeftOut,
  type MessageEdit,
  UNDECIDED,
  withAttached,
  withLateFile,
} from './draft.ts';
import { apartKey, type Intake } from './intake.ts';
import { keeperOf, limitReached, type Shares, sharesOf } from './limits.ts';
import { openDraftsAround, openDraftsIn, openDraftsWith } from './open-drafts.ts';
import { readPlan } from './parse-time.ts';
import { type Captioned, withAnswer, withFileText } from './typed-texts.ts';

/** What a chat offers as the beginning, or as one more file, of a draft. */
export interface Offer {
  readonly workspace: string;
  readonly chat: ChatRef;
  readonly person: Person;
  readonly caption?: string | undefined;
  /** The message that gives the caption for all files, where that is not the file's own. */
  readonly captionFrom?: string | undefined;
  readonly file: DraftFile;
  readonly leftOut?: readonly LeftOut[] | undefined;
  /** The time, in the person's words, of a draft that begins with this file. */
  readonly when?: string | undefined;
  /** The draft that the person wants it in. */
  readonly joins?: string | undefined;
}

/** Composes drafts. */
export function createComposer({
  drafts,
  posts,
  randomIds,
  intake,
  accounts,
  client,
  usage,
  limits,
  timeZoneOf,
  changed,
  discarded,
  now,
  log,
}: {
  drafts: Store<Draft>;
  posts: Store<Post>;
  randomIds: RandomIds;
  intake: Intake;
  accounts: Accounts;
  client: TikTokClient;
  usage: Usage;
  /** How much a person and a place may have at once. */
  limits: Shares;
  /** Undefined where nobody has said it. */
  timeZoneOf: Workspaces['timeZoneOf'];
  changed: (draftId: string) => void;
  /** Ends what is done for a draft that is gone, and lets its files go. */
  discarded: (draft: Draft) => void;
  now: () => number;
  log: Logger;
}) {
  /** Drafts whose account is being looked for. */
  const choosing = new Set<string>();
  /** The last offer of each chat; the next one waits for it. */
  const lastOffers = new Map<ChatRef, Promise<unknown>>();

  /**
   * Adds a file to the draft that it belongs to while that is open, else begins one. Offering a file twice is harmless:
   * undefined when it is posted already.
   *
   * Offers of one chat are taken one after the other, so that each counts those before it. A person's offers in several
   * chats may be taken at once; they may exceed a limit by as many files as there are such chats.
   *
   * @throws UserError when a new draft would be more than the limits allow; in an open draft the file says so itself.
   */
  const offer = (offer: Offer): Promise<Draft | undefined> => inTurn(offer.chat, () => take(offer));

  function inTurn<T>(chat: ChatRef, run: () => Promise<T>): Promise<T> {
    const taken = (lastOffers.get(chat) ?? Promise.resolve()).then(run);
    const last = taken
      .catch(() => {})
      .then(() => {
        if (lastOffers.get(chat) === last) lastOffers.delete(chat);
      });
    lastOffers.set(chat, last);
    return taken;
  }

  /**
   * Puts a file into an open draft that comes to it by another way than its chat: in the place of one that was too big for
   * the chat, else behind those that are there. Doing it again shows its new state.
   *
   * @throws UserError also where it would be more than the limits allow, unless it is refused already.
   */
  async function attach(id: string, person: Person, file: AttachedFile): Promise<Draft> {
    const { chat } = await own(id, person);
    return inTurn(chat, () => put(id, person, file));
  }

  async function put(id: string, person: Person, file: AttachedFile): Promise<Draft> {
    const draft = await own(id, person);
    const isKnown = draft.files.some(({ ref, state }) => ref === file.ref && state !== 'refused');
    const problem = isKnown || file.state === 'refused' ? undefined : await limitFor(draft, file);
    if (problem !== undefined) throw new UserError(problem);
    const attached = await drafts.update(id, (current) => {
      if (current.submitted !== undefined || !isTheirs(current, person)) return undefined;
      const { preview, ...rest } = current;
      return { ...rest, files: withAttached(current.files, file), updatedAt: now() };
    });
    if (attached === undefined || !attached.files.some(({ ref }) => ref === file.ref))
      throw new UserError({ code: 'draft_gone' });
    changed(id);
    return attached;
  }

  /**
   * Begins a draft with a file that comes by another way than its chat; one that has begun meanwhile gets it as well.
   *
   * @throws UserError where a draft or a file more would be more than the limits allow, or the draft is a post by now.
   */
  async function beginWith(
    id: string,
    { workspace, chat, person }: Pick<Offer, 'workspace' | 'chat' | 'person'>,
    file: AttachedFile,
  ): Promise<Draft> {
    return inTurn(chat, async () => {
      const isThere = (await drafts.get(id)) !== undefined || (await posts.get(id)) !== undefined;
      if (isThere) return put(id, person, file);
      const offer = { workspace, chat, person, file: { ...file, order: 0 } };
      const draft = await begin(id, offer, await sharesAround({ author: person, workspace }));
      if (draft === undefined) throw new UserError({ code: 'draft_gone' });
      changed(id);
      return draft;
    });
  }

  /** The limit that one more file would exceed, in an open draft or as the first one of another. */
  async function limitFor(
    of: Pick<Draft, 'author' | 'workspace'>,
    { bytes }: Pick<DraftFile, 'bytes'>,
    { beginsDraft = false }: { beginsDraft?: boolean } = {},
  ): Promise<Problem | undefined> {
    const taken = await sharesAround(of);
    return limitReached({ state: 'waiting', bytes }, { taken, limits, beginsDraft });
  }

  async function sharesAround(of: Pick<Draft, 'author' | 'workspace'>): Promise<Shares> {
    const open = await openDraftsAround(drafts, { person: of.author, workspace: of.workspace });
    const keeper = keeperOf(of);
    return sharesOf(keeper, open, usage.bytesOf(keeper));
  }

  async function take(offer: Offer): Promise<Draft | undefined> {
    const { workspace, person, file } = offer;
    if (await isPostedApart(offer)) return undefined;
    const open = await openDraftsAround(drafts, offer);
    const keeper = { person: person.id, place: workspace };
    const shares = sharesOf(keeper, open, usage.bytesOf(keeper));
    const key = isOnItsOwn(file) ? file.id : (file.album ?? file.id);
    const together = openDraftFor(offer, open)?.id ?? (await randomIds.forOffer(offer, key));
    // A straggler of an album that was submitted already begins a draft of its own.
    const taken =
      (await join(together, offer, shares).catch((error) => standWith(error, offer, shares, open))) ??
      (await joinAlone(together, offer, shares));
    if (taken === undefined) return undefined;
    const isRefusedHere = taken.files.some(({ id, state }) => id === file.id && state === 'refused');
    const draft = isRefusedHere ? taken : await tie(taken, siblingsOf(taken.id, offer, open));
    intake.work(draft);
    changed(draft.id);
    return draft;
  }

  /** Has a file that a limit keeps from a draft of its own stand with its reason in a draft that it was sent with. */
  async function standWith(
    error: unknown,
    offer: Offer,
    shares: Shares,
    open: readonly Draft[],
  ): Promise<Draft | undefined> {
    const [other] = siblingsOf('', offer, open);
    if (!(error instanceof UserError) || other === undefined) throw error;
    const file: DraftFile = { ...offer.file, state: 'refused', problem: error.problem };
    return join(other.id, { ...offer, file }, shares);
  }

  /** Whether it is a video that was taken out of its album and is posted already. */
  async function isPostedApart(offer: Offer): Promise<boolean> {
    const id = await randomIds.findOffer(offer, apartKey(offer.file.id));
    return id !== undefined && (await posts.get(id)) !== undefined;
  }

  /** The other open drafts of what was sent together. */
  function siblingsOf(id: string, offer: Offer, open: readonly Draft[]): Draft[] {
    const { chat, file, joins } = offer;
    const isSentWith = (draft: Draft) =>
      draft.id === joins ||
      (file.album !== undefined && draft.files.some(({ album }) => album === file.album));
    return open.filter(
      (draft) => draft.id !== id && draft.chat === chat && isOf(draft, offer) && isSentWith(draft),
    );
  }

  /** Gives drafts of what was sent together the same caption, where they have none, and has them say so. */
  async function tie(draft: Draft, siblings: readonly Draft[]): Promise<Draft> {
    const [first] = siblings;
    if (first === undefined) return draft;
    const all = [draft, ...siblings];
    const source = all.find((each) => each.caption !== '') ?? draft;
    const tied = (each: Draft): Draft => {
      const { caption, typed } = each.caption === '' ? source : each;
      const isTied = each.sentWith !== undefined && caption === each.caption;
      if (each.submitted !== undefined || isTied) return each;
      const { draftId } = each.sentWith ?? { draftId: each.id === draft.id ? first.id : draft.id };
      const others = all.filter(({ id }) => id !== each.id);
      const hasSameCaption =
        caption !== '' && others.some((other) => (other.caption || source.caption) === caption);
      return { ...each, caption, typed, sentWith: { draftId, hasSameCaption } };
    };
    for (const { id } of siblings) {
      await drafts.update(id, tied);
      changed(id);
    }
    return (await drafts.update(draft.id, tied)) ?? draft;
  }

  async function joinAlone(together: string, offer: Offer, shares: Shares): Promise<Draft | undefined> {
    const alone = await randomIds.forOffer(offer, offer.file.id);
    return alone === together ? undefined : join(alone, offer, shares);
  }

  /** The open draft that the person named, or that the album goes on with; undefined when there is none. */
  function openDraftFor(offer: Offer, open: readonly Draft[]): Draft | undefined {
    const { chat, file, joins } = offer;
    const own = open.filter((draft) => draft.chat === chat && isOf(draft, offer));
    const known = own.find((draft) => draft.files.some(({ id }) => id === file.id));
    const isWanted = (draft: Draft) => draft.id === joins || continuesAlbum(draft, file);
    return known ?? own.find((draft) => isWanted(draft) && goesWith(draft, file));
  }

  /** The draft with the file in it; undefined when it was submitted without the file, or is somebody else's by now. */
  async function join(id: string, offer: Offer, shares: Shares): Promise<Draft | undefined> {
    if ((await posts.get(id)) !== undefined) return undefined;
    if ((await drafts.get(id)) === undefined) return begin(id, offer, shares);
    const problem = limitReached(offer.file, { taken: shares, limits, beginsDraft: false });
    const file: DraftFile = problem === undefined ? offer.file : { ...offer.file, state: 'refused', problem };
    const draft = await drafts.update(id, (current) => withFile(current, { ...offer, file }));
    if (draft === undefined) return join(id, offer, shares);
    const isTaken = isOf(draft, offer) && draft.files.some((file) => file.id === offer.file.id);
    return isTaken ? draft : undefined;
  }

  async function begin(id: string, offer: Offer, shares: Shares): Promise<Draft | undefined> {
    const problem = limitReached(offer.file, { taken: shares, limits, beginsDraft: true });
    if (problem !== undefined) throw new UserError(problem);
    const { workspace, when } = offer;
    // In the same write: what shall go out later must never be offered to go out at once.
    const plan = when === undefined ? undefined : await readPlanIn(workspace, when);
    const begun = await drafts.create(id, { ...newDraft(id, offer), plan });
    if (begun === undefined) return join(id, offer, shares);
    // The draft that was there before may have become a post between the look and the write.
    if ((await posts.get(id)) === undefined) return begun;
    await drafts.delete(id);
    return undefined;
  }

  /** Chooses the workspace's only account, unless one was chosen or looked for before. */
  async function lookForAccount(draft: Draft): Promise<void> {
    const { id, account, submitted } = draft;
    if (account.state !== 'unchosen' || submitted !== undefined || choosing.has(id)) return;
    choosing.add(id);
    await chooseOnlyAccount(draft).finally(() => choosing.delete(id));
  }

  function newDraft(id: string, offer: Offer): Fresh<Draft> {
    const { workspace, chat, person, file, leftOut } = offer;
    const at = now();
    const empty = {
      id,
      workspace,
      chat,
      author: person,
      caption: '',
      leftOut,
      account: { state: 'unchosen' } as const,
      disclosing: false,
    };
    const draft = { ...empty, files: [file], settings: UNDECIDED, createdAt: at, updatedAt: at };
    return withTextOf(draft, offer);
  }

  function withFile(draft: Draft, offer: Offer): Draft {
    const { file } = offer;
    if (draft.submitted !== undefined || !isOf(draft, offer)) return draft;
    if (draft.files.some((known) => known.id === file.id)) return withTextOf(draft, offer);
    if (!goesWith(draft, file)) return draft;
    const files = withLateFile(draft.files, file);
    const changes = { files, updatedAt: now() };
    if (file.state === 'refused') return { ...withTextOf(draft, offer), ...changes };
    // The preview shows the files that were there before.
    const { preview, ...rest } = withTextOf(draft, offer);
    return { ...rest, ...changes };
  }

  /** Makes a draft follow a message of its author's that has changed; false where that changes nothing. */
  async function edit(id: string, person: Person, change: MessageEdit): Promise<boolean> {
    const draft = await own(id, person);
    const { chat, workspace } = draft;
    const open = await openDraftsAround(drafts, { person, workspace });
    const keeper = { person: person.id, place: workspace };
    const next = (change.files ?? []).filter((file) => draft.files.some((known) => known.id === file.id));
    const rest = draft.files.filter((known) => !next.some((file) => file.id === known.id));
    const files: DraftFile[] = [];
    for (const file of next) {
      // What it takes the place of counts no more, but what comes with it does.
      const others = open.map((one) => (one.id === id ? { ...one, files: [...rest, ...files] } : one));
      const taken = sharesOf(keeper, others, usage.bytesOf(keeper));
      const problem = limitReached(file, { taken, limits, beginsDraft: false });
      files.push(problem === undefined ? file : { ...file, state: 'refused', problem });
    }
    const after = await drafts.update(id, (current) => {
      if (current.submitted !== undefined || current.chat !== chat) return undefined;
      const followed = followEdit(current, { ...change, files });
      return followed === current ? undefined : { ...followed, updatedAt: now() };
    });
    if (after === undefined || after.version === draft.version) return false;
    intake.work(after);
    if (after.preview === undefined) await intake.redraw(id);
    changed(id);
    return true;
  }

  async function chooseOnlyAccount(draft: Draft): Promise<void> {
    const [first, ...others] = await accounts.list(draft.workspace);
    if (first === undefined) await settleAccount(draft.id, { state: 'none' });
    else if (others.length === 0) await chooseAccount(draft.id, first.openId);
  }

  /** Chooses the account, and asks TikTok anew what its creator may do. */
  async function chooseAccount(id: string, openId: string): Promise<void> {
    const account = await accounts.get(openId);
    if (account === undefined) throw new UserError({ code: 'no_account' });
    const { nickname, username, scopes } = account;
    const chosen = { openId, nickname, username, scopes };
    if (!scopes.includes('video.publish')) return settleAccount(id, { ...chosen, state: 'not_granted' });
    try {
      const creator = await queryCreator(openId);
      const fresh = {
        ...chosen,
        nickname: creator.nickname ?? nickname,
        username: creator.username ?? username,
      };
      await settleAccount(id, { ...fresh, state: 'ready', creator });
      await accounts.noteName(openId, { ...fresh, avatarUrl: creator.avatarUrl });
    } catch (error) {
      await settleAccount(id, {
        ...chosen,
        state: 'unavailable',
        problem: problemOf(error, username ?? nickname),
      });
    }
  }

  /** What the creator may do right now; TikTok answers 20 times a minute. A lost answer is asked for once more. */
  async function queryCreator(openId: string): Promise<CreatorInfo> {
    const query = () => accounts.withToken(openId, (token) => client.queryCreatorInfo(token));
    try {
      return await query();
    } catch (error) {
      if (!(error instanceof TikTokUnreachableError)) throw error;
      return query();
    }
  }

  /** What was chosen for another account does not hold for this one. */
  async function settleAccount(id: string, account: DraftAccount): Promise<void> {
    await drafts.update(id, (draft) => {
      if (draft.submitted !== undefined) return undefined;
      const { privacyLevel, ...settings } = draft.settings;
      const keeps =
        privacyLevel !== undefined &&
        account.state === 'ready' &&
        account.openId === chosenAccount(draft)?.openId &&
        account.creator.privacyLevelOptions.includes(privacyLevel);
      return { ...draft, account, settings: keeps ? draft.settings : settings };
    });
    changed(id);
  }

  /** Asks TikTok again, where it did not answer or the workspace's accounts have changed. */
  async function refresh(id: string, person: Person): Promise<void> {
    const draft = await own(id, person);
    const shared = await accounts.list(draft.workspace);
    const chosen = shared.find(({ openId }) => openId === chosenAccount(draft)?.openId);
    if (chosen !== undefined) return chooseAccount(id, chosen.openId);
    await settleAccount(id, { state: 'unchosen' });
    await chooseOnlyAccount(draft);
  }

  async function pickAccount(id: string, person: Person, openId: string): Promise<void> {
    const draft = await own(id, person);
    const shared = await accounts.list(draft.workspace);
    if (!shared.some((account) => account.openId === openId)) throw new UserError({ code: 'no_account' });
    await chooseAccount(id, openId);
  }

  /** @throws UserError also where it is no choice that there is for this draft. */
  async function choose(id: string, person: Person, choice: DraftChoice): Promise<void> {
    await chooseFrom(id, person, () => [choice]);
  }

  /**
   * Takes the choices that `choices` makes of the draft as it is, all in one write or none of them; returns the draft after it.
   *
   * @throws UserError also where one is none that there is for this draft.
   */
  async function chooseFrom(
    id: string,
    person: Person,
    choices: (draft: Draft) => readonly DraftChoice[],
  ): Promise<Draft> {
    const before = await own(id, person);
    let found = before;
    let made: readonly DraftChoice[] = [];
    const after = await drafts.update(id, (draft) => {
      found = draft;
      if (draft.submitted !== undefined || !isTheirs(draft, person)) return undefined;
      made = choices(draft);
      if (made.length === 0) return undefined;
      const chosen = made.reduce((current, choice) => {
        checkChoice(current, choice);
        return decide(current, choice);
      }, draft);
      return { ...chosen, updatedAt: now() };
    });
    if (after === undefined || made.length === 0) return found;
    const types = new Set(made.map(({ type }) => type));
    if (!types.isDisjointFrom(NEEDS_WORK)) intake.goOnLater(id);
    else intake.work(after);
    if (types.has('cover_moment')) intake.redrawLater(id);
    else if (orderOf(after) !== orderOf(before)) await intake.redraw(id);
    changed(id);
    return after;
  }

  /**
   * Takes the time that somebody has written for a draft; false where it is no time that can be. That stands on the draft
   * too, for what shall go out later must not go out at once.
   */
  async function plan(id: string, person: Person, text: string): Promise<boolean> {
    const { workspace } = await own(id, person);
    const plan = await readPlanIn(workspace, text);
    await choose(id, person, { type: 'when', plan });
    return plan === undefined || 'at' in plan;
  }

  const readPlanIn = async (workspace: string, text: string) =>
    readPlan(text, { now: now(), timeZone: await timeZoneOf(workspace) });

  /** Has numbered pictures of the draft's video drawn, to choose its cover from; they come in the background. */
  async function openCovers(id: string, person: Person): Promise<void> {
    await own(id, person);
    intake.drawCoverSheet(id);
  }

  /** Makes somebody the author of a draft whose author can do nothing with it any more. */
  async function takeOver(id: string, person: Person): Promise<void> {
    await drafts.update(id, (draft) =>
      draft.submitted === undefined
        ? { ...draft, author: person, sentAs: senderOf(draft), updatedAt: now() }
        : undefined,
    );
    changed(id);
  }

  async function discard(id: string, person: Person): Promise<Draft> {
    const draft = await own(id, person);
    await drafts.delete(id);
    discarded(draft);
    return draft;
  }

  /** The draft, if it is the person's and still open. */
  async function own(id: string, person: Person): Promise<Draft> {
    const draft = await drafts.get(id);
    if (draft === undefined || draft.submitted !== undefined) {
      const post = await posts.get(id);
      if (post !== undefined) throw new UserError({ code: 'draft_already_submitted', ...nowOf(post) });
      throw new UserError({ code: draft === undefined ? 'draft_gone' : 'draft_already_submitted' });
    }
    if (!isTheirs(draft, person)) throw new UserError({ code: 'not_author', author: draft.author.name });
    return draft;
  }

  function problemOf(error: unknown, username: string): Problem {
    if (error instanceof UserError) return error.problem;
    if (error instanceof TikTokUnreachableError) return { code: 'tiktok_unreachable' };
    if (!(error instanceof TikTokApiError)) throw error;
    log.warn({ err: error }, 'TikTok does not let the creator post now');
    return { code: 'account_cannot_post', reason: refusalOf(error.code).reason, username };
  }

  return {
    own,
    offer,
    attach,
    beginWith,
    limitFor,
    edit,
    choose,
    chooseFrom,
    plan,
    openCovers,
    chooseAccount,
    chooseOnlyAccount,
    pickAccount,
    queryCreator,
    lookForAccount,
    refresh,
    takeOver,
    discard,
  };
}

export type Composer = ReturnType<typeof createComposer>;

const isOf = (draft: Draft, { person }: Offer): boolean => isTheirs(draft, person);

/** The group in whose name a draft was sent. */
const senderOf = ({ author, sentAs }: Draft): Person | undefined => (isSomebody(author) ? sentAs : author);

/** Which files a draft has, in which order. */
const orderOf = ({ files }: Draft): string => files.map(({ id }) => id).join(' ');

/** Takes the text of an offer: what a message gives for all files is the caption, once. */
function withTextOf<D extends Captioned>(draft: D, { caption: text, captionFrom, file }: Offer): D {
  if (text === undefined) return draft;
  if (captionFrom === undefined) return withFileText(draft, { messageId: file.id, order: file.order, text });
  const isKnown = draft.typed?.some(({ messageId }) => messageId === captionFrom) ?? false;
  return isKnown ? draft : withAnswer(draft, text, captionFrom);
}

/** Looks at open drafts again whose accounts may have changed. */
export function createRefresh({
  drafts,
  composer,
  workspaces,
  log,
}: {
  drafts: Store<Draft>;
  composer: Pick<Composer, 'refresh'>;
  workspaces: Workspaces;
  log: Logger;
}) {
  /** Asks TikTok again for these; what cannot be asked for now stays as it is. */
  async function refresh(wanted: readonly Draft[]): Promise<void> {
    for (const { id, author } of wanted) {
      await composer
        .refresh(id, author)
        .catch((error) => log.warn({ err: error }, 'A draft stays as it was'));
    }
  }

  /** Looks at all drafts again that have the account. */
  const refreshWith = async (openId: string): Promise<void> => refresh(await openDraftsWith(drafts, openId));

  /** The same for the drafts of a place, and of all that share with it. */
  async function refreshIn(workspace: string, isWanted: (draft: Draft) => boolean): Promise<void> {
    for (const place of await workspaces.idsOf(workspace))
      await refresh((await openDraftsIn(drafts, place)).filter(isWanted));
  }

  return { refreshWith, refreshIn };
}

export type DraftRefresh = ReturnType<typeof createRefresh>;
