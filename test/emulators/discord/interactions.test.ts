import { InteractionCallbackResponseSchema } from 'discord-api-spec/zod';
import { expect, it } from 'vitest';
import { connect } from './gateway-client.ts';
import { startDiscordEmulator } from './index.ts';
import { createCall, makePicture, misfits } from './wire-client.ts';

const EPHEMERAL = 64;
const V2 = 1 << 15;
const COMMAND = {
  name: 'post',
  description: 'Post',
  options: [{ type: 11, name: 'media', description: 'File' }],
};

const LABEL = { type: 18, label: 'L', component: { type: 4, custom_id: 'c', style: 1 } };
const MODAL = { custom_id: 'm', title: 'T', components: [LABEL] };

/** A bot on the wire whose answers the test writes by hand. */
const start = async () => {
  const discord = await startDiscordEmulator({ rateLimits: { interactions: false } });
  const call = createCall(discord);
  const gateway = await connect(discord);
  await call('PUT', `/applications/${discord.applicationId}/commands`, [COMMAND]);
  const run = async () => {
    const handle = discord.runCommand({ user: discord.ana, channel: discord.posts, name: 'post' });
    handle.catch(() => {});
    const { id, token } = await gateway.next('INTERACTION_CREATE');
    const answer = (body: unknown, query = '') =>
      call('POST', `/interactions/${id}/${token}/callback${query}`, body);
    const hook = (method: string, path = '', body?: unknown) =>
      call(method, `/webhooks/${discord.applicationId}/${token}${path}`, body);
    return { handle, answer, hook };
  };
  return { discord, call, gateway, run };
};

it('forgets an interaction that nobody answers for three seconds', async () => {
  const { discord, run } = await start();
  await using _ = discord;
  const { handle, answer } = await run();
  discord.advance(3001);
  await expect(handle).rejects.toThrow('The application did not respond.');
  expect(await answer({ type: 5 })).toMatchObject({
    status: 404,
    body: { code: 10062, message: 'Unknown interaction' },
  });
});

it('takes one first answer only and notes how long it took', async () => {
  const { discord, run } = await start();
  await using _ = discord;
  const { handle, answer } = await run();
  expect((await answer({ type: 5, data: { flags: EPHEMERAL } })).status).toBe(204);
  expect(await answer({ type: 4, data: { content: 'x' } })).toMatchObject({
    status: 400,
    body: { code: 40060 },
  });
  const { acknowledgedAfterMs } = await handle;
  expect(acknowledgedAfterMs).toBeGreaterThan(0);
  expect(acknowledgedAfterMs).toBeLessThan(3000);
});

it('refuses to edit by a token older than 15 minutes, but not through the channel', async () => {
  const { discord, call, run } = await start();
  await using _ = discord;
  const { handle, answer, hook } = await run();
  await answer({ type: 4, data: { content: 'card' } });
  const { id } = (await handle).response() ?? { id: '' };
  discord.advance(15 * 60_000 + 1);
  const late = { status: 401, body: { code: 50027, message: 'Invalid Webhook Token' } };
  expect(await hook('PATCH', '/messages/@original', { content: 'x' })).toMatchObject(late);
  expect(await hook('POST', '', { content: 'x' })).toMatchObject(late);
  const edited = await call('PATCH', `/channels/${discord.posts.id}/messages/${id}`, { content: 'still' });
  expect(edited).toMatchObject({ status: 200, body: { content: 'still' } });
});

it('knows no ephemeral message by its channel', async () => {
  const { discord, call, run } = await start();
  await using _ = discord;
  const { handle, answer } = await run();
  await answer({ type: 4, data: { content: 'secret', flags: EPHEMERAL } });
  const { id } = (await handle).response() ?? { id: '' };
  const path = `/channels/${discord.posts.id}/messages/${id}`;
  const unknown = { status: 404, body: { code: 10008 } };
  expect(await call('PATCH', path, { content: 'x' })).toMatchObject(unknown);
  expect(await call('GET', path)).toMatchObject(unknown);
  expect(await call('PUT', `${path}/reactions/${encodeURIComponent('✅')}/@me`)).toMatchObject(unknown);
  expect((await call('GET', `/channels/${discord.posts.id}/messages`)).body).toEqual([]);
});

