import { LRUCache } from 'lru-cache';
import { defaultTimeZone } from '../compose/parse-time.ts';
import type { ChatRef } from '../people.ts';
import { UserError } from '../problems.ts';
import { defaultPolicy, type ReviewPolicy } from '../review/review.ts';
import type { Store, Versioned } from '../storage/database.ts';

/** A private chat, a group or a server that Nod has met: it shares accounts, a policy and a time zone. */
export interface Workspace extends Versioned {
  /** The accounts that were connected here. */
  readonly openIds: readonly string[];
  /** Where its people are told news: the chat in which an account was connected, or a code entered, last. */
  readonly chat: ChatRef;
  /** What its people call it. */
  readonly title?: string;
  readonly isPrivate?: boolean;
  /** Its people were told how to begin. */
  readonly isGreeted?: true;
  readonly policy?: ReviewPolicy;
  readonly timeZone?: string;
  /** How its people read each week how their posts did. */
  readonly digest?: DigestPlan | undefined;
  /** Where its reviews stand, if not where they were posted. */
  readonly reviewChat?: ChatRef | undefined;
  /** The workspace that it has joined, whose policy and time zone hold in its place. */
  readonly joined?: string;
  /** Where to look for workspaces that have joined this one: `joined` of each tells whether it has. */
  readonly parts?: readonly string[];
}

/** When a weekly digest is due. */
export interface DigestPlan {
  /** Epoch milliseconds; 0 until the next one is planned, absent where nobody wants one. */
  readonly nextAt?: number | undefined;
  /** When the last one was sent. */
  readonly sentAt?: number | undefined;
}

/** By which rules a workspace, with all that have joined it, posts. */
export interface Settings {
  readonly policy: ReviewPolicy;
  /** IANA name. */
  readonly timeZone: string;
  readonly weeklyDigest: boolean;
}

/** One of the places that share accounts and reviews. */
export interface Place {
  readonly id: string;
  readonly title: string;
  readonly chat: ChatRef;
  readonly reviewChat?: ChatRef | undefined;
}

const MAX_MET = 5_000;

