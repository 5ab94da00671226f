import type { Account } from '../accounts/accounts.ts';
import { firstWarningMs, isEndFixed } from '../accounts/lifetime.ts';
import { plainName } from '../plain-text.ts';
import { isKnownAudited, isKnownUnaudited, type Lesson } from '../quotas/quotas.ts';
import type { Store } from '../storage/database.ts';
import { type Secrets, SecretUnreadableError } from '../storage/secrets.ts';
import type { TikTokClient } from '../tiktok/client.ts';
import { refusalOf } from '../tiktok/codes.ts';
import { TikTokApiError, TikTokAuthError, TikTokRateLimitError } from '../tiktok/errors.ts';
import { scopesToAsk } from '../tiktok/oauth.ts';
import { type Finding, findEach, ok, toDo, unknown } from './check.ts';

export interface AccountParts {
  readonly accounts: Pick<Store<Account>, 'entries'>;
  readonly secrets: Pick<Secrets, 'open' | 'isOurs'>;
  readonly now: () => number;
}

const NONE = unknown('no TikTok account is connected yet; /connect does that');

/** Whether each account has granted all that Nod asks for. */
export async function checkScopes({
  accounts,
  stats,
}: Pick<AccountParts, 'accounts'> & { stats: boolean }): Promise<readonly Finding[]> {
  const all = await readAll(accounts);
  const wanted = scopesToAsk({ stats });
  const found = all.flatMap((account) => {
    const missing = wanted.filter((scope) => !account.scopes.includes(scope));
    if (missing.length === 0) return [];
    return toDo(
      `${nameOf(account)} has not granted ${missing.join(', ')}: /connect it again and allow everything.`,
    );
  });
  return found.length > 0 || all.length === 0 ? [...found, ...noneOf(all)] : [ok(counted(all))];
}

/** Whether our access to each account holds, and for how long. */
export async function checkAccess({ accounts, secrets, now }: AccountParts): Promise<readonly Finding[]> {
  const all = await readAll(accounts);
  const found = all.flatMap((account) => {
    const problem = accessProblem(account, { secrets, now: now() });
    return problem === undefined ? [] : toDo(problem);
  });
  if (found.length > 0 || all.length === 0) return [...found, ...noneOf(all)];
  const soonest = Math.min(...all.map(({ refreshExpiresAt }) => refreshExpiresAt));
  return [ok(`${counted(all)}; without a refresh the first would end on ${dateOf(soonest)}`)];
}

function accessProblem(
  account: Account,
  { secrets, now }: { secrets: Pick<Secrets, 'isOurs'>; now: number },
): string | undefined {
  const name = nameOf(account);
  const end = dateOf(account.refreshExpiresAt);
  if (account.expired) return `TikTok has ended Nod’s access to ${name}: /connect it again.`;
  if (account.refreshExpiresAt <= now) return `Nod’s access to ${name} ended on ${end}: /connect it again.`;
  if (!secrets.isOurs(account.refreshToken))
    return `The tokens of ${name} were encrypted with another key: set SECRET_KEY to that one, or /connect it again.`;
  const isEnding = account.refreshExpiresAt - now <= firstWarningMs(account);
  if (isEnding && isEndFixed(account))
    return `Nod’s access to ${name} ends on ${end}, and a refresh does not move that: /connect it again before.`;
  return undefined;
}

/** Whether each account may be posted to: while TikTok has not audited the app, it has to be private. */
export async function checkPrivacy(
  { accounts, secrets, now }: AccountParts,
  {
    client,
    lessons,
    signal,
  }: {
    client: Pick<TikTokClient, 'queryCreatorInfo'>;
    lessons: Pick<Store<Lesson>, 'get'>;
    signal: AbortSignal;
  },
): Promise<readonly Finding[]> {
  const all = await readAll(accounts);
  const isAudited = await isKnownAudited(lessons);
  const isRefused = await isKnownUnaudited(lessons);
  let asked = 0;
  const found = await findEach(all, async (account) => ask(account), {
    signal,
    late: (account) => toDo(`TikTok did not answer about ${nameOf(account)} in time: try again later.`),
  });

  async function ask(account: Account): Promise<Finding | undefined> {
    const name = nameOf(account);
    // What has no access is told by another check; a refresh would change it.
    if (account.expired || account.refreshExpiresAt <= now()) return undefined;
    if (account.accessExpiresAt <= now())
      return unknown(`${name} was not asked: its token is renewed with the next post.`);
    try {
      const info = await client.queryCreatorInfo(secrets.open(account.accessToken, account.openId));
      asked += 1;
      const isPublic = info.privacyLevelOptions.includes('PUBLIC_TO_EVERYONE');
      if (!isPublic || (isAudited && !isRefused)) return undefined;
      const why = isRefused
        ? 'TikTok has not audited your app, which may only post to private accounts then'
        : 'an app that TikTok has not audited may only post to private accounts';
      return toDo(
        `${name} is public, and ${why}: make it private in the TikTok app (Settings → Privacy), or have your app audited.`,
      );
    } catch (error) {
      return refused(error, name);
    }
  }

  if (found.length > 0 || all.length === 0) return [...found, ...noneOf(all)];
  if (asked === 0) return [unknown('no account could be asked; see what “access” says')];
  return [ok(isAudited ? 'TikTok has let a public post through' : 'the accounts are private')];
}

/** What TikTok's no means for an account; throws what is none. */
function refused(error: unknown, name: string): Finding | undefined {
  if (error instanceof SecretUnreadableError) return undefined;
  if (error instanceof TikTokRateLimitError)
    return unknown(`TikTok asks for a pause with ${name}; try again in a minute.`);
  if (error instanceof TikTokAuthError)
    return toDo(`TikTok does not take Nod’s token for ${name}: /connect it again.`);
  if (!(error instanceof TikTokApiError))
    return toDo(`TikTok gave no usable answer about ${name}: try again later.`);
  if (refusalOf(error.code).reason === 'creator_banned')
    return toDo(`TikTok has barred ${name} from posting: see the notices in the TikTok app.`);
  return toDo(`TikTok lets nobody post to ${name} now (${plainName(error.code)}): try again later.`);
}

async function readAll(accounts: AccountParts['accounts']): Promise<Account[]> {
  const all = await Array.fromAsync(accounts.entries());
  return all.map(([, account]) => account);
}

/** What a person knows it by; names can be anything. */
export const nameOf = ({ username, nickname }: Pick<Account, 'username' | 'nickname'>): string =>
  username === undefined ? plainName(nickname) : `@${plainName(username)}`;

const noneOf = ({ length }: readonly unknown[]): Finding[] => (length === 0 ? [NONE] : []);

const counted = ({ length }: readonly unknown[]): string =>
  length === 1 ? '1 account' : `${length} accounts`;

const dateOf = (at: number): string => new Date(at).toISOString().slice(0, 10);
