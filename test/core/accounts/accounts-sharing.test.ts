import { describe, expect, it } from 'vitest';
import { createCoreWorld, grantOf } from '../core-world.ts';
import { problemOf } from '../media/files.ts';
import { ANA, BEN, CHAT, WORKSPACE } from '../posts.ts';

describe('sharing accounts', () => {
  const elsewhere = { workspace: 'telegram:-100', chat: 'telegram:-100:0', person: BEN, info: undefined };

  it('lists the accounts of a workspace in the order in which they were connected', async () => {
    await using world = await createCoreWorld();
    world.tiktok.seedCreator({ username: 'ben' });
    await world.connect(world.tiktok.grant({ creator: 'ben' }));
    await world.connect();
    await world.connect();
    const { accounts } = world.nod;
    const listed = (await accounts.list(WORKSPACE)).map(({ openId }) => openId);
    expect(listed).toEqual([world.tiktok.openIdOf('ben'), world.tiktok.openIdOf()]);
    expect(await accounts.list('telegram:9')).toEqual([]);
  });

  it('takes our access back at TikTok only when no workspace has the account any more', async () => {
    await using world = await createCoreWorld();
    const openId = await world.connect();
    const { accounts } = world.nod;
    await accounts.connect({ ...elsewhere, grant: grantOf(world.tiktok.grant()) });
    await accounts.disconnect(WORKSPACE, openId);
    expect(await accounts.list(WORKSPACE)).toEqual([]);
    expect(await accounts.list(elsewhere.workspace)).toHaveLength(1);
    const revocations = () =>
      world.tiktok.state.requests.filter(({ endpoint }) => endpoint === 'oauth/revoke');
    expect(revocations()).toEqual([]);
    await accounts.disconnect(elsewhere.workspace, openId);
    expect(revocations()).toHaveLength(1);
    expect(await accounts.get(openId)).toBeUndefined();
    expect(world.tiktok.state.grants).toEqual([]);
  });

  it('deletes our tokens even where TikTok does not answer', async () => {
    await using world = await createCoreWorld();
    const openId = await world.connect();
    world.tiktok.fault('drop-request', { endpoint: 'oauth/revoke' });
    await world.nod.accounts.disconnect(WORKSPACE, openId);
    expect(await world.nod.accounts.get(openId)).toBeUndefined();
  });

  it('disconnects what is not there without complaint', async () => {
    await using world = await createCoreWorld();
    await expect(world.nod.accounts.disconnect(WORKSPACE, 'nobody')).resolves.toBeUndefined();
  });

  it('forgets an account everywhere once TikTok ended the access, and knows whom to tell', async () => {
    await using world = await createCoreWorld();
    const openId = await world.connect();
    const { accounts } = world.nod;
    await accounts.connect({ ...elsewhere, grant: grantOf(world.tiktok.grant()) });
    expect((await accounts.remove(openId)).sort()).toEqual([elsewhere.chat, CHAT].sort());
    expect(await accounts.list(WORKSPACE)).toEqual([]);
    expect(await accounts.remove(openId)).toEqual([]);
    expect(await problemOf(accounts.accessToken(openId))).toMatchObject({ code: 'account_disconnected' });
  });

  it('takes an account that had expired for connected again', async () => {
    await using world = await createCoreWorld();
    const openId = await world.connect();
    const { accounts } = world.nod;
    world.tiktok.clock.advance(86_400_000);
    world.tiktok.fault('token-error:invalid_grant');
    await problemOf(accounts.accessToken(openId));
    await world.connect();
    expect(await accounts.get(openId)).not.toHaveProperty('expired');
    expect(await accounts.get(openId)).toMatchObject({ connectedBy: ANA, connectedAt: world.now() });
  });
});
