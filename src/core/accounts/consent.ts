import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Logger } from 'pino';
import type { ChatRef, Person } from '../people.ts';
import type { Store, Versioned } from '../storage/database.ts';
import type { TikTokClient } from '../tiktok/client.ts';
import { TikTokApiError, TikTokUnreachableError } from '../tiktok/errors.ts';
import { authorizeUrl, createPkce, SCOPES, STATS_SCOPE, scopesToAsk } from '../tiktok/oauth.ts';
import type { UserInfo } from '../tiktok/types.ts';
import type { Account, Accounts } from './accounts.ts';

/** Somebody in a chat asked to connect a TikTok account; the id is the secret of the link that they got. */
export interface Invitation extends Versioned {
  readonly id: string;
  readonly workspace: string;
  readonly chat: ChatRef;
  readonly chatTitle: string;
  readonly person: Person;
  readonly expiresAt: number;
  /** The `state` of the one consent that uses it; absent while it is free. */
  readonly usedBy?: string;
  /** The `state`s of the ways that were begun through it, newest last. */
  readonly ways?: readonly string[];
}

/** One way through TikTok's consent page, by its `state`. */
export interface Consent extends Versioned {
  readonly invitation: Invitation;
  readonly codeVerifier: string;
  /** SHA-256 of the cookie of the browser that began. */
  readonly browserHash: string;
  readonly expiresAt: number;
  readonly usedAt?: number;
  /** The outcomes that may come again and again, and that the chat has been told already. */
  readonly told?: readonly RepeatableOutcome[];
}

/** What every further look at the same callback may end with. */
type RepeatableOutcome = 'reused' | 'used' | 'foreign' | 'forbidden';

/** How a way through the consent page ended. Without an invitation nobody can be told but the browser. */
export type ConsentOutcome =
  | {
      type: 'connected';
      invitation: Invitation;
      account: Account;
      missingScopes: readonly string[];
      /** Links and numbers were asked for, and the person left them out. */
      lacksStats: boolean;
    }
  | {
      type: RepeatableOutcome;
      invitation: Invitation;
      /** The chat was told before. */
      isTold: boolean;
    }
  | { type: 'denied' | 'expired' | 'unreachable'; invitation: Invitation }
  | { type: 'refused'; invitation: Invitation; code: string }
  // Faults of ours: after TikTok had agreed; before anything was used up, so that the same callback goes on.
  | { type: 'fault'; invitation: Invitation }
  | { type: 'unchecked'; invitation: Invitation }
  | { type: 'unknown' };

const INVITATION_LIFE_MS = 60 * 60_000;
const CONSENT_LIFE_MS = 10 * 60_000;
/** Somebody may press the button again and again; one link costs us no more than so many records. */
const MAX_WAYS = 20;

