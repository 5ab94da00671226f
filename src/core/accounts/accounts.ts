import type { Logger } from 'pino';
import type { Cluster } from '../cluster/cluster.ts';
import type { AccountName, ChatRef, Person } from '../people.ts';
import { UserError } from '../problems.ts';
import type { Store, Versioned } from '../storage/database.ts';
import { type SealedSecret, type Secrets, SecretUnreadableError } from '../storage/secrets.ts';
import type { TikTokClient } from '../tiktok/client.ts';
import { TikTokAuthError } from '../tiktok/errors.ts';
import { SCOPE_FOR } from '../tiktok/oauth.ts';
import type { PostMode, TokenGrant, UserInfo } from '../tiktok/types.ts';
import { firstLifetime, type Lifetime, refreshedLifetime } from './lifetime.ts';
import type { Workspaces } from './workspaces.ts';

/** A TikTok user who allowed us to post. Tokens are kept once per `open_id`, encrypted. */
export interface Account extends Versioned, Lifetime {
  readonly openId: string;
  readonly nickname: string;
  readonly username?: string | undefined;
  readonly scopes: readonly string[];
  readonly accessToken: SealedSecret;
  readonly accessExpiresAt: number;
  readonly refreshToken: SealedSecret;
  readonly connectedBy: Person;
  /** TikTok refused the refresh token: a person has to connect the account again. */
  readonly expired?: true;
}

/** The account that a record stands for; throws where it is none. */
export function readAccount(record: Account): Account {
  if (typeof record.refreshToken !== 'string') throw new TypeError('An account has no tokens.');
  return record;
}

/** An access token this close to its end is refreshed first. */
const LEEWAY_MS = 60_000;

