import { LRUCache } from 'lru-cache';
import type { Workspace } from '../accounts/workspaces.ts';
import { createLimiter } from '../fair-limiter.ts';
import type { ChatRef, Person } from '../people.ts';
import type { Store, Versioned } from '../storage/database.ts';

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
  /** What the platform calls that person and nobody else, such as `@kim`. */
  readonly handle?: string | undefined;
  /** Of the last change; milliseconds since the epoch. */
  readonly at: number;
}

/**
 * `met` uses an open Nod without a decision, `asked` waits for the operator, `postponed` was put off by the operator,
 * `withdrawn` was allowed once, `blocked` gets no answer any more.
 */
export type AccessState = 'met' | 'asked' | 'postponed' | 'allowed' | 'withdrawn' | 'blocked';

/** What is known of a place that is not let in yet. */
export type Newcomer = Pick<PlaceAccess, 'workspace' | 'title' | 'isPrivate' | 'chat' | 'person' | 'handle'>;

/** So many strangers at a time can ask. */
const MAX_MET = 5_000;
const MAX_OPEN_REQUESTS = 50;
/** How long a request waits, and how long it is put off. */
const REQUEST_MS = 7 * 24 * 3_600_000;

/** What the operator can decide about a place, as the cards offer it; from an old card, everything else is too late. */
const DECISIONS: Readonly<Record<AccessState, readonly AccessState[]>> = {
  met: ['withdrawn', 'blocked'],
  asked: ['allowed', 'postponed', 'blocked'],
  postponed: ['allowed', 'blocked'],
  allowed: ['withdrawn'],
  withdrawn: ['allowed'],
  blocked: ['allowed'],
};

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

  /** Places that are known to have their record. */
  const met = new LRUCache<string, true>({ max: MAX_MET });

  const placeOf = (newcomer: Newcomer, state: AccessState) => ({ ...newcomer, state, at: now() });

  /** One after the other, or many at once would all find room. */
  const inTurn = createLimiter({ concurrency: 1 });

  /**
   * Takes note that somebody wants to use Nod in a place; the request, if the operator is to be asked now, or `full`
   * where too many wait already.
   *
   * Asked once a week for each place, also after *Not now*.
   */
  function request(newcomer: Newcomer): Promise<PlaceAccess | 'full' | undefined> {
    return inTurn('', () => takeRequest(newcomer));
  }

  async function takeRequest(newcomer: Newcomer): Promise<PlaceAccess | 'full' | undefined> {
    const known = await get(newcomer.workspace);
    if (known !== undefined && !canBeAsked(known)) return undefined;
    const waiting = (await list('asked')).filter(isFresh);
    if (waiting.length >= MAX_OPEN_REQUESTS) return 'full';
    const asked = placeOf(newcomer, 'asked');
    return known === undefined
      ? places.create(newcomer.workspace, asked)
      : places.replace(newcomer.workspace, known, asked);
  }

  const canBeAsked = (place: PlaceAccess): boolean =>
    place.state === 'met' || ((place.state === 'asked' || place.state === 'postponed') && !isFresh(place));
  const isFresh = ({ at }: PlaceAccess): boolean => now() - at < REQUEST_MS;

  /** Takes note of a place that uses an open Nod, so that the operator can find it. */
  async function meet(newcomer: Newcomer): Promise<void> {
    const { workspace } = newcomer;
    if (!isOpen || met.has(workspace)) return;
    if ((await get(workspace)) === undefined) await places.create(workspace, placeOf(newcomer, 'met'));
    met.set(workspace, true);
  }

  /** Lets a place in that nobody has asked for. */
  async function admit(newcomer: Newcomer): Promise<PlaceAccess | undefined> {
    return (
      (await places.create(newcomer.workspace, placeOf(newcomer, 'allowed'))) ??
      places.update(newcomer.workspace, (place) =>
        place.state === 'allowed' ? undefined : { ...place, state: 'allowed', at: now() },
      )
    );
  }

  /** Does what the operator decides; whether it still could be decided, and the place as it stands then. */
  async function decide(
    workspace: string,
    state: AccessState,
  ): Promise<{ isDecided: boolean; place: PlaceAccess | undefined }> {
    let isDecided = false;
    const place = await places.update(workspace, (known) => {
      isDecided = DECISIONS[known.state].includes(state);
      return isDecided ? { ...known, state, at: now() } : undefined;
    });
    return { isDecided, place };
  }

  /** The places in one of these states, newest change first. */
  async function list(...states: readonly AccessState[]): Promise<PlaceAccess[]> {
    const all = await Array.fromAsync(places.entries());
    const found = all.map(([, place]) => place).filter(({ state }) => states.includes(state));
    return found.sort((a, b) => b.at - a.at);
  }

  return { get, isAllowed, request, meet, admit, decide, list };
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
    const state = (await access.get(workspace))?.state ?? 'met';
    if (!isConnected || state !== 'met') continue;
    await access.admit({ workspace, title, isPrivate, chat });
  }
}
