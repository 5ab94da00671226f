import { describe, expect, it } from 'vitest';
import type { Accounts } from '../../../src/core/accounts/accounts.ts';
import { TikTokApiError, TikTokAuthError, TikTokUnreachableError } from '../../../src/core/tiktok/errors.ts';
import { type CoreWorld, createCoreWorld } from '../core-world.ts';
import { problemOf } from '../media/files.ts';

const TOKEN_LIFE_MS = 2 * 3_600_000;

function refreshesOf({ tiktok }: CoreWorld) {
  return tiktok.state.requests.filter(({ endpoint }) => endpoint === 'oauth/token');
}

/** A world with Ana's account, whose access token has just run out. */
async function staleWorld() {
  const world = await createCoreWorld();
  const openId = await world.connect();
  world.tiktok.clock.advance(TOKEN_LIFE_MS);
  return { world, openId, accounts: world.nod.accounts };
}

describe('an access token', () => {
  it('is the granted one while it lasts, and is not kept in the clear', async () => {
    await using world = await createCoreWorld();
    const pair = world.tiktok.grant();
    const openId = await world.connect(pair);
    expect(await world.nod.accounts.accessToken(openId)).toBe(pair.access_token);
    const stored = JSON.stringify(await world.nod.accountStore.get(openId));
    expect(stored).not.toContain(pair.access_token);
    expect(stored).not.toContain(pair.refresh_token);
    expect(refreshesOf(world)).toEqual([]);
  });

  it('is refreshed a minute before it runs out', async () => {
    await using world = await createCoreWorld();
    const pair = world.tiktok.grant();
    const openId = await world.connect(pair);
    world.tiktok.clock.advance(TOKEN_LIFE_MS - 60_001);
    expect(await world.nod.accounts.accessToken(openId)).toBe(pair.access_token);
    world.tiktok.clock.advance(1);
    expect(await world.nod.accounts.accessToken(openId)).not.toBe(pair.access_token);
  });

  it('is refreshed once for all who ask at the same time', async () => {
    const { world, openId, accounts } = await staleWorld();
    await using _ = world;
    const tokens = await Promise.all(Array.from({ length: 50 }, () => accounts.accessToken(openId)));
    expect(new Set(tokens).size).toBe(1);
    expect(refreshesOf(world)).toHaveLength(1);
    expect(await accounts.accessToken(openId)).toBe(tokens[0]);
  });

  it('is refreshed once for those, too, who come while the refresh ends', async () => {
    const { world, openId, accounts } = await staleWorld();
    await using _ = world;
    const asked: Promise<string>[] = [];
    const ask = async () => {
      for (let turn = 0; turn < 200; turn += 1) {
        asked.push(accounts.accessToken(openId));
        await new Promise(setImmediate);
      }
    };
    await ask();
    expect(new Set(await Promise.all(asked)).size).toBe(1);
    expect(refreshesOf(world)).toHaveLength(1);
  });

  it('works for ever: each refresh token leads to the next, also over a restart', async () => {
    await using world = await createCoreWorld();
    const openId = await world.connect();
    for (let day = 0; day < 5; day += 1) {
      world.tiktok.clock.advance(TOKEN_LIFE_MS);
      const { accounts } = world.openAnother();
      const token = await accounts.accessToken(openId);
      expect((await world.nod.client.queryCreatorInfo(token)).username).toBe('studio.ana');
    }
    expect(refreshesOf(world)).toHaveLength(5);
  });

  it('has its pair on the disk before anybody gets it', async () => {
    const { world, openId, accounts } = await staleWorld();
    await using _ = world;
    const token = await accounts.accessToken(openId);
    const restarted = world.openAnother();
    expect(await restarted.accounts.accessToken(openId)).toBe(token);
    expect(refreshesOf(world)).toHaveLength(1);
  });

  it('ends with the account where the answer with the new pair is lost, and not in a loop', async () => {
    const { world, openId, accounts } = await staleWorld();
    await using _ = world;
    world.tiktok.fault('drop-token-reply');
    await expect(accounts.accessToken(openId)).rejects.toBeInstanceOf(TikTokUnreachableError);
    for (let turn = 0; turn < 3; turn += 1) {
      expect(await problemOf(accounts.accessToken(openId))).toMatchObject({ code: 'account_disconnected' });
    }
    expect(refreshesOf(world)).toHaveLength(2);
    await world.connect();
    expect(await accounts.accessToken(openId)).toMatch(/^act\./);
  });

  it('recovers from a lost answer where TikTok keeps the old refresh token alive', async () => {
    const { world, openId, accounts } = await staleWorld();
    await using _ = world;
    world.tiktok.options.strict.oldRefreshTokenDies = false;
    world.tiktok.fault('drop-token-reply');
    await expect(accounts.accessToken(openId)).rejects.toBeInstanceOf(TikTokUnreachableError);
    expect(await accounts.accessToken(openId)).toMatch(/^act\./);
  });

  it.each([
    ['token-5xx', TikTokUnreachableError],
    ['token-error:invalid_client', TikTokApiError],
  ])('is asked for again after %s, which says nothing about the account', async (fault, error) => {
    const { world, openId, accounts } = await staleWorld();
    await using _ = world;
    world.tiktok.fault(fault);
    await expect(accounts.accessToken(openId)).rejects.toBeInstanceOf(error);
    expect(await accounts.accessToken(openId)).toMatch(/^act\./);
  });

  it('is not to be had where TikTok refuses the refresh: somebody has to connect again', async () => {
    const { world, openId, accounts } = await staleWorld();
    await using _ = world;
    world.tiktok.fault('token-error:invalid_grant');
    const [first, second] = [accounts.accessToken(openId), accounts.accessToken(openId)];
    expect(await problemOf(first)).toEqual({ code: 'account_disconnected', username: 'TikTok account' });
    expect(await problemOf(second)).toMatchObject({ code: 'account_disconnected' });
    expect(await accounts.get(openId)).toMatchObject({ expired: true });
    expect(refreshesOf(world)).toHaveLength(1);
  });

  it('is not to be had where our key no longer opens it, until the key is back', async () => {
    await using world = await createCoreWorld();
    const openId = await world.connect();
    const { accounts } = world.openAnother({ key: 'another key' });
    expect(await problemOf(accounts.accessToken(openId))).toMatchObject({ code: 'account_disconnected' });
    expect(world.lines.join('')).toContain('SECRET_KEY');
    expect(await world.openAnother().accounts.accessToken(openId)).toMatch(/^act\./);
  });
});