it('fills a deferral by its first follow-up, which stays as ephemeral as it was', async () => {
  const { discord, run } = await start();
  await using _ = discord;
  const { handle, answer, hook } = await run();
  const deferred = await answer({ type: 5 }, '?with_response=true');
  expect(deferred.body).toMatchObject({
    interaction: { response_message_loading: true, response_message_ephemeral: false },
  });
  expect(discord.render(await handle)).toBe('Nod\n  (is thinking…)');
  await hook('POST', '', { content: 'done', flags: EPHEMERAL });
  expect((await handle).response()).toMatchObject({ content: 'done', flags: 0 });
  expect((await handle).followUps).toEqual([]);
  await hook('POST', '', { content: 'more', flags: EPHEMERAL });
  expect((await handle).followUps).toMatchObject([{ content: 'more', flags: EPHEMERAL }]);
  expect(discord.messages(discord.posts)).toHaveLength(1);
});

it('turns an ephemeral deferral into components, ephemeral still', async () => {
  const { discord, run } = await start();
  await using _ = discord;
  const { handle, answer, hook } = await run();
  await answer({ type: 5, data: { flags: EPHEMERAL | V2 } });
  expect(discord.state.lint).toEqual(['a deferred answer carries no flag but EPHEMERAL']);
  const components = [{ type: 10, content: 'Draft' }];
  expect((await hook('PATCH', '/messages/@original', { flags: V2, components })).status).toBe(200);
  expect((await handle).response()).toMatchObject({ flags: EPHEMERAL | V2, components });
  expect(discord.render(await handle)).toBe('Nod (only Ana sees this, edited 1×)\n  Draft');
});

it('offers 25 choices at most', async () => {
  const { discord, call, gateway } = await start();
  await using _ = discord;
  const options = [{ type: 3, name: 'a', description: 'A', autocomplete: true }];
  await call('PUT', `/applications/${discord.applicationId}/commands`, [{ ...COMMAND, options }]);
  const use = { user: discord.ana, channel: discord.posts, name: 'post' };
  const choices = discord.autocomplete({ ...use, focused: 'a', value: 'x' });
  const { id, token, data } = await gateway.next('INTERACTION_CREATE');
  expect(data).toMatchObject({ options: [{ name: 'a', value: 'x', focused: true }] });
  const answer = (count: number) => {
    const offered = [...Array(count)].map((__, index) => ({ name: `${index}`, value: `${index}` }));
    return call('POST', `/interactions/${id}/${token}/callback`, { type: 8, data: { choices: offered } });
  };
  expect((await answer(26)).status).toBe(400);
  expect((await answer(25)).status).toBe(204);
  expect(await choices).toHaveLength(25);
});

it('deletes the answer, after which it cannot be edited', async () => {
  const { discord, run } = await start();
  await using _ = discord;
  const { handle, answer, hook } = await run();
  expect(await hook('PATCH', '/messages/@original', { content: 'x' })).toMatchObject({
    status: 404,
    body: { code: 10015 },
  });
  await answer({ type: 4, data: { content: 'x', flags: EPHEMERAL } });
  expect((await hook('DELETE', '/messages/@original')).status).toBe(204);
  expect((await handle).response()).toBeUndefined();
  expect(await hook('GET', '/messages/@original')).toMatchObject({ status: 404, body: { code: 10008 } });
});

it('allows only the answers that fit the kind of interaction', async () => {
  const { discord, run } = await start();
  await using _ = discord;
  const { handle, answer } = await run();
  const refused = { status: 400, body: { code: 50035, errors: { type: { _errors: [{}] } } } };
  expect(await answer({ type: 7, data: { content: 'x' } })).toMatchObject(refused);
  expect(await answer({ type: 8, data: { choices: [] } })).toMatchObject(refused);
  expect((await answer({ type: 9, data: { ...MODAL, title: 'x'.repeat(46) } })).body).toMatchObject({
    errors: { data: { title: { _errors: [{ code: 'BASE_TYPE_MAX_LENGTH' }] } } },
  });
  expect((await answer({ type: 9, data: MODAL })).status).toBe(204);
  expect(discord.render(await handle)).toBe('=== T ===\nL: __');
});

