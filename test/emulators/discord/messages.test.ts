import { MessageResponseSchema } from 'discord-api-spec/zod';
import { expect, it } from 'vitest';
import { startDiscordEmulator } from './index.ts';
import type { WireMessage } from './wire.ts';
import { createCall, makePicture, misfits } from './wire-client.ts';

const V2 = 1 << 15;
const HOUR_MS = 60 * 60_000;

const start = async () => {
  const discord = await startDiscordEmulator({ rateLimits: { sends: false, edits: false } });
  const call = createCall(discord);
  const path = `/channels/${discord.posts.id}/messages`;
  const send = (body: object, files?: Record<string, Uint8Array<ArrayBuffer>>) =>
    call('POST', path, body, files);
  const sent = async (body: object, files?: Record<string, Uint8Array<ArrayBuffer>>): Promise<WireMessage> =>
    JSON.parse(JSON.stringify((await send(body, files)).body));
  const edit = (id: string, body: object, files?: Record<string, Uint8Array<ArrayBuffer>>) =>
    call('PATCH', `${path}/${id}`, body, files);
  return { discord, call, path, send, sent, edit };
};
const refused = (errors: object) => ({ status: 400, body: { code: 50035, errors } });
const leaf = (code: string) => ({ _errors: [{ code }] });
const text = (content: string) => ({ type: 10, content });
const button = (custom_id: string, label = 'B') => ({ type: 2, style: 1, custom_id, label });
const row = (...components: object[]) => ({ type: 1, components });
const gallery = (...names: string[]) => ({
  type: 12,
  items: names.map((name) => ({ media: { url: `attachment://${name}` } })),
});

it('takes messages in the posts of a forum, and none in the forum itself', async () => {
  const { discord, call } = await start();
  await using _ = discord;
  const forum = discord.forum(discord.studio, { name: 'ideas' });
  const post = discord.thread(forum, { name: 'Summer' });
  const body = { content: 'Hello' };
  expect(await call('POST', `/channels/${forum.id}/messages`, body)).toMatchObject({
    status: 400,
    body: { code: 50008 },
  });
  expect(await call('POST', `/channels/${post.id}/messages`, body)).toMatchObject({ status: 200 });
});

it('refuses what the published schemas refuse, and notes it', async () => {
  const { discord, send } = await start();
  await using _ = discord;
  const long = row(button('a', 'x'.repeat(81)));
  expect(await send({ content: 'x', components: [long] })).toMatchObject(
    refused({ components: { 0: { components: { 0: { label: leaf('BASE_TYPE_MAX_LENGTH') } } } } }),
  );
  expect(await send({ content: 'x', components: [{ type: 99 }] })).toMatchObject(
    refused({ components: { 0: { type: leaf('BASE_TYPE_CHOICES') } } }),
  );
  expect(discord.state.lint).toHaveLength(2);
  expect(discord.state.lint[0]).toContain('createMessage: {"components"');
});

