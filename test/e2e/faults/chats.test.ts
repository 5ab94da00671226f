import { expect, it } from 'vitest';
import { FAULT_NAMES as DISCORD_FAULTS } from '../../emulators/discord/faults.ts';
import { FAULT_NAMES as TELEGRAM_FAULTS } from '../../emulators/telegram/faults.ts';
import { startDiscordFaultStage, startFaultStage } from './stage.ts';

/** TikTok is busy with a post until the clock has moved on. */
const BUSY = { processingMs: 30_000 };

it('shows how a post has ended after each fault of Telegram', async () => {
  await using stage = await startFaultStage({ tiktok: BUSY });
  const { telegram, tiktok } = stage;
  let count = 0;
  const faults = TELEGRAM_FAULTS.filter((name) => name !== 'cut-download');
  await stage.onDays(
    faults,
    async (name, draft) => {
      const caption = `With ${name}.`;
      await stage.tap(draft, 'Post now');
      await tiktok.whenPublish(({ postInfo }) => postInfo.description === caption);
      const fault = telegram.fault(name, name === 'latency' ? { delayMs: 500 } : {});
      count += 1;
      await stage.finish(count);
      await telegram.until(() => fault.hits > 0 || undefined);
      fault.lift();
      // A chat whose token is refused is given up until the next start.
      if (name === '401') await stage.restart();
      if (name === 'edit-not-found') await telegram.deleteMessage(draft);
      expect(await stage.ended(caption)).toMatchObject({ status: 'published' });
    },
    { nameOf: (name) => name },
  );
  const cut = telegram.fault('cut-download');
  await stage.tap(await stage.compose('With cut-download.'), 'Post now');
  await stage.finish(count + 1);
  expect(await stage.ended('With cut-download.')).toMatchObject({ status: 'published' });
  expect(cut.hits).toBe(1);
  await stage.expectNothingLeft();
});

it('shows how a post has ended after each fault of Discord', async () => {
  await using stage = await startDiscordFaultStage({ tiktok: BUSY });
  const { discord, tiktok } = stage;
  let count = 0;
  for (const name of DISCORD_FAULTS) {
    const caption = `With ${name}.`;
    const isEarly = name === 'cut-download';
    const options = name === 'latency' ? { delayMs: 500 } : {};
    const early = isEarly ? discord.fault(name, options) : undefined;
    const handle = await stage.compose(caption);
    await stage.press(handle, 'Post now');
    await tiktok.whenPublish(({ postInfo }) => postInfo.description === caption);
    const card = await stage.card(caption);
    const fault = early ?? discord.fault(name, options);
    count += 1;
    await stage.finish(count);
    if (name !== 'gateway-cut') await discord.until(() => fault.hits > 0 || undefined);
    fault.lift();
    if (name === '401') await stage.restart();
    if (name === 'unknown-message') {
      discord.grant(discord.studio, discord.ana, ['MANAGE_MESSAGES']);
      discord.deleteMessage(card, discord.ana);
    }
    expect(await stage.ended(caption)).toMatchObject({ status: 'published' });
    await stage.nextDay();
  }
  await stage.expectNothingLeft();
});
