import { join } from 'node:path';
import pino from 'pino';
import { readConfig } from '../src/config.ts';
import { createAccounts } from '../src/core/accounts/accounts.ts';
import { createWorkspaces } from '../src/core/accounts/workspaces.ts';
import type { ChatRef, Person } from '../src/core/people.ts';
import { createPersonLinks, type LinkCode, type PersonLink } from '../src/core/review/person-links.ts';
import { createSecrets, readOrMakeKey } from '../src/core/storage/secrets.ts';
import { createTikTokClient } from '../src/core/tiktok/client.ts';
import { scopesToAsk } from '../src/core/tiktok/oauth.ts';
import { grantOf } from './core/core-world.ts';
import type { World } from './world.ts';
import { openWorldRecords } from './world-records.ts';

/** A chat, a group or a server that Nod has met. */
export interface SeededPlace {
  readonly workspace: string;
  readonly chat: ChatRef;
  readonly title: string;
  readonly isPrivate: boolean;
  /** Whoever connects the TikTok account that it shares; absent where it has none. */
  readonly connectedBy?: Person | undefined;
  /** Username of that account; the one that TikTok has from the beginning unless said otherwise. */
  readonly creator?: string | undefined;
  /** How many approvals a post needs. */
  readonly approvals?: number;
  /** IANA name. */
  readonly timeZone?: string;
  /** The workspace that it has joined, which was seeded before. */
  readonly joined?: string;
}

/**
 * Writes what people would have set by hand into the records of a Nod that does not run yet, by the code that writes them.
 * Nobody is told of it, and the history has nothing about it: what is about those walks it by hand. `linked` are accounts of
 * one person each.
 */
export async function seed(
  world: World,
  places: readonly SeededPlace[],
  { linked = [] }: { linked?: readonly (readonly [Person, Person])[] } = {},
): Promise<void> {
  const config = readConfig(world.environment);
  const log = pino({ level: 'silent' });
  const now = Date.now;
  await using stack = new AsyncDisposableStack();
  const stores = stack.use(await openWorldRecords(world));
  const client = createTikTokClient({ ...config.tiktok, log });
  stack.defer(() => client.close());
  const secrets = createSecrets({
    key: config.secretKey ?? readOrMakeKey(join(config.dataDir, 'secret.key')),
  });
  const workspaces = createWorkspaces({ workspaces: stores.store('workspaces') });
  const accounts = createAccounts({
    accounts: stores.store('accounts'),
    workspaces,
    client,
    secrets,
    now,
    log,
  });
  for (const place of places) {
    const {
      workspace,
      chat,
      title,
      isPrivate,
      connectedBy: person,
      creator,
      approvals,
      timeZone,
      joined,
    } = place;
    await workspaces.meet({ workspace, chat, chatTitle: title, isPrivate });
    if (person !== undefined) {
      const scopes = [...scopesToAsk(config.tiktok)];
      const grant = grantOf(world.tiktok.grant({ scopes, ...(creator !== undefined && { creator }) }));
      const info = await client.fetchUserInfo(grant.accessToken, grant.scopes);
      await accounts.connect({ workspace, chat, person, grant, info });
    }
    if (approvals !== undefined)
      await workspaces.change(workspace, ({ policy }) => ({ policy: { ...policy, approvals } }));
    if (timeZone !== undefined) await workspaces.beginTimeZone(workspace, timeZone);
    if (joined !== undefined) await workspaces.join(workspace, chat, joined);
  }
  const personLinks = createPersonLinks({
    links: stores.store<PersonLink>('person-links'),
    codes: stores.store<LinkCode>('link-codes'),
    now,
  });
  for (const [person, other] of linked) await personLinks.redeem(other, await personLinks.issue(person));
}
