import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { TikTokEmulatorOptions } from '../../emulators/tiktok/index.ts';
import type { World } from '../../world.ts';
import { type NodProcess, runNod } from '../process.ts';
import { LINK, startStage } from '../stage.ts';

const HOUR_MS = 3_600_000;
const PRELOAD = `--import=${new URL('preload.js', import.meta.url)}`;

/** Nod as a process of its own, with a photo that only waits for the last tap. */
async function startProcess({
  tiktok,
  clockMs = 0,
}: {
  tiktok?: TikTokEmulatorOptions;
  clockMs?: number;
} = {}) {
  let nod: NodProcess | undefined;
  let aheadMs = clockMs;
  const launch = async ({ environment }: World) => {
    nod = runNod({
      environment: {
        ...environment,
        NODE_OPTIONS: PRELOAD,
        CLOCK_AHEAD_MS: String(aheadMs),
        POLL_INTERVAL_SECONDS: '1',
      },
    });
    await nod.logged('Nod is ready');
    return nod;
  };
  const stage = await startStage({ launch, ...(tiktok && { tiktok }) });
  await stage.sendFile('phone.jpg');
  const draft = await stage.draft();
  await stage.choose(draft, 'Everyone', 'Who can see it?  Everyone');
  const signal = (name: NodeJS.Signals) => void process.kill(nod?.pid ?? 0, name);

  /** Kills it, and starts it again on a machine whose clock is so much ahead. */
  async function restartAt(ms: number): Promise<void> {
    await nod?.end('SIGKILL');
    aheadMs = ms;
    await stage.restart();
  }

  async function expectPublishedOnce(): Promise<void> {
    await stage.shows(draft, LINK);
    expect(stage.fed().filter(({ status }) => status !== 'FAILED')).toHaveLength(1);
    expect(stage.tiktok.state.publishes.filter(({ status }) => status === 'PUBLISH_COMPLETE')).toHaveLength(
      1,
    );
  }
  return {
    stage,
    draft,
    signal,
    restartAt,
    expectPublishedOnce,
    [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose](),
  };
}

const SLOW = { processingMs: 3_000, pull: { retries: 100, retryMs: 200 } };

it('publishes once where its process is stopped for a while in the middle of a post', async () => {
  await using started = await startProcess({ tiktok: SLOW });
  const { stage, draft, signal } = started;
  await stage.tap(draft, 'Post now');
  await stage.tiktok.whenRequest(({ endpoint }) => endpoint === 'content/init');
  signal('SIGSTOP');
  await delay(15_000);
  signal('SIGCONT');
  await started.expectPublishedOnce();
});

it('publishes once where nothing else comes to its turn for ten seconds', async () => {
  await using started = await startProcess({ tiktok: SLOW });
  const { stage, draft, signal } = started;
  await stage.tap(draft, 'Post now');
  await stage.tiktok.whenRequest(({ endpoint }) => endpoint === 'content/init');
  signal('SIGUSR2');
  await started.expectPublishedOnce();
});

it.each([HOUR_MS, 24 * HOUR_MS])(
  'publishes once where the clock was ahead by %d ms before a crash',
  async (ms) => {
    await using started = await startProcess({ tiktok: SLOW, clockMs: ms });
    const { stage, draft } = started;
    await stage.tap(draft, 'Post now');
    await stage.tiktok.whenPublish(({ stage: at }) => at === 'processing');
    await started.restartAt(0);
    await started.expectPublishedOnce();
  },
);
