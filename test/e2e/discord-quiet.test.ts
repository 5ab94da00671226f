import pino from 'pino';
import { expect, it } from 'vitest';
import { startDiscordStage } from './discord-stage.ts';
import { LINK } from './stage.ts';

it.concurrent('edits a card at most every 5 s, and shows the end all the same', async () => {
  await using stage = await startDiscordStage({
    cardIntervalMs: 'platform',
    tiktok: { processingMs: 3_000 },
  });
  const { discord } = stage;
  const handle = await stage.offer(['demo/beach.png', 'phone.jpg']);
  await stage.composer(handle);
  await stage.post(handle);
  const card = await stage.card(LINK);
  const times = discord.state.messages.get(card.id)?.versions.map(({ atMs }) => atMs) ?? [];
  expect(times.length).toBeGreaterThan(1);
  for (const [index, at] of times.slice(1).entries())
    expect(at - (times[index] ?? 0)).toBeGreaterThanOrEqual(4_950);
  expect(discord.state.requests.filter(({ status }) => status === 429)).toEqual([]);
});

it.concurrent('tells no secret to the log or the server in a whole story with trouble in it', async () => {
  const lines: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
  await using stage = await startDiscordStage({ log, byHand: true });
  const { discord, tiktok, world } = stage;
  tiktok.fault('drop-init-reply');
  tiktok.fault('fail:internal');
  discord.fault('cut-download');
  const handle = await stage.offer(['phone.jpg'], { options: { caption: 'Quiet' } });
  await stage.composer(handle);
  discord.fault('5xx', { route: 'editInteractionMessage', times: 5 });
  await stage.see(handle, 'Everyone');
  discord.fault('drop-reply', { route: 'createInteractionResponse' });
  discord.fault('drop-reply', { route: 'createMessage' });
  discord.fault('5xx', { route: 'editMessage', times: 5 });
  discord.fault('5xx', { route: 'createFollowup', times: 5 });
  await stage.press(handle, 'Post now');
  await stage.press(handle, 'Post now');
  discord.cutGateway();
  await stage.card(LINK);
  discord.advance(16 * 60_000);
  await stage.restart();

  const attempts = tiktok.state.publishes.flatMap(({ sourceUrls }) =>
    sourceUrls.map((url) => url.split('/')[4]),
  );
  const signatures = discord.state.interactions.flatMap(({ payload }) =>
    [...JSON.stringify(payload).matchAll(/[?&]hm=(\w+)/g)].map(([, hm]) => hm),
  );
  const forLog = [
    ...[discord.token, tiktok.app.clientSecret, `${world.publicUrl}/media/`, ...attempts, ...signatures],
    ...discord.state.interactions.map(({ token }) => token),
    ...tiktok.state.tokens.map(({ value }) => value),
    ...tiktok.state.codes.map(({ code }) => code),
  ];
  const hooks = lines.filter((line) => /\/webhooks\/\d|\/interactions\/\d/.test(line));
  expect(hooks).toEqual([]);
  expect(attempts.length).toBeGreaterThan(0);
  expect(signatures.length).toBeGreaterThan(0);
  expect(lines.length).toBeGreaterThan(10);
  const shown = [...discord.state.messages.values()].flatMap(({ versions }) =>
    versions.map(({ message }) => JSON.stringify(message.components)),
  );
  for (const secret of forLog) {
    expect(secret).toMatch(/.{10}/);
    expect(lines.filter((line) => line.includes(secret ?? ''))).toEqual([]);
    expect(shown.filter((message) => message.includes(secret ?? ''))).toEqual([]);
  }
});
