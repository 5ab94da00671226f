import pino from 'pino';
import { expect, it } from 'vitest';
import { createWatch, PATIENCE_MS } from '../emulators/watch.ts';
import { textOf } from '../world.ts';
import { LINK, startStage } from './stage.ts';

it('tells no secret to the log or the chat in a whole story with trouble in it', async () => {
  const lines: string[] = [];
  const watch = createWatch();
  const write = (line: string) => {
    lines.push(line);
    watch.changed();
  };
  const log = pino({ level: 'trace' }, { write });
  // Long enough for an edit that is tried again to come before the end, which then is one more.
  await using stage = await startStage({ log, byHand: true, tiktok: { processingMs: 2_000 } });
  const { telegram, tiktok, world } = stage;
  tiktok.fault('drop-init-reply');
  tiktok.fault('fail:internal');
  tiktok.fault('drop-status-reply');
  telegram.fault('cut-download');
  await stage.sendFile('phone.jpg', { caption: 'Quiet' });
  const draft = await stage.draft();
  telegram.fault('drop-reply', { method: 'editMessageCaption' });
  const refused = telegram.fault('5xx', { method: 'editMessageCaption', skip: 1 });
  await stage.post(draft);
  await stage.shows(draft, LINK);
  // The edit whose answer was lost is tried again, maybe only after the link is there.
  await watch.until(() => refused.hits > 0 || undefined, {
    timeoutMs: PATIENCE_MS,
    onTimeout: () => new Error('The edit was not tried again.'),
  });
  await stage.say('/disconnect');
  await stage.tap(await stage.card('Which account'), /^Disconnect/);
  await stage.card('is disconnected');
  await stage.sendFile('photo.webp');
  await stage.draft('No TikTok account is connected here.');
  const outage = telegram.fault('unreachable');
  await watch.until(() => lines.find((line) => line.includes('Telegram does not answer')), {
    timeoutMs: PATIENCE_MS,
    onTimeout: () => new Error('The log says nothing of the outage.'),
  });
  outage.lift();
  await stage.restart();

  const invitation = /\/connect\/(\S+)/.exec(stage.cards().map(textOf).join('\n'))?.[1];
  const attempts = tiktok.state.publishes.flatMap(({ sourceUrls }) =>
    sourceUrls.map((url) => url.split('/')[4]),
  );
  const secrets = {
    invitation,
    ...Object.fromEntries(attempts.map((attempt, index) => [`attempt ${index}`, attempt])),
    ...Object.fromEntries(tiktok.state.tokens.map(({ value, kind }, index) => [`${kind} ${index}`, value])),
    ...Object.fromEntries(tiktok.state.codes.map(({ code }, index) => [`code ${index}`, code])),
    'client secret': tiktok.app.clientSecret,
    'bot token': telegram.token,
    'media path': `${world.publicUrl}/media/`,
  };
  expect(attempts.length).toBeGreaterThan(1);
  expect(lines.length).toBeGreaterThan(10);
  const chat = telegram.state.messages.flatMap(({ versions }) =>
    versions.map(({ message }) => JSON.stringify(message)),
  );
  for (const [name, secret] of Object.entries(secrets)) {
    expect(secret, name).toMatch(/.{10}/);
    expect(
      lines.filter((line) => line.includes(secret ?? '')),
      `${name} in the log`,
    ).toEqual([]);
    if (name === 'invitation') continue;
    expect(
      chat.filter((message) => message.includes(secret ?? '')),
      `${name} in the chat`,
    ).toEqual([]);
  }
});
