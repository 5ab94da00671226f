import { expect, it } from 'vitest';
import { type DiscordStage, startDiscordStage } from './discord-stage.ts';
import { launchNod, type NodProcess } from './process.ts';
import { LINK } from './stage.ts';

/** Nod as a process of its own, with a composer that only waits for Post now. */
async function startDraft({ processingMs }: { processingMs: number }) {
  let nod: NodProcess | undefined;
  const stage = await startDiscordStage({
    tiktok: { processingMs },
    async launch(world) {
      nod = await launchNod(world);
      return nod;
    },
  });
  const handle = await stage.offer(['phone.jpg']);
  await stage.composer(handle);
  await stage.see(handle, 'Everyone');

  /** Kills it as a power cut would, and starts it again. */
  async function crash(): Promise<void> {
    expect(await nod?.end('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
    await stage.restart();
  }
  return { stage, handle, crash, [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose]() };
}

async function expectPublishedOnce(stage: DiscordStage): Promise<void> {
  await stage.card(LINK);
  await stage.ending();
  const published = stage.tiktok.state.publishes.filter(({ status }) => status === 'PUBLISH_COMPLETE');
  expect(published).toHaveLength(1);
  expect(stage.cards()).toHaveLength(1);
  expect(stage.endings()).toHaveLength(1);
}

it.concurrent('publishes once, on one card, when it dies right after Post now', async () => {
  await using started = await startDraft({ processingMs: 300 });
  const { stage, handle, crash } = started;
  await stage.press(handle, 'Post now');
  await crash();
  await expectPublishedOnce(stage);
});

it.concurrent('goes on with the same card when it dies while TikTok processes', async () => {
  const processingMs = 600_000;
  await using started = await startDraft({ processingMs });
  const { stage, handle, crash } = started;
  await stage.press(handle, 'Post now');
  const card = await stage.card('TikTok has it');
  await stage.tiktok.whenPublish(({ stage: at }) => at === 'processing');
  await crash();
  // However long all that takes, it is over when this says so.
  stage.tiktok.clock.advance(processingMs);
  expect((await stage.card(LINK)).id).toBe(card.id);
  await expectPublishedOnce(stage);
});

it.concurrent('shows a card once when it dies before Discord has answered its send', async () => {
  await using started = await startDraft({ processingMs: 300 });
  const { stage, handle, crash } = started;
  const lost = stage.discord.fault('drop-reply', { route: 'createMessage' });
  await stage.press(handle, 'Post now');
  await stage.discord.until(() => (lost.hits === 1 ? true : undefined));
  await crash();
  await expectPublishedOnce(stage);
});
