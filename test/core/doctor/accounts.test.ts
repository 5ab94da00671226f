import { expect, it } from 'vitest';
import type { Account } from '../../../src/core/accounts/accounts.ts';
import { checkAccess, checkPrivacy, checkScopes } from '../../../src/core/doctor/accounts.ts';
import type { Finding } from '../../../src/core/doctor/check.ts';
import type { Lesson } from '../../../src/core/quotas/quotas.ts';
import { createSecrets } from '../../../src/core/storage/secrets.ts';
import { type CoreWorldOptions, createCoreWorld } from '../core-world.ts';

const DAY_MS = 24 * 3_600_000;
const { signal } = new AbortController();

/** Studio Ana's account, which TikTok still has to ask the app's audit about. */
async function startAccounts(options: CoreWorldOptions = {}) {
  const world = await createCoreWorld(options);
  const { nod, tiktok, now } = world;
  const { stores, client } = nod;
  const openId = await world.connect();
  const accounts = stores.store<Account>('accounts');
  const parts = { accounts, secrets: createSecrets({ key: 'key' }), now };
  const lessons = stores.store<Lesson>('quotas');
  return {
    world,
    tiktok,
    now,
    change: (fields: Partial<Account>) => accounts.update(openId, (account) => ({ ...account, ...fields })),
    scopes: (stats = false) => checkScopes({ accounts, stats }),
    access: () => checkAccess(parts),
    privacy: () => checkPrivacy(parts, { client, lessons, signal }),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

const says = (state: Finding['state'], text: string) => [{ state, text: expect.stringContaining(text) }];

it('finds what an account has not granted', async () => {
  await using ana = await startAccounts();
  expect(await ana.scopes()).toEqual(says('ok', '1 account'));
  await ana.change({ scopes: ['user.info.basic'] });
  expect(await ana.scopes(true)).toEqual(
    says('to_do', 'has not granted video.publish, video.upload, video.list: /connect it again'),
  );
});

it('finds an access that has ended, or ends before long and is not renewed', async () => {
  await using ana = await startAccounts();
  expect(await ana.access()).toEqual(says('ok', '1 account'));
  const ends = { connectedAt: ana.now() - 170 * DAY_MS, lifeFrom: ana.now() - 170 * DAY_MS };
  await ana.change({ ...ends, tokensAt: ana.now() - DAY_MS, refreshExpiresAt: ana.now() + 10 * DAY_MS });
  expect(await ana.access()).toEqual(says('to_do', 'and a refresh does not move that: /connect it again'));
  await ana.change({ refreshExpiresAt: ana.now() - DAY_MS });
  expect(await ana.access()).toEqual(says('to_do', 'ended on'));
  await ana.change({ expired: true });
  expect(await ana.privacy()).toEqual(says('unknown', 'no account could be asked'));
  expect(await ana.access()).toEqual(says('to_do', 'TikTok has ended Nod’s access'));
});

it('takes a public account for wrong until TikTok has let a public post through', async () => {
  await using ana = await startAccounts({ tiktok: { app: { audited: true } } });
  const { world } = ana;
  expect(await ana.privacy()).toEqual(says('to_do', 'is public, and an app that TikTok has not audited'));
  await world.finish((await world.submit()).id);
  await expect.poll(() => ana.privacy()).toEqual(says('ok', 'TikTok has let a public post through'));
});

it('is certain once TikTok has refused a post for that', async () => {
  await using ana = await startAccounts({ tiktok: { app: { audited: false } } });
  const { world } = ana;
  await world.finish((await world.submit()).id);
  expect(await ana.privacy()).toEqual(says('to_do', 'is public, and TikTok has not audited your app'));
  ana.tiktok.creator.private = true;
  expect(await ana.privacy()).toEqual(says('ok', 'the accounts are private'));
});

it('asks with the token that is there, and renews none', async () => {
  await using ana = await startAccounts();
  await ana.change({ accessExpiresAt: ana.now() - 1 });
  const calls = ana.tiktok.state.requests.length;
  expect(await ana.privacy()).toEqual(says('unknown', 'its token is renewed with the next post'));
  expect(ana.tiktok.state.requests).toHaveLength(calls);
});

it('tells what TikTok says of an account that nobody may post to', async () => {
  await using ana = await startAccounts();
  ana.tiktok.creator.banned = true;
  expect(await ana.privacy()).toEqual(says('to_do', 'TikTok has barred'));
  ana.tiktok.fault('http-200-error:creator_info', { code: 'access_token_invalid' });
  expect(await ana.privacy()).toEqual(says('to_do', 'TikTok does not take Nod’s token'));
});