/** Connects and disconnects TikTok accounts and knows a valid access token for each. */
export function createAccounts({
  accounts,
  workspaces,
  client,
  secrets,
  accessEnds = async () => {},
  pictured = () => {},
  changed = () => {},
  exclusively = (_name, run) => run(),
  random = Math.random,
  now,
  log,
}: {
  accounts: Store<Account>;
  workspaces: Workspaces;
  client: TikTokClient;
  secrets: Secrets;
  /** Told before our access to an account ends for good. */
  accessEnds?: (openId: string) => Promise<void>;
  /** Told where TikTok has the picture of an account now. */
  pictured?: (openId: string, url: string | undefined) => void;
  /** Told when an account was connected, or is lost. */
  changed?: (() => void) | undefined;
  /** Runs what no other process may do at the same time. */
  exclusively?: Cluster['exclusively'] | undefined;
  /** From 0 to 1. */
  random?: (() => number) | undefined;
  now: () => number;
  log: Logger;
}) {
  const refreshes = new Map<string, Promise<string>>();

  const get = (openId: string): Promise<Account | undefined> => accounts.get(openId);

  /** The accounts that a workspace shares, in the order in which they were connected. */
  async function list(workspaceId: string): Promise<Account[]> {
    const found = await Promise.all((await workspaces.openIdsOf(workspaceId)).map(get));
    return found.filter((account) => account !== undefined);
  }

  const isShared = async (workspaceId: string, openId: string): Promise<boolean> =>
    (await workspaces.openIdsOf(workspaceId)).includes(openId);

  /** Whether a workspace may post so to the account: it is shared there, has granted that, and TikTok has not ended our access. */
  async function isConnected(
    workspaceId: string,
    { openId, postMode }: { readonly openId: string; readonly postMode: PostMode },
  ): Promise<boolean> {
    const account = await get(openId);
    const isGranted =
      account !== undefined && !account.expired && account.scopes.includes(SCOPE_FOR[postMode]);
    return isGranted && (await isShared(workspaceId, openId));
  }

  /** Saves what TikTok granted and shares the account with the workspace. */
  async function connect(connection: {
    workspace: string;
    chat: ChatRef;
    person: Person;
    grant: TokenGrant;
    info: UserInfo | undefined;
  }): Promise<Account> {
    const { workspace, chat, person, grant, info } = connection;
    const { openId, scopes } = grant;
    const fresh = {
      openId,
      scopes,
      ...tokensOf(grant),
      ...firstLifetime(endOf(grant), now(), random),
      connectedBy: person,
      connectedAt: now(),
    };
    // Only some scopes tell both names; those that were known before still hold.
    const account = await accounts.upsert(openId, (known) => ({
      ...fresh,
      nickname: info?.displayName ?? known?.nickname ?? 'TikTok account',
      username: info?.username ?? known?.username,
    }));
    if (account === undefined) throw new Error('The account was disconnected while it was being connected.');
    await workspaces.share(workspace, chat, openId);
    pictured(openId, info?.avatarUrl);
    changed();
    return account;
  }

  /** Keeps what TikTok calls the account now, and its picture: the creator info tells the handle, which the profile does not. */
  async function noteName(
    openId: string,
    { nickname, username, avatarUrl }: AccountName & { readonly avatarUrl?: string | undefined },
  ): Promise<void> {
    pictured(openId, avatarUrl);
    await accounts.update(openId, (account) =>
      account.nickname === nickname && account.username === username
        ? undefined
        : { ...account, nickname, username: username ?? account.username },
    );
  }

  /** Takes the account from the workspace; where no other one has it, our access ends at TikTok too. */
  async function disconnect(workspaceId: string, openId: string): Promise<void> {
    await workspaces.unshare(workspaceId, openId);
    if ((await workspaces.sharing(openId)).length > 0) return;
    const account = await get(openId);
    if (account === undefined) return;
    const { accessToken } = account;
    try {
      await client.revokeToken(secrets.open(accessToken, openId));
    } catch (error) {
      log.warn(
        { err: error, openId },
        'TikTok did not confirm that our access ended; our tokens are deleted',
      );
    }
    await accessEnds(openId);
    await accounts.delete(openId);
  }

  /** Deletes an account whose access TikTok has ended; the chats whose people should know. */
  async function remove(openId: string): Promise<ChatRef[]> {
    const places = await workspaces.placesWith(openId);
    for (const { id } of places) await workspaces.unshare(id, openId);
    await accessEnds(openId);
    await accounts.delete(openId);
    return places.map(({ chat }) => chat);
  }

  /**
   * A valid access token.
   *
   * @throws UserError `account_disconnected` when a person has to connect the account again.
   * @throws TikTokUnreachableError, TikTokApiError when it cannot be refreshed now.
   */
  async function accessToken(openId: string): Promise<string> {
    const account = await usable(openId);
    return isFresh(account) ? open(account, 'accessToken') : refreshOnce(openId, isFresh);
  }

  /**
   * Gets a new pair of tokens for an account as it was `seen`, fresh or not, unless somebody else has.
   *
   * @throws as `accessToken` does.
   */
  async function refresh(openId: string, seen: Account): Promise<void> {
    await refreshOnce(openId, ({ refreshToken }) => refreshToken !== seen.refreshToken);
  }

  /** A refresh token may be good for one use only, so all who need a new token share one refresh. */
  function refreshOnce(openId: string, isNew: (account: Account) => boolean): Promise<string> {
    const running = refreshes.get(openId);
    if (running !== undefined) return running;
    const refresh = exclusively(`refresh ${openId}`, () => refreshAccount(openId, isNew)).finally(() =>
      refreshes.delete(openId),
    );
    refreshes.set(openId, refresh);
    return refresh;
  }

  /** Calls TikTok with a valid token, and once more with a fresh one; only for calls that may be repeated. */
  async function withToken<T>(openId: string, call: (token: string) => Promise<T>): Promise<T> {
    const token = await accessToken(openId);
    try {
      return await call(token);
    } catch (error) {
      if (!(error instanceof TikTokAuthError)) throw error;
      await distrust(openId, token);
      return call(await accessToken(openId));
    }
  }

  /**
   * Asks TikTok whether our access to an account holds, and notes it where it does not.
   *
   * @throws as `accessToken` does.
   */
  async function check(openId: string): Promise<void> {
    const { scopes } = await usable(openId);
    await withToken(openId, (token) => client.fetchUserInfo(token, scopes));
  }

  /** Notes that TikTok takes a token no more, whatever its lifetime said, so that the next one asked for is fresh. */
  async function distrust(openId: string, token: string): Promise<void> {
    await accounts.update(openId, (account) =>
      open(account, 'accessToken') === token ? { ...account, accessExpiresAt: 0 } : undefined,
    );
  }

  async function refreshAccount(openId: string, isNew: (account: Account) => boolean): Promise<string> {
    const account = await usable(openId);
    // Somebody else's refresh may have ended between the look and the turn.
    if (isNew(account)) return open(account, 'accessToken');
    const change = await renew(account);
    // The old pair may be dead from here on: the new one is on the disk before anybody uses it. Who connected the
    // account again meanwhile brought tokens that are newer than whatever came of the old ones.
    const current = await accounts.update(openId, (latest) =>
      latest.refreshToken === account.refreshToken ? { ...latest, ...change } : undefined,
    );
    if (current?.expired) changed();
    if (current === undefined || current.expired) throw disconnected(account);
    return open(current, 'accessToken');
  }

  /** A new pair of tokens, or the note that TikTok gives none. */
  async function renew(account: Account): Promise<Partial<Account>> {
    const { openId } = account;
    try {
      const grant = await client.refreshToken(open(account, 'refreshToken'));
      return {
        ...tokensOf({ ...grant, openId }),
        ...refreshedLifetime(account, endOf(grant), now(), random),
      };
    } catch (error) {
      if (!(error instanceof TikTokAuthError)) throw error;
      log.warn({ openId, code: error.code, logId: error.logId }, 'TikTok refused to refresh the access');
      return { expired: true, keeping: { owes: 'lost' } };
    }
  }

  const isFresh = (account: Account) => account.accessExpiresAt - LEEWAY_MS > now();

  /** A token that our key does not open is as good as none; it stays, in case that the key comes back. */
  function open(account: Account, token: 'accessToken' | 'refreshToken'): string {
    try {
      return secrets.open(account[token], account.openId);
    } catch (error) {
      if (!(error instanceof SecretUnreadableError)) throw error;
      log.error({ err: error, openId: account.openId }, 'The tokens of an account cannot be read');
      throw disconnected(account, error);
    }
  }

  async function usable(openId: string): Promise<Account> {
    const account = await get(openId);
    if (account === undefined || account.expired) throw disconnected(account);
    return account;
  }

  function tokensOf(grant: TokenGrant) {
    return {
      accessToken: secrets.seal(grant.accessToken, grant.openId),
      accessExpiresAt: now() + grant.expiresInSeconds * 1000,
      refreshToken: secrets.seal(grant.refreshToken, grant.openId),
    };
  }

  const endOf = ({ refreshExpiresInSeconds }: TokenGrant): number => now() + refreshExpiresInSeconds * 1000;

  return {
    get,
    list,
    isShared,
    isConnected,
    connect,
    noteName,
    disconnect,
    remove,
    accessToken,
    refresh,
    withToken,
    check,
    distrust,
  };
}

export type Accounts = ReturnType<typeof createAccounts>;

function disconnected(account: Account | undefined, cause?: Error): UserError {
  const username = account?.username ?? account?.nickname ?? 'this account';
  return new UserError({ code: 'account_disconnected', username }, { cause });
}
