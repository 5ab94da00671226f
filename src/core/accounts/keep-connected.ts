import type { Logger } from 'pino';
import { AskedToWaitError, UserError } from '../problems.ts';
import { createSteadyClock } from '../steady-clock.ts';
import type { Store } from '../storage/database.ts';
import type { Account, Accounts } from './accounts.ts';
import { afterTrouble, dueWarning, firstPlan, type Keeping, replanned } from './lifetime.ts';
import type { Place, Workspaces } from './workspaces.ts';

/** What the places of an account are told once. */
export interface AccountNews {
  /**
   * `lost`: TikTok takes the refresh token no more. `locked`: the key that opens it is gone. `ending`: TikTok takes it until its
   * end, and nothing of ours moves that.
   */
  readonly type: NonNullable<Keeping['owes']>;
  readonly account: Account;
  /** All that share it. */
  readonly places: readonly Place[];
}

/** Between two refreshes, at least and at most. */
const SPACING_MS = [3_000, 7_000] as const;
/** After TikTok did not answer one; the others would get no answer either. */
const TROUBLE_SPACING_MS = 60_000;
const TELL_AGAIN_MS = 10 * 60_000;
const LONGEST_SLEEP_MS = 3_600_000;
/** In one round, none of which calls TikTok. */
const MAX_STEPS = 100;

/**
 * Keeps accounts connected that nobody uses: refreshes their access well before it ends, one at a time, and tells their
 * places where that does not help.
 */
export function createAccountKeeper({
  records,
  accounts,
  workspaces,
  tell,
  random = Math.random,
  now,
  log,
}: {
  records: Store<Account>;
  accounts: Pick<Accounts, 'refresh'>;
  workspaces: Pick<Workspaces, 'placesWith'>;
  /** Resolves when the places were told. */
  tell: (news: AccountNews) => Promise<void>;
  /** From 0 to 1. */
  random?: (() => number) | undefined;
  now: () => number;
  log: Logger;
}) {
  let timer: NodeJS.Timeout | undefined;
  let state: 'new' | 'running' | 'stopped' = 'new';
  let current: Promise<unknown> = Promise.resolve();
  const steadyNow = createSteadyClock(now);
  /** TikTok is not called before, by the steady clock. */
  let restsUntil = 0;
  let areOldPlanned = false;
  const telling = new Map<string, Promise<void>>();

  /** Does what is due now, with one call to TikTok at most; when to come next (epoch milliseconds). */
  function round(): Promise<number | undefined> {
    const ended = current.then(doRound);
    current = ended.catch(() => {});
    return ended;
  }

  async function doRound(): Promise<number | undefined> {
    if (!areOldPlanned) await planOld();
    for (let steps = 0; steps < MAX_STEPS; steps += 1) {
      const [first] = await records.find({ by: 'keeping.dueAt', below: now() + 1, limit: 1 });
      if (first === undefined) break;
      const [, account] = first;
      const isCall = (account.keeping?.refreshAt ?? Number.POSITIVE_INFINITY) <= now();
      if (isCall && restMs() > 0) break;
      if (isCall) await refresh(account);
      else await warn(account);
    }
    const isOwing = await tellAll();
    const [next] = await records.find({ by: 'keeping.dueAt', limit: 1 });
    const dueAt = next?.[1].keeping?.dueAt;
    const times = [
      ...(dueAt === undefined ? [] : [Math.max(dueAt, now() + restMs())]),
      ...(isOwing ? [now() + TELL_AGAIN_MS] : []),
    ];
    return times.length === 0 ? undefined : Math.min(...times);
  }

  const restMs = (): number => Math.max(0, restsUntil - steadyNow());

  /** Plans for accounts from before there were plans. */
  async function planOld(): Promise<void> {
    for (const [openId] of await records.find({ without: 'keeping' }))
      await records.update(openId, (account) => {
        if (account.keeping !== undefined) return undefined;
        return { ...account, keeping: account.expired ? {} : firstPlan(account, now(), random) };
      });
    areOldPlanned = true;
  }

  async function refresh(account: Account): Promise<void> {
    const { openId } = account;
    const [least, most] = SPACING_MS;
    restsUntil = steadyNow() + least + random() * (most - least);
    try {
      await accounts.refresh(openId, account);
    } catch (error) {
      const latest = await records.get(openId);
      // That it was refused is written down already; what else keeps us from a token may pass.
      if (error instanceof UserError && (latest === undefined || latest.expired)) return;
      log.warn(
        { err: error, openId },
        'The access to an idle account could not be refreshed; it is tried again',
      );
      restsUntil = steadyNow() + TROUBLE_SPACING_MS;
      const atLeastMs = error instanceof AskedToWaitError ? error.retryAfterMs : 0;
      await records.update(openId, (latest) =>
        latest.refreshToken === account.refreshToken && !latest.expired
          ? { ...latest, keeping: afterTrouble(latest, now(), atLeastMs) }
          : undefined,
      );
    }
  }

  async function warn({ openId }: Account): Promise<void> {
    await records.update(openId, (account) =>
      (account.keeping?.dueAt ?? Number.POSITIVE_INFINITY) > now()
        ? undefined
        : { ...account, keeping: dueWarning(account, now()) ?? replanned(account, now()) },
    );
  }

  /** Tells what is owed, in the background: a chat may be away for long. True where more is to be told later. */
  async function tellAll(): Promise<boolean> {
    const owing = await records.find({ by: 'keeping.owes' });
    for (const [openId, account] of owing) {
      if (telling.has(openId)) continue;
      const told = tellOf(account)
        .catch((error) =>
          log.error({ err: error, openId }, 'The places of an account were not told its news'),
        )
        .finally(() => telling.delete(openId));
      telling.set(openId, told);
    }
    return owing.length > 0;
  }

  async function tellOf(account: Account): Promise<void> {
    const { openId, keeping } = account;
    const owes = keeping?.owes;
    if (owes === undefined) return;
    await tell({ type: owes, account, places: await workspaces.placesWith(openId) });
    await records.update(openId, (latest) => {
      const isSame = latest.keeping?.owes === owes && latest.keeping.warned === keeping?.warned;
      if (!isSame || latest.connectedAt !== account.connectedAt) return undefined;
      return { ...latest, keeping: { ...latest.keeping, owes: undefined } };
    });
  }

  function start(): void {
    state = 'running';
    run();
  }

  /** An account has changed: looks again when to come. */
  function wake(): void {
    if (state === 'running') run();
  }

  function run(): void {
    clearTimeout(timer);
    void round()
      .catch((error) => {
        log.error({ err: error }, 'A look at the accounts failed; it is repeated');
        return now() + TROUBLE_SPACING_MS;
      })
      .then((at) => {
        if (state !== 'running') return;
        clearTimeout(timer);
        const delayMs = Math.min(Math.max(0, (at ?? Number.POSITIVE_INFINITY) - now()), LONGEST_SLEEP_MS);
        timer = setTimeout(run, delayMs);
      });
  }

  /** Resolves when nothing is under way. */
  async function stop(): Promise<void> {
    state = 'stopped';
    clearTimeout(timer);
    await current;
    await idle();
  }

  /** Resolves when nothing is being told. */
  async function idle(): Promise<void> {
    await Promise.all(telling.values());
  }

  return { round, start, wake, stop, idle };
}
