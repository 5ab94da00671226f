import { expect, it } from 'vitest';
import { connect } from './gateway-client.ts';
import { startDiscordEmulator } from './index.ts';
import type { WireAttachment } from './wire.ts';
import { createCall, makePicture } from './wire-client.ts';

const DAY_MS = 24 * 60 * 60_000;

const post = async () => {
  const discord = await startDiscordEmulator();
  const bytes = await makePicture();
  const message = await discord.sendMessage(discord.posts, discord.ana, {
    files: [{ bytes, fileName: 'ä b.png' }],
  });
  return { discord, bytes, message, url: message.attachments[0]?.url ?? '' };
};

it('serves real bytes by a signed link', async () => {
  const { discord, bytes, message, url } = await post();
  await using _ = discord;
  expect(message.attachments[0]).toMatchObject({ filename: 'ä_b.png', content_type: 'image/png', width: 64 });
  const got = await fetch(url);
  expect(new Uint8Array(await got.arrayBuffer())).toEqual(bytes);
  const head = await fetch(url, { method: 'HEAD' });
  expect(head.headers.get('content-length')).toBe(String(bytes.length));
  const part = await fetch(url, { headers: { range: 'bytes=0-3' } });
  expect([part.status, (await part.bytes()).length]).toEqual([206, 4]);
  expect((await fetch(url, { headers: { range: 'bytes=99999-' } })).status).toBe(416);
});

it('ends a link after a day; reading the message again or refreshing makes a new one', async () => {
  const { discord, url, message } = await post();
  await using _ = discord;
  const ex = Number.parseInt(new URL(url).searchParams.get('ex') ?? '', 16) * 1000;
  expect(ex - discord.now()).toBeGreaterThan(DAY_MS - 5000);
  discord.advance(DAY_MS);
  expect((await fetch(url)).status).toBe(404);
  const fresh = discord.messages(discord.posts)[0]?.attachments[0]?.url ?? '';
  expect((await fetch(fresh)).status).toBe(200);
  const { body } = await createCall(discord)('POST', '/attachments/refresh-urls', {
    attachment_urls: [url, 'x'],
  });
  const {
    refreshed_urls: [refreshed, unknown],
  } = JSON.parse(JSON.stringify(body));
  expect((await fetch(refreshed.refreshed)).status).toBe(200);
  expect(unknown.refreshed).toBeNull();
  discord.deleteMessage(message, discord.ana);
  expect((await fetch(fresh)).status).toBe(404);
});

it('serves nothing by a link that was tampered with', async () => {
  const { discord, url } = await post();
  await using _ = discord;
  expect((await fetch(url.replace(/ex=\w+/, 'ex=ffffffff'))).status).toBe(404);
  expect((await fetch(url.split('?')[0] ?? '')).status).toBe(404);
});

it('removes uploads of commands soon, whatever their link says', async () => {
  await using discord = await startDiscordEmulator();
  const call = createCall(discord);
  const gateway = await connect(discord);
  const options = [{ type: 11, name: 'media', description: 'File' }];
  await call('PUT', `/applications/${discord.applicationId}/commands`, [
    { name: 'post', description: 'P', options },
  ]);
  const media = { bytes: await makePicture(), fileName: 'a.png' };
  discord
    .runCommand({ user: discord.ana, channel: discord.posts, name: 'post', options: { media } })
    .catch(() => {});
  const { data } = await gateway.next('INTERACTION_CREATE');
  const { resolved } = JSON.parse(JSON.stringify(data));
  const [attachment]: WireAttachment[] = Object.values(resolved.attachments);
  expect(attachment).toMatchObject({ ephemeral: true, filename: 'a.png' });
  const url = attachment?.url ?? '';
  expect(url).toContain('/ephemeral-attachments/');
  expect((await fetch(url)).status).toBe(200);
  discord.advance(15 * 60_000);
  expect((await fetch(url)).status).toBe(404);
  const { body } = await call('POST', '/attachments/refresh-urls', { attachment_urls: [url] });
  expect(body).toMatchObject({ refreshed_urls: [{ refreshed: null }] });
});

it('cuts a download when asked to', async () => {
  const { discord, url } = await post();
  await using _ = discord;
  discord.fault('cut-download');
  await expect(fetch(url).then((response) => response.bytes())).rejects.toThrow();
  expect((await fetch(url)).status).toBe(200);
});