it('refuses what the documentation refuses beyond the schemas', async () => {
  const { discord, send } = await start();
  await using _ = discord;
  const v2 = (components: object[], more = {}) => send({ flags: V2, components, ...more });
  const options = [1, 2].map(() => ({ label: 'L', value: 'same' }));
  const cases: [Promise<unknown>, object][] = [
    [send({ content: 'x'.repeat(2001) }), { content: leaf('BASE_TYPE_MAX_LENGTH') }],
    [send({ content: 'x', flags: 64 }), { flags: leaf('MESSAGE_FLAGS_INVALID') }],
    [send({ components: [text('needs the flag')] }), { components: { 0: { type: {} } } }],
    [v2([text('a')], { content: 'x' }), { content: {} }],
    [
      v2([text('x'.repeat(2500)), text('x'.repeat(2500))]),
      { components: leaf('COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED') },
    ],
    [
      v2([...Array(11)].map(() => ({ type: 17, components: [text('a'), text('b'), text('c')] }))),
      { components: {} },
    ],
    [
      v2([row(button('same')), row(button('same'))]),
      { components: { 1: { components: { 0: { custom_id: {} } } } } },
    ],
    [
      v2([row({ type: 2, style: 1, label: 'no id' })]),
      { components: { 0: { components: { 0: { custom_id: {} } } } } },
    ],
    [
      v2([row({ type: 2, style: 5, label: 'L', url: 'ftp://a.b' })]),
      { components: { 0: { components: { 0: { url: {} } } } } },
    ],
    [
      v2([row({ type: 3, custom_id: 's', options })]),
      { components: { 0: { components: { 0: { options: {} } } } } },
    ],
    [v2([gallery('missing.png')]), { components: leaf('x') }],
    [v2([{ type: 13, file: { url: 'attachment://missing.txt' } }]), { components: leaf('x') }],
    [
      v2([{ type: 13, file: { url: 'https://a.example/b.txt' } }]),
      { components: { 0: { file: { url: leaf('URL_TYPE_INVALID_SCHEME') } } } },
    ],
    [send({ content: 'x', nonce: 'x'.repeat(26) }), { nonce: {} }],
    [
      send({ content: 'x', allowed_mentions: { parse: ['users'], users: [discord.ana.id] } }),
      { allowed_mentions: {} },
    ],
  ];
  for (const [reply, errors] of cases) {
    const isReference = JSON.stringify(errors).includes('"x"');
    expect(await reply).toMatchObject(isReference ? { status: 400, body: { code: 50035 } } : refused(errors));
  }
  expect(await send({ content: ' ' })).toMatchObject({ status: 400, body: { code: 50006 } });
  expect(discord.messages(discord.posts)).toEqual([]);
});

it('refuses what a select cannot show as picked from the start', async () => {
  const { discord, send } = await start();
  await using _ = discord;
  const select = (type: number, more: object) =>
    send({ flags: V2, components: [row({ type, custom_id: 's', min_values: 0, ...more })] });
  const defaults = (...types: string[]) => ({
    default_values: types.map((type, index) => ({ type, id: `12345678901234567${index}` })),
  });
  const at = (errors: object) => refused({ components: { 0: { components: { 0: errors } } } });
  expect(await select(6, defaults('role', 'role'))).toMatchObject(
    at({ default_values: leaf('BASE_TYPE_BAD_LENGTH') }),
  );
  expect(await select(6, defaults('user'))).toMatchObject({ status: 400, body: { code: 50035 } });
  expect(await select(7, { max_values: 2, ...defaults('user', 'channel') })).toMatchObject({ status: 400 });
  expect(await select(5, { max_values: 26 })).toMatchObject(at({ max_values: {} }));
  expect(await select(5, { min_values: 3, max_values: 2 })).toMatchObject(at({ max_values: {} }));
  const twice = { default_values: [1, 2].map(() => ({ type: 'user', id: discord.ana.id })) };
  expect(await select(5, { max_values: 2, ...twice })).toMatchObject(
    at({ default_values: leaf('SELECT_COMPONENT_DEFAULT_VALUES_DUPLICATED') }),
  );
  const two = [
    { type: 6, custom_id: 'a' },
    { type: 5, custom_id: 'b' },
  ];
  expect(await send({ flags: V2, components: [row(...two)] })).toMatchObject({ status: 400 });
  expect(discord.messages(discord.posts)).toEqual([]);
});

it('shows whom a select has picked, as the published schema has it', async () => {
  const { discord, sent } = await start();
  await using _ = discord;
  const editors = discord.role(discord.studio, { name: 'Editors' });
  const common = { placeholder: 'Who?', min_values: 0, max_values: 3 };
  const message = await sent({
    flags: V2,
    components: [
      row({ type: 6, custom_id: 'r', ...common, default_values: [{ id: editors.id, type: 'role' }] }),
      row({ type: 5, custom_id: 'u', ...common, default_values: [{ id: discord.ana.id, type: 'user' }] }),
      row({ type: 5, custom_id: 'n', ...common }),
    ],
  });
  expect(misfits(MessageResponseSchema, message)).toBeUndefined();
  expect(discord.render(discord.posts)).toContain('  [ ▾ Who?: @Editors ]\n  [ ▾ Who?: @Ana ]\n  [ ▾ Who? ]');
});