/** Leads a person from a chat through TikTok's consent page and back. */
export function createConsents({
  invitations,
  consents,
  accounts,
  client,
  clientKey,
  authorizePage,
  redirectUri,
  stats = false,
  mayConnect,
  now,
  log,
}: {
  invitations: Store<Invitation>;
  consents: Store<Consent>;
  accounts: Accounts;
  client: TikTokClient;
  clientKey: string;
  authorizePage: string;
  redirectUri: string;
  /** Asks for the optional scope, too. */
  stats?: boolean | undefined;
  /** Whether whoever asked may connect accounts for that place now. */
  mayConnect: (invitation: Invitation) => Promise<boolean>;
  now: () => number;
  log: Logger;
}) {
  async function invite(from: {
    workspace: string;
    chat: ChatRef;
    chatTitle: string;
    person: Person;
  }): Promise<Invitation> {
    const id = newSecret();
    const { workspace, chat, chatTitle, person } = from;
    const expiresAt = now() + INVITATION_LIFE_MS;
    const invitation = await invitations.create(id, { id, workspace, chat, chatTitle, person, expiresAt });
    if (invitation === undefined) throw new Error('A fresh id is taken: the random source repeats itself.');
    return invitation;
  }

  /** The invitation, as long as it is good: for one hour and for one account. */
  async function readInvitation(id: string): Promise<Invitation | undefined> {
    const invitation = await invitations.get(id);
    if (invitation === undefined || invitation.usedBy !== undefined) return undefined;
    return invitation.expiresAt > now() ? invitation : undefined;
  }

  /** The URL of TikTok's consent page for this invitation and this browser. */
  async function begin(invitation: Invitation, browser: string): Promise<string> {
    const state = newSecret();
    const { codeVerifier, codeChallenge } = createPkce();
    await consents.create(state, {
      invitation,
      codeVerifier,
      browserHash: hash(browser),
      expiresAt: now() + CONSENT_LIFE_MS,
    });
    await forgetOldWays(invitation.id, state);
    return authorizeUrl({
      authorizeUrl: authorizePage,
      clientKey,
      redirectUri,
      scopes: scopesToAsk({ stats }),
      state,
      codeChallenge,
    });
  }

  /** Of too many ways through an invitation the oldest end. */
  async function forgetOldWays(id: string, state: string): Promise<void> {
    let old: readonly string[] = [];
    await invitations.update(id, (invitation) => {
      const ways = [...(invitation.ways ?? []), state];
      old = ways.slice(0, -MAX_WAYS);
      return { ...invitation, ways: ways.slice(-MAX_WAYS) };
    });
    for (const each of old) await consents.delete(each);
  }

  /**
   * Ends the way that `state` names: at most once, only for the browser that began it, and only while whoever asked may
   * connect accounts. Of all ways through one invitation one connects an account.
   */
  async function finish(callback: {
    state: string;
    browser: string | undefined;
    code?: string;
    error?: string;
  }): Promise<ConsentOutcome> {
    const { state, browser, code, error } = callback;
    const consent = await consents.get(state);
    if (consent === undefined) return { type: 'unknown' };
    const { invitation } = consent;
    const isTaken = await isTakenByAnother(invitation.id, state);
    if (consent.usedAt !== undefined) return repeatable(isTaken ? 'used' : 'reused', state, invitation);
    if (!isSameBrowser(browser, consent.browserHash)) return repeatable('foreign', state, invitation);
    if (isTaken) return repeatable('used', state, invitation);
    if (consent.expiresAt <= now()) return endWith({ type: 'expired', invitation }, state);
    if (error === 'access_denied') return endWith({ type: 'denied', invitation }, state);
    if (error !== undefined || code === undefined)
      return endWith({ type: 'refused', invitation, code: error ?? 'code_missing' }, state);
    return connect({ state, invitation, code, codeVerifier: consent.codeVerifier });
  }

  async function connect(way: {
    state: string;
    invitation: Invitation;
    code: string;
    codeVerifier: string;
  }): Promise<ConsentOutcome> {
    const { state, invitation } = way;
    const isAllowed = await readRight(invitation);
    if (isAllowed === undefined) return { type: 'unchecked', invitation };
    if (!isAllowed) return repeatable('forbidden', state, invitation);
    if (!(await useUp(state))) return repeatable('reused', state, invitation);
    if (!(await claim(invitation.id, state))) return repeatable('used', state, invitation);
    try {
      return await exchange(way);
    } catch (error) {
      const failure = failureFrom(error, invitation);
      await release(invitation.id, state);
      return failure;
    }
  }

  /** Undefined where it cannot be told now. */
  async function readRight(invitation: Invitation): Promise<boolean | undefined> {
    try {
      return await mayConnect(invitation);
    } catch (error) {
      log.error({ err: error }, 'Nobody could tell whether a person may still connect accounts');
      return undefined;
    }
  }

  async function exchange({
    invitation,
    code,
    codeVerifier,
  }: {
    invitation: Invitation;
    code: string;
    codeVerifier: string;
  }): Promise<ConsentOutcome> {
    const grant = await client.exchangeCode({ code, redirectUri, codeVerifier });
    const info = await readUser(grant.accessToken, grant.scopes);
    const { workspace, chat, person } = invitation;
    const account = await accounts.connect({ workspace, chat, person, grant, info });
    const missingScopes = SCOPES.filter((scope) => !grant.scopes.includes(scope));
    const lacksStats = stats && !grant.scopes.includes(STATS_SCOPE);
    return { type: 'connected', invitation, account, missingScopes, lacksStats };
  }

  function failureFrom(error: unknown, invitation: Invitation): ConsentOutcome {
    const isFromTikTok = error instanceof TikTokApiError || error instanceof TikTokUnreachableError;
    log[isFromTikTok ? 'warn' : 'error']({ err: error }, 'An account could not be connected');
    if (error instanceof TikTokApiError) return { type: 'refused', invitation, code: error.code };
    return { type: isFromTikTok ? 'unreachable' : 'fault', invitation };
  }

  /** Uses the consent up and ends it so. */
  async function endWith(
    outcome: ConsentOutcome & { invitation: Invitation },
    state: string,
  ): Promise<ConsentOutcome> {
    return (await useUp(state)) ? outcome : repeatable('reused', state, outcome.invitation);
  }

  /** True for the first who uses the consent up. */
  async function useUp(state: string): Promise<boolean> {
    let isFirst = false;
    await consents.update(state, (consent) => {
      isFirst = consent.usedAt === undefined;
      return isFirst ? { ...consent, usedAt: now() } : undefined;
    });
    return isFirst;
  }

  /** Notes on the consent that the chat hears of it now. */
  async function repeatable(
    type: RepeatableOutcome,
    state: string,
    invitation: Invitation,
  ): Promise<ConsentOutcome> {
    let isTold = true;
    await consents.update(state, (consent) => {
      const { told = [] } = consent;
      isTold = told.includes(type);
      return isTold ? undefined : { ...consent, told: [...told, type] };
    });
    return { type, invitation, isTold };
  }

  /** An invitation that is gone counts as used. */
  async function isTakenByAnother(id: string, state: string): Promise<boolean> {
    const invitation = await invitations.get(id);
    return invitation === undefined || (invitation.usedBy !== undefined && invitation.usedBy !== state);
  }

  /** True for the first consent that claims the invitation. */
  async function claim(id: string, state: string): Promise<boolean> {
    let isFirst = false;
    await invitations.update(id, (invitation) => {
      isFirst = invitation.usedBy === undefined;
      return isFirst ? { ...invitation, usedBy: state } : undefined;
    });
    return isFirst;
  }

  /** Frees the invitation, so that it may be tried again. */
  async function release(id: string, state: string): Promise<void> {
    await invitations.update(id, (invitation) => {
      const { usedBy, ...free } = invitation;
      return usedBy === state ? free : undefined;
    });
  }

  /** The account is worth connecting without its name, so this failure is only noted. */
  async function readUser(accessToken: string, scopes: readonly string[]): Promise<UserInfo | undefined> {
    try {
      return await client.fetchUserInfo(accessToken, scopes);
    } catch (error) {
      log.warn({ err: error }, 'TikTok did not tell the name of the account');
      return undefined;
    }
  }

  /** Deletes what has long expired. */
  async function sweep(): Promise<void> {
    const longAgo = now() - 24 * INVITATION_LIFE_MS;
    for await (const [id, { expiresAt }] of invitations.entries()) {
      if (expiresAt < longAgo) await invitations.delete(id);
    }
    for await (const [state, { expiresAt }] of consents.entries()) {
      if (expiresAt < longAgo) await consents.delete(state);
    }
  }

  return { invite, readInvitation, begin, finish, sweep };
}

export type Consents = ReturnType<typeof createConsents>;

function newSecret(): string {
  return randomBytes(24).toString('base64url');
}

function hash(value: string): string {
  return createHash('sha256').update(value).digest('hex');
}

function isSameBrowser(browser: string | undefined, browserHash: string): boolean {
  return browser !== undefined && timingSafeEqual(Buffer.from(hash(browser)), Buffer.from(browserHash));
}
