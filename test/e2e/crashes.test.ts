import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import type { TikTokEmulatorOptions } from '../emulators/tiktok/index.ts';
import { buttonsOf, textOf } from '../world.ts';
import { launchNod, type NodProcess } from './process.ts';
import { LINK, startStage } from './stage.ts';

/** Nod as a process of its own, with a draft that only waits for the last tap. */
async function startDraft({
  name = 'tiktok-h264.mp4',
  bytes,
  tiktok,
}: {
  name?: string;
  bytes?: Buffer;
  tiktok?: TikTokEmulatorOptions;
}) {
  let nod: NodProcess | undefined;
  const stage = await startStage({
    ...(tiktok !== undefined && { tiktok }),
    async launch(world) {
      nod = await launchNod(world);
      return nod;
    },
  });
  await stage.sendFile(name, bytes && { bytes });
  const draft = await stage.draft();
  await stage.choose(draft, 'Everyone', 'Who can see it?  Everyone');

  /** Kills it as a power cut would, and starts it again. */
  async function crash(): Promise<void> {
    expect(await nod?.end('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
    await stage.restart();
  }
  const end = (signal: 'SIGTERM' | 'SIGINT') => nod?.end(signal);
  return { stage, draft, crash, end, [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose]() };
}

type Started = Awaited<ReturnType<typeof startDraft>>;

/** A video of more bytes than the buffers on the way to TikTok hold: noise, of which nothing can be compressed. */
async function longVideo(): Promise<Buffer> {
  const noise = 'color=gray:size=540x960:rate=30:duration=1.5,noise=alls=100:allf=t';
  const encoding = ['-c:v', 'libx264', '-preset', 'ultrafast', '-qp', '34', '-pix_fmt', 'yuv420p'];
  const output = [...encoding, '-movflags', 'frag_keyframe+empty_moov', '-f', 'mp4', 'pipe:1'];
  const options = { encoding: 'buffer', maxBuffer: 30_000_000 } as const;
  const { stdout } = await promisify(execFile)(
    'ffmpeg',
    ['-v', 'error', '-f', 'lavfi', '-i', noise, ...output],
    options,
  );
  return stdout;
}

/** One post at TikTok, and its link on the card that was there before the crash. */
async function expectPublishedOnce({ stage, draft }: Started): Promise<void> {
  const ended = await stage.shows(draft, LINK);
  const published = stage.tiktok.state.publishes.filter(({ status }) => status === 'PUBLISH_COMPLETE');
  expect(published).toHaveLength(1);
  expect(textOf(ended)).toContain(published[0]?.postIds[0]);
  await stage.card(({ reply_to_message: to }) => to?.message_id === draft.message_id);
}

it.concurrent('publishes once when it dies right after the tap', async () => {
  await using started = await startDraft({ name: 'phone.jpg' });
  const { stage, draft, crash } = started;
  await stage.tap(draft, 'Post now');
  await crash();
  await expectPublishedOnce(started);
  expect(stage.fed()).toHaveLength(1);
});

it.concurrent('publishes once when it dies before TikTok has heard of the post', async () => {
  await using started = await startDraft({ name: 'phone.jpg' });
  const { stage, draft, crash } = started;
  stage.tiktok.fault('latency', { endpoint: 'content/init', ms: 1500 });
  await stage.tap(draft, 'Post now');
  await stage.tiktok.whenRequest(({ endpoint }) => endpoint === 'content/init');
  await crash();
  await expectPublishedOnce(started);
  expect(stage.fed()).toHaveLength(1);
});

it.concurrent('publishes once when it dies while TikTok already asks for the media', async () => {
  const pull = { beforeReply: true, retries: 50, retryMs: 100 };
  await using started = await startDraft({ name: 'phone.jpg', tiktok: { pull } });
  const { stage, draft, crash } = started;
  stage.tiktok.fault('drop-init-reply');
  await stage.tap(draft, 'Post now');
  await stage.tiktok.whenPublish(({ fetches }) => fetches.length > 0);
  await crash();
  await expectPublishedOnce(started);
  expect(stage.fed()).toHaveLength(1);
});

it.concurrent('publishes once when it dies while TikTok takes the media', async () => {
  const pull = { slowBytesPerSecond: 3_000_000 };
  await using started = await startDraft({ bytes: await longVideo(), tiktok: { pull } });
  const { stage, draft, crash } = started;
  await stage.tap(draft, 'Post now');
  await stage.tiktok.whenPublish(({ fetches }) =>
    fetches.some(({ method, status }) => method === 'GET' && status === 200),
  );
  await crash();
  delete stage.tiktok.options.pull.slowBytesPerSecond;
  await expectPublishedOnce(started);
  const [cut, ...complete] = stage.fed();
  expect(cut).toMatchObject({ status: 'FAILED' });
  expect(complete).toMatchObject([{ status: 'PUBLISH_COMPLETE' }]);
});

it.concurrent('follows the same publish when it dies while TikTok processes', async () => {
  await using started = await startDraft({ name: 'phone.jpg', tiktok: { processingMs: 2500 } });
  const { stage, draft, crash } = started;
  await stage.tap(draft, 'Post now');
  await stage.tiktok.whenPublish(({ stage: at }) => at === 'processing');
  await crash();
  await expectPublishedOnce(started);
  expect(stage.tiktok.state.publishes).toHaveLength(1);
});

it.concurrent('ends the card of a draft with the next tap when it dies before the chat shows that it was discarded', async () => {
  await using started = await startDraft({ name: 'phone.jpg' });
  const { stage, draft, crash } = started;
  const lost = stage.telegram.fault('drop-request', { method: 'editMessageCaption', times: 1_000 });
  await stage.tap(draft, 'Discard');
  await stage.telegram.until(() => lost.hits > 0 || undefined);
  await crash();
  lost.lift();
  await stage.tap(draft, 'Discard');
  const ended = await stage.shows(draft, 'This draft is no longer open.');
  expect(buttonsOf(ended)).toEqual([]);
});

it.concurrent('ends with code 0 when it is told to, and goes on at the next start', async () => {
  await using started = await startDraft({ name: 'phone.jpg', tiktok: { processingMs: 2500 } });
  const { stage, draft, end } = started;
  await stage.tap(draft, 'Post now');
  await stage.tiktok.whenPublish(({ stage: at }) => at === 'processing');
  expect(await end('SIGTERM')).toEqual({ code: 0, signal: null });
  await stage.restart();
  await expectPublishedOnce(started);
  expect(stage.tiktok.state.publishes).toHaveLength(1);
});
