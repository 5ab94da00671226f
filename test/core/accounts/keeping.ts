import type { AccountNews } from '../../../src/core/accounts/keep-connected.ts';
import type { CoreWorld } from '../core-world.ts';
import type { Nod } from '../nod.ts';

export const DAY_MS = 24 * 3_600_000;
/** As TikTok's pages of November 2026 have it: two hours, and 180 days. */
export const LIVES = { accessTokenSeconds: 7_200, refreshTokenSeconds: 180 * 86_400 };

/** What a place was told of its account, and on which day. */
export interface Told {
  readonly day: number;
  readonly type: AccountNews['type'];
}

/** Collects what the places of accounts are told by a process. */
export function listenTo(nod: Nod, { now }: Pick<CoreWorld, 'now'>, told: Told[], begunAt: number): Told[] {
  nod.listen({
    draftChanged: () => {},
    postChanged: () => {},
    accountNews: async ({ type }) => void told.push({ day: dayOf(now() - begunAt), type }),
  });
  return told;
}

/** To the nearest day: TikTok counts a token's life in whole seconds. */
export const dayOf = (ms: number): number => Math.round(ms / DAY_MS);

/** Lets time pass to a moment; the keeper comes whenever it wants to. */
export async function passUntil(world: CoreWorld, at: number, nod = world.nod): Promise<void> {
  for (let rounds = 0; rounds < 10_000; rounds += 1) {
    const next = (await nod.accountKeeper.round()) ?? Number.POSITIVE_INFINITY;
    await nod.accountKeeper.idle();
    if (next > at) {
      world.tiktok.clock.advance(Math.max(0, at - world.now()));
      return;
    }
    world.tiktok.clock.advance(Math.max(1, next - world.now()));
  }
  throw new Error('The keeper spins.');
}

/** The calls with which tokens were refreshed, answered or not. */
export const refreshesOf = ({ tiktok }: CoreWorld) =>
  tiktok.state.requests.filter(
    ({ endpoint, grantType, fault }) =>
      endpoint === 'oauth/token' && (grantType === 'refresh_token' || fault),
  );