it('opens a modal from a modal never', async () => {
  const { discord, call, gateway, run } = await start();
  await using _ = discord;
  const { handle, answer } = await run();
  await answer({ type: 9, data: MODAL });
  const submitted = discord.submitModal(await handle, { L: 'text' });
  const event = await gateway.next('INTERACTION_CREATE');
  expect(event).toMatchObject({
    type: 5,
    data: { components: [{ component: { custom_id: 'c', value: 'text' } }] },
  });
  const callback = `/interactions/${event.id}/${event.token}/callback`;
  expect((await call('POST', callback, { type: 9, data: MODAL })).status).toBe(400);
  await call('POST', callback, { type: 4, data: { content: 'ok' } });
  expect((await submitted).response()?.content).toBe('ok');
});

it('tells the bot who asks, where, with which rights, language and upload limit', async () => {
  const { discord, gateway } = await start();
  await using _ = discord;
  const boosted = discord.guild({ name: 'Boosted', locale: 'fr', boostTier: 2 });
  const room = discord.channel(boosted, { name: 'room' });
  const ben = discord.user({ name: 'Ben', locale: 'de', uploadLimitBytes: 500 * 1024 * 1024 });
  discord.addMember(boosted, ben, { permissions: ['MANAGE_GUILD'] });
  discord.addMember(boosted, discord.ana);
  discord.runCommand({ user: ben, channel: room, name: 'post' }).catch(() => {});
  const event = await gateway.next('INTERACTION_CREATE');
  expect(event).toMatchObject({
    locale: 'de',
    guild_locale: 'fr',
    context: 0,
    entitlements: [],
    attachment_size_limit: 500 * 1024 * 1024,
    authorizing_integration_owners: { '0': boosted.id },
    member: { user: { id: ben.id } },
  });
  expect(BigInt(event.member.permissions) & 32n).toBe(32n);
  discord.runCommand({ user: discord.ana, channel: room, name: 'post' }).catch(() => {});
  expect(await gateway.next('INTERACTION_CREATE')).toMatchObject({ attachment_size_limit: 50 * 1024 * 1024 });
  discord.runCommand({ user: ben, channel: discord.dm(ben), name: 'post' }).catch(() => {});
  expect(await gateway.next('INTERACTION_CREATE')).toMatchObject({ context: 1, user: { id: ben.id } });
});

it('answers with_response as the published schema has it', async () => {
  const { discord, run } = await start();
  await using _ = discord;
  const { answer } = await run();
  const { body } = await answer({ type: 4, data: { content: 'x' } }, '?with_response=true');
  expect(misfits(InteractionCallbackResponseSchema, body)).toBeUndefined();
});

it('lets nobody press what only somebody else sees, nor anything disabled', async () => {
  const { discord, run } = await start();
  await using _ = discord;
  const ben = discord.user({ name: 'Ben' });
  discord.addMember(discord.studio, ben);
  const { handle, answer } = await run();
  const button = { type: 2, style: 1, label: 'Go', custom_id: 'go', disabled: true };
  await answer({
    type: 4,
    data: { content: 'x', flags: EPHEMERAL, components: [{ type: 1, components: [button] }] },
  });
  await expect(discord.press(await handle, 'Go', ben)).rejects.toThrow(
    'Only Ana sees this message, not Ben.',
  );
  await expect(discord.press(await handle, 'Go', discord.ana)).rejects.toThrow('disabled');
});

it('refuses files above the limit before the bot hears of them', async () => {
  const { discord } = await start();
  await using _ = discord;
  const media = { bytes: await makePicture(), fileName: 'big.mp4', size: 21 * 1024 * 1024 };
  await expect(
    discord.runCommand({ user: discord.ana, channel: discord.posts, name: 'post', options: { media } }),
  ).rejects.toThrow('too powerful');
});