/** Knows the places in which people work together, and which of them belong together. */
export function createWorkspaces({ workspaces }: { workspaces: Store<Workspace> }) {
  let joining: Promise<void> = Promise.resolve();

  /** How a place was called when something last happened in it. */
  const met = new LRUCache<string, string>({ max: MAX_MET });

  const get = (id: string): Promise<Workspace | undefined> => workspaces.get(id);

  /** Takes note of a place in which something has happened. */
  async function meet(seen: {
    workspace: string;
    chat: ChatRef;
    chatTitle: string;
    workspaceTitle?: string;
    isPrivate: boolean;
  }): Promise<void> {
    const { workspace: id, chat, chatTitle, workspaceTitle, isPrivate } = seen;
    const names = JSON.stringify([workspaceTitle ?? chatTitle, isPrivate]);
    if (met.get(id) === names) return;
    const known = await get(id);
    // A platform may not know yet what the place around the chat is called.
    const title = workspaceTitle === '' ? (known?.title ?? chatTitle) : (workspaceTitle ?? chatTitle);
    if (known?.isPrivate !== isPrivate || known.title !== title)
      await upsert(id, chat, (current) => ({ ...current, title, isPrivate }));
    met.set(id, names);
  }

  /** Takes note that the people of a place are told how to begin; false where they were told before. */
  async function noteGreeted(id: string, chat: ChatRef): Promise<boolean> {
    let isFirst = false;
    await upsert(id, chat, (current) => {
      isFirst = current.isGreeted !== true;
      return isFirst ? { ...current, isGreeted: true } : current;
    });
    return isFirst;
  }

  /** The workspace whose rules hold here: the one that was joined, or itself. */
  async function rootOf(id: string): Promise<string> {
    return (await get(id))?.joined ?? id;
  }

  /** The ids of all workspaces that share with this one, itself among them; the one that was joined comes first. */
  async function idsOf(id: string): Promise<string[]> {
    return (await sharingWith(id)).map(([each]) => each);
  }

  /** The same with their records, each of which is read once; the one that was joined may have none. */
  async function sharingWith(id: string): Promise<[id: string, workspace: Workspace | undefined][]> {
    const own = await get(id);
    const root = own?.joined ?? id;
    const host = root === id ? own : await get(root);
    const known = (each: string) => (each === id ? own : get(each));
    return [[root, host], ...(await partsOf(root, host, known))];
  }

  async function partsOf(
    root: string,
    host: Workspace | undefined,
    read: (id: string) => Promise<Workspace | undefined> | Workspace | undefined = get,
  ): Promise<[string, Workspace][]> {
    const parts = await Promise.all((host?.parts ?? []).map(async (id) => [id, await read(id)] as const));
    return parts.flatMap(([id, part]) => (part?.joined === root ? [[id, part]] : []));
  }

  /** Whether two places share, so that the people of one have a say in the other. */
  async function areTogether(one: string, other: string): Promise<boolean> {
    return one === other || (await rootOf(one)) === (await rootOf(other));
  }

  async function placesOf(id: string): Promise<Place[]> {
    return (await sharingWith(id)).flatMap(([each, workspace]) =>
      workspace === undefined ? [] : [placeOf(each, workspace)],
    );
  }

  async function settingsOf(id: string): Promise<Settings> {
    const own = await get(id);
    return settingsIn(own?.joined === undefined ? own : await get(own.joined));
  }

  /** The time zone that people have said they are in (IANA name); undefined as long as nobody has. */
  async function timeZoneOf(id: string): Promise<string | undefined> {
    return (await get(await rootOf(id)))?.timeZone;
  }

  /** Sets the time zone where nobody has said one yet; whether that was so. */
  async function beginTimeZone(id: string, timeZone: string): Promise<boolean> {
    let isSet = false;
    await workspaces.update(await rootOf(id), (current) => {
      isSet = current.timeZone === undefined;
      if (!isSet) return undefined;
      return { ...current, timeZone, digest: replanned(current) };
    });
    return isSet;
  }

  /** Changes the rules for all that share them; what `change` throws is passed on. */
  async function change(id: string, change: (settings: Settings) => Partial<Settings>): Promise<void> {
    const root = await rootOf(id);
    await workspaces.update(root, (current) => {
      const before = settingsIn(current);
      const { weeklyDigest = before.weeklyDigest, ...rules } = change(before);
      const { timeZone = before.timeZone } = rules;
      const isPlanned = weeklyDigest === before.weeklyDigest && timeZone === before.timeZone;
      return { ...current, ...rules, digest: isPlanned ? current.digest : replanned(current, weeklyDigest) };
    });
  }

  /** The workspaces whose weekly digest is due now, or still to be planned. */
  const digestsDue = (now: number): Promise<[id: string, workspace: Workspace][]> =>
    workspaces.find({ by: 'digest.nextAt', below: now + 1 });

  /** Plans the next digest of a workspace; false where somebody else has, or nobody wants one any more. */
  async function planDigest(id: string, seen: Workspace, plan: DigestPlan): Promise<boolean> {
    return (await workspaces.replace(id, seen, { ...seen, digest: plan })) !== undefined;
  }

  /** Where the reviews of this one place stand; undefined for where each was posted. */
  async function setReviewChat(id: string, reviewChat: ChatRef | undefined): Promise<void> {
    await workspaces.update(id, (current) => ({ ...current, reviewChat }));
  }

  /** Where a review of a post stands: in its own place first, then once in each of the others. */
  async function reviewPlacesOf(
    id: string,
    chat: ChatRef,
  ): Promise<{ chats: readonly ChatRef[]; places: readonly string[] }> {
    const all = await placesOf(id);
    const own = all.find((place) => place.id === id);
    const others = all.filter((place) => place.id !== id);
    return {
      chats: [own?.reviewChat ?? chat, ...others.map((place) => place.reviewChat ?? place.chat)],
      places: [id, ...others.map((place) => place.id)],
    };
  }

  /**
   * Makes a place share accounts and rules with a workspace from now on; its news are told in `chat`.
   *
   * @throws UserError `join_itself` `already_joined` `join_private`
   */
  function join(id: string, chat: ChatRef, other: string): Promise<void> {
    // One after the other, so that two places cannot join each other at once.
    const joined = joining.then(() => joinNow(id, chat, other));
    joining = joined.catch(() => {});
    return joined;
  }

  async function joinNow(id: string, chat: ChatRef, other: string): Promise<void> {
    const root = await rootOf(other);
    const [part, host] = await Promise.all([get(id), get(root)]);
    if (id === root || part?.joined === root) throw new UserError({ code: 'join_itself' });
    if (part?.joined !== undefined || (await partsOf(id, part)).length > 0)
      throw new UserError({ code: 'already_joined' });
    if (part === undefined || host === undefined || part.isPrivate || host.isPrivate)
      throw new UserError({ code: 'join_private' });
    // The second write makes it so; should it not come to that, the first one means nothing.
    await workspaces.update(root, (current) => ({
      ...current,
      parts: [...(current.parts ?? []).filter((known) => known !== id), id],
    }));
    await workspaces.update(id, (current) => ({ ...current, joined: root, chat }));
  }

  /** Ends the sharing of one place: it keeps the accounts that were connected in it, and has its own rules again. */
  async function separate(id: string): Promise<void> {
    const root = (await get(id))?.joined;
    if (root === undefined) return;
    await workspaces.update(id, ({ joined: _, ...rest }) => rest);
    await workspaces.update(root, (current) => ({
      ...current,
      parts: (current.parts ?? []).filter((part) => part !== id),
    }));
  }

  /** The accounts of all that share with this place, in the order in which they were connected. */
  async function openIdsOf(id: string): Promise<string[]> {
    const found = await sharingWith(id);
    return [...new Set(found.flatMap(([, workspace]) => workspace?.openIds ?? []))];
  }

  async function share(id: string, chat: ChatRef, openId: string): Promise<void> {
    await upsert(id, chat, ({ openIds, ...rest }) => ({
      ...rest,
      openIds: openIds.includes(openId) ? openIds : [...openIds, openId],
      chat,
    }));
  }

  /** Takes the account from this place and from all that share with it. */
  async function unshare(id: string, openId: string): Promise<void> {
    for (const each of await idsOf(id)) {
      await workspaces.update(each, (workspace) =>
        workspace.openIds.includes(openId)
          ? { ...workspace, openIds: workspace.openIds.filter((known) => known !== openId) }
          : undefined,
      );
    }
  }

  /** The places in which the account was connected. */
  async function sharing(openId: string): Promise<Place[]> {
    const found: Place[] = [];
    for await (const [id, workspace] of workspaces.entries())
      if (workspace.openIds.includes(openId)) found.push(placeOf(id, workspace));
    return found;
  }

  /** All places that share the account: those in which it was connected, and those that are joined with them. */
  async function placesWith(openId: string): Promise<Place[]> {
    const found = new Map<string, Place>();
    for (const { id } of await sharing(openId))
      for (const place of await placesOf(id)) found.set(place.id, place);
    return [...found.values()];
  }

  async function upsert(
    id: string,
    chat: ChatRef,
    change: (workspace: Workspace) => Omit<Workspace, 'version'>,
  ): Promise<void> {
    await workspaces.upsert(id, (current) => change(current ?? { version: 0, openIds: [], chat }));
  }

  return {
    meet,
    noteGreeted,
    rootOf,
    idsOf,
    areTogether,
    placesOf,
    settingsOf,
    timeZoneOf,
    beginTimeZone,
    change,
    digestsDue,
    planDigest,
    setReviewChat,
    reviewPlacesOf,
    join,
    separate,
    openIdsOf,
    share,
    unshare,
    sharing,
    placesWith,
  };
}

export type Workspaces = ReturnType<typeof createWorkspaces>;

/** What was set there, or what holds where nothing was. */
const settingsIn = (workspace: Workspace | undefined): Settings => ({
  policy: workspace?.policy ?? defaultPolicy({ isPrivate: workspace?.isPrivate ?? true }),
  timeZone: workspace?.timeZone ?? defaultTimeZone(),
  weeklyDigest: hasDigest(workspace),
});

const hasDigest = (workspace: Workspace | undefined): boolean => workspace?.digest?.nextAt !== undefined;

/** The time of the next digest is found anew; when the last one was sent still holds. */
function replanned(workspace: Workspace, isWanted = hasDigest(workspace)): DigestPlan | undefined {
  const sentAt = workspace.digest?.sentAt;
  if (isWanted) return { nextAt: 0, sentAt };
  return sentAt === undefined ? undefined : { sentAt };
}

function placeOf(id: string, { title = '', chat, reviewChat }: Workspace): Place {
  return { id, title, chat, reviewChat };
}