describe('connecting again while a refresh is under way', () => {
  async function draftRefresh(fault?: string) {
    const { world, openId, accounts } = await staleWorld();
    if (fault !== undefined) world.tiktok.fault(fault);
    world.tiktok.fault('latency', { endpoint: 'oauth/token', ms: 1_000 });
    const asked = accounts.accessToken(openId);
    asked.catch(() => {});
    await world.tiktok.whenRequest(
      (request) => request.endpoint === 'oauth/token' && request.fault !== undefined,
    );
    const pair = world.tiktok.grant();
    await world.connect(pair);
    world.tiktok.clock.advance(1_000);
    return { world, openId, accounts, asked, pair };
  }

  it('is not undone by the refusal of the old refresh token', async () => {
    const { world, openId, accounts, asked, pair } = await draftRefresh('token-error:invalid_grant');
    await using _ = world;
    expect(await asked).toBe(pair.access_token);
    expect(await accounts.get(openId)).not.toHaveProperty('expired');
    expect(await accounts.accessToken(openId)).toBe(pair.access_token);
  });

  it('is not undone by the success of the old refresh token', async () => {
    const { world, openId, accounts, asked, pair } = await draftRefresh();
    await using _ = world;
    expect(await asked).toBe(pair.access_token);
    expect(await accounts.accessToken(openId)).toBe(pair.access_token);
  });
});

it('keeps the names of an account that is connected again where TikTok does not tell them then', async () => {
  await using world = await createCoreWorld();
  const openId = await world.connect();
  const names = { nickname: 'Studio Ana', username: 'studio.ana' };
  await world.nod.accounts.noteName(openId, names);
  await world.connect();
  expect(await world.nod.accounts.get(openId)).toMatchObject(names);
});

describe('a call with a token', () => {
  /** A call that TikTok's bearer check answers. */
  const ask = (accounts: Accounts, world: CoreWorld, openId: string) =>
    accounts.withToken(openId, (token) => world.nod.client.queryCreatorInfo(token));

  it('is made once more with a fresh token when TikTok refuses the one at hand', async () => {
    await using world = await createCoreWorld();
    const openId = await world.connect();
    for (const token of world.tiktok.state.tokens) if (token.kind === 'access') token.revoked = true;
    expect(await ask(world.nod.accounts, world, openId)).toMatchObject({ username: 'studio.ana' });
    expect(refreshesOf(world)).toHaveLength(1);
  });

  it('is not made a third time', async () => {
    await using world = await createCoreWorld();
    const openId = await world.connect();
    const refusal = { status: 401, code: 'access_token_invalid', times: 9 };
    world.tiktok.fault('error', refusal);
    await expect(ask(world.nod.accounts, world, openId)).rejects.toBeInstanceOf(TikTokAuthError);
    expect(refreshesOf(world)).toHaveLength(1);
  });

  it('is refreshed once for many that are refused at once', async () => {
    await using world = await createCoreWorld();
    const openId = await world.connect();
    for (const token of world.tiktok.state.tokens) if (token.kind === 'access') token.revoked = true;
    const { accounts } = world.nod;
    await Promise.all(Array.from({ length: 8 }, () => ask(accounts, world, openId)));
    expect(refreshesOf(world)).toHaveLength(1);
  });

  it('distrusts only the token that was refused', async () => {
    await using world = await createCoreWorld();
    const openId = await world.connect();
    const token = await world.nod.accounts.accessToken(openId);
    await world.nod.accounts.distrust(openId, 'act.another');
    expect(await world.nod.accounts.accessToken(openId)).toBe(token);
    await world.nod.accounts.distrust(openId, token);
    expect(await world.nod.accounts.accessToken(openId)).not.toBe(token);
    await world.nod.accounts.distrust('nobody', token);
  });
});