it('sends one message for a nonce however often it is asked, within minutes', async () => {
  const { discord, sent } = await start();
  await using _ = discord;
  const body = { content: 'x', nonce: 'row-1', enforce_nonce: true };
  const first = await sent(body);
  expect((await sent(body)).id).toBe(first.id);
  expect((await sent({ ...body, enforce_nonce: false })).id).not.toBe(first.id);
  discord.advance(6 * 60_000);
  expect((await sent(body)).id).not.toBe(first.id);
  expect(discord.messages(discord.posts)).toHaveLength(3);
});

it('keeps of an edit only the attachments its list names, and appends without a list', async () => {
  const { discord, sent, edit } = await start();
  await using _ = discord;
  const bytes = await makePicture();
  const { id, attachments } = await sent({ content: 'x' }, { 'a b.png': bytes, 'c.png': bytes });
  expect(attachments.map(({ filename }) => filename)).toEqual(['a_b.png', 'c.png']);
  const names = () => discord.messages(discord.posts)[0]?.attachments.map(({ filename }) => filename);
  await edit(id, { content: 'y' }, { 'd.png': bytes });
  expect(names()).toEqual(['a_b.png', 'c.png', 'd.png']);
  await edit(
    id,
    { attachments: [{ id: attachments[1]?.id }, { id: '0', description: 'E' }] },
    { 'e.png': bytes },
  );
  expect(names()).toEqual(['c.png', 'e.png']);
  expect((await fetch(attachments[0]?.url ?? '')).status).toBe(404);
  expect(await edit(id, { attachments: [{ id: '7' }] })).toMatchObject(
    refused({ attachments: { 0: { id: {} } } }),
  );
});

it('keeps a message of components as one, and empties the old fields when it becomes one', async () => {
  const { discord, sent, edit } = await start();
  await using _ = discord;
  const { id } = await sent({ content: 'old' });
  expect(await edit(id, { flags: V2, components: [text('new')] })).toMatchObject(refused({ content: {} }));
  expect((await edit(id, { flags: V2, content: null, components: [text('new')] })).status).toBe(200);
  expect(await edit(id, { flags: 0, content: 'back' })).toMatchObject(refused({ content: {} }));
  expect(discord.messages(discord.posts)[0]).toMatchObject({ content: '', flags: V2 });
});

it('notes files of a components message that no component shows', async () => {
  const { discord, sent } = await start();
  await using _ = discord;
  await sent({ flags: V2, components: [text('a')] }, { 'hidden.png': await makePicture() });
  expect(discord.state.lint).toEqual(['no component shows hidden.png, so nobody sees it']);
  expect(discord.render(discord.posts)).not.toContain('hidden.png');
});

it('notifies only whom allowed_mentions lets through', async () => {
  const { discord, sent } = await start();
  await using _ = discord;
  const content = `<@${discord.ana.id}> @everyone`;
  const pingsOf = (id: string) => discord.state.messages.get(id)?.pings;
  expect(pingsOf((await sent({ content })).id)).toMatchObject({ users: [discord.ana.id], everyone: false });
  const quiet = await sent({ content, allowed_mentions: { parse: [] } });
  expect(pingsOf(quiet.id)).toEqual({ users: [], roles: [], everyone: false });
  discord.grant(discord.studio, 'bot', ['MENTION_EVERYONE']);
  expect(pingsOf((await sent({ flags: V2, components: [text(content)] })).id)).toMatchObject({
    everyone: true,
  });
});

