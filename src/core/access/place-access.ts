import type { ChatRef, Person } from '../post.ts';
import type { Store, Versioned } from '../stores.ts';
import type { Workspace } from '../workspaces.ts';

/** Whether a place (a private chat, a group, a server) may use this Nod; the key is its workspace id. */
export interface PlaceAccess extends Versioned {
  readonly state: AccessState;
  readonly workspace: string;
  readonly title: string;
  readonly isPrivate: boolean;
  /** Where its people are told. */
  readonly chat: ChatRef;
  /** Who spoke there first; absent for places from before there were operators. */
  readonly person?: Person | undefined;
  /** Of the last change; milliseconds since the epoch. */
  readonly at: number;
}

/**
 * `asked` waits for the operator, `postponed` was put off by the operator, `withdrawn` was allowed once, `blocked` gets no
 * answer any more.
 */
export type AccessState = 'asked' | 'postponed' | 'allowed' | 'withdrawn' | 'blocked';

/** What is known of a place that is not let in yet. */
export type Newcomer = Pick<PlaceAccess, 'workspace' | 'title' | 'isPrivate' | 'chat' | 'person'>;

/** Strangers cost us no more than so many records. */
const MAX_OPEN_REQUESTS = 50;
const POSTPONED_MS = 7 * 24 * 3_600_000;

/** Knows which places may use this Nod: those that its operator lets in, or all that are not blocked. */
export function createPlaceAccess({
  places,
  isOpen,
  now,
}: {
  places: Store<PlaceAccess>;
  /** Whoever is not blocked may use it. */
  isOpen: boolean;
  now: () => number;
}) {
  const get = (workspace: string): Promise<PlaceAccess | undefined> => places.get(workspace);

  async function isAllowed(workspace: string): Promise<boolean> {
    const state = (await get(workspace))?.state;
    if (isOpen) return state !== 'blocked' && state !== 'withdrawn';
    return state === 'allowed';
  }

  /**
   * Takes note that somebody wants to use Nod in a place; the request, if the operator is to be asked now.
   *
   * Asked once for each place, and again only a week after *Not now*.
   */
  async function request(newcomer: Newcomer): Promise<PlaceAccess | undefined> {
    const known = await get(newcomer.workspace);
    const asked = { ...newcomer, state: 'asked' as const, at: now() };
    if (known === undefined) {
      if ((await list('asked')).length >= MAX_OPEN_REQUESTS) return undefined;
      return places.create(newcomer.workspace, asked);
    }
    if (known.state !== 'postponed' || now() - known.at < POSTPONED_MS) return undefined;
    return places.replace(newcomer.workspace, known, asked);
  }

  /** Lets a place in that nobody has asked for. */
  async function admit(newcomer: Newcomer): Promise<PlaceAccess | undefined> {
    const { workspace, title, isPrivate, chat, person } = newcomer;
    const allowed = { workspace, title, isPrivate, chat, person, state: 'allowed' as const, at: now() };
    return (await places.create(newcomer.workspace, allowed)) ?? decide(newcomer.workspace, 'allowed');
  }

  /** The place as it stands after the operator's decision; undefined when nothing is known of it. */
  async function decide(workspace: string, state: AccessState): Promise<PlaceAccess | undefined> {
    return places.update(workspace, (place) =>
      place.state === state ? undefined : { ...place, state, at: now() },
    );
  }

  /** The places in one of these states, newest change first. */
  async function list(...states: readonly AccessState[]): Promise<PlaceAccess[]> {
    const all = await Array.fromAsync(places.entries());
    const found = all.map(([, place]) => place).filter(({ state }) => states.includes(state));
    return found.sort((a, b) => b.at - a.at);
  }

  return { get, isAllowed, request, admit, decide, list };
}

export type Access = ReturnType<typeof createPlaceAccess>;

/** Lets in the places that have an account, or share one, from before only the operator could do so. */
export async function admitConnected({
  access,
  workspaces,
}: {
  access: Pick<Access, 'get' | 'admit'>;
  workspaces: Pick<Store<Workspace>, 'entries'>;
}): Promise<void> {
  for await (const [workspace, place] of workspaces.entries()) {
    const { openIds, joined, parts = [], title = '', isPrivate = false, chat } = place;
    const isConnected = openIds.length > 0 || joined !== undefined || parts.length > 0;
    if (!isConnected || (await access.get(workspace)) !== undefined) continue;
    await access.admit({ workspace, title, isPrivate, chat });
  }
}