it('checks what the bot may do in the channel', async () => {
  const { discord, call, path, send, sent, edit } = await start();
  await using _ = discord;
  const { posts, ana } = discord;
  const theirs = await discord.sendMessage(posts, ana, 'mine');
  const own = await sent({ content: 'x' });
  expect(await edit(theirs.id, { content: 'x' })).toMatchObject({ status: 403, body: { code: 50005 } });
  expect(await call('DELETE', `${path}/${theirs.id}`)).toMatchObject({ status: 403, body: { code: 50013 } });
  discord.setOverwrite(posts, 'bot', {
    deny: ['ATTACH_FILES', 'READ_MESSAGE_HISTORY'],
    allow: ['MANAGE_MESSAGES'],
  });
  expect((await call('DELETE', `${path}/${theirs.id}`)).status).toBe(204);
  expect(await send({}, { 'a.png': await makePicture() })).toMatchObject({
    status: 403,
    body: { code: 50013 },
  });
  expect(await send({ content: 'x', message_reference: { message_id: own.id } })).toMatchObject({
    body: { code: 160002 },
  });
  discord.setOverwrite(posts, 'bot', { deny: ['VIEW_CHANNEL'] });
  expect(await edit(own.id, { content: 'x' })).toMatchObject({ status: 403, body: { code: 50001 } });
  discord.deleteChannel(posts);
  expect(await send({ content: 'x' })).toMatchObject({ status: 404, body: { code: 10003 } });
});

it('slows edits of messages older than an hour', async () => {
  const { discord, sent, edit } = await start();
  await using _ = discord;
  const { id } = await sent({ content: 'x' });
  discord.advance(HOUR_MS + 1);
  for (const content of ['1', '2', '3']) expect((await edit(id, { content })).status).toBe(200);
  expect(await edit(id, { content: '4' })).toMatchObject({ status: 429, body: { code: 30046 } });
  discord.advance(6000);
  expect((await edit(id, { content: '5' })).status).toBe(200);
});

it('hides the content of others without the intent, unless the bot is meant', async () => {
  const { discord, call, path } = await start();
  await using _ = discord;
  const { posts, ana } = discord;
  const plain = await discord.sendMessage(posts, ana, 'hello');
  const meant = await discord.sendMessage(posts, ana, `<@${discord.applicationId}> hello`);
  expect((await call('GET', `${path}/${plain.id}`)).body).toMatchObject({ content: '' });
  expect((await call('GET', `${path}/${meant.id}`)).body).toMatchObject({ content: meant.content });
});

it('answers with messages as the published schema has them', async () => {
  const { discord, call, path, sent } = await start();
  await using _ = discord;
  const picture = await makePicture();
  const container = {
    type: 17,
    components: [
      { type: 9, components: [text('a')], accessory: { type: 11, media: { url: 'attachment://a.png' } } },
      gallery('a.png'),
      { type: 13, file: { url: 'attachment://b.pdf' } },
      { type: 14 },
      row({ type: 3, custom_id: 's', options: [{ label: 'L', value: 'v' }] }),
    ],
  };
  const { id } = await sent(
    { flags: V2, components: [container, row(button('b'))] },
    { 'a.png': picture, 'b.pdf': picture },
  );
  await call('PUT', `${path}/${id}/reactions/${encodeURIComponent('✅')}/@me`);
  await sent({ content: 'reply', message_reference: { message_id: id } });
  const list: unknown = (await call('GET', path)).body;
  expect(list).toHaveLength(2);
  for (const message of Array.isArray(list) ? list : [])
    expect(misfits(MessageResponseSchema, message)).toBeUndefined();
});

it('refuses files above the limit of the guild', async () => {
  const discord = await startDiscordEmulator({ attachmentLimitBytes: 100 });
  await using _ = discord;
  const path = `/channels/${discord.posts.id}/messages`;
  const reply = await createCall(discord)('POST', path, {}, { 'a.bin': new Uint8Array(101) });
  expect(reply).toMatchObject({ status: 413, body: { code: 40005 } });
});
