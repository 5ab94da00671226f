import { setTimeout as delay } from 'node:timers/promises';
import pino from 'pino';
import { createBullEngine } from '../../../../src/core/publish/engine/bullmq.ts';

/** What a process tells of its runs. */
export interface RunNews {
  readonly postId: string;
  readonly at: number;
  readonly isBegin: boolean;
}

/** A process that runs posts over and over, each for a moment that it was given. */
const [, , url = '', tickMs = '', pauseMs = ''] = process.argv;
const engine = createBullEngine({ url, now: Date.now, log: pino({ level: 'silent' }) });

const say = (postId: string, isBegin: boolean) =>
  process.send?.({ postId, at: Date.now(), isBegin } satisfies RunNews);

engine.start(async (postId) => {
  say(postId, true);
  await delay(Number(tickMs));
  say(postId, false);
  return Date.now() + Number(pauseMs);
});
process.on('message', async (word: string[] | 'stop') => {
  if (word !== 'stop') for (const postId of word) engine.schedule(postId, Date.now());
  else {
    await engine.stop();
    process.off('disconnect', leave).disconnect();
  }
});
process.on('disconnect', leave);

function leave(): void {
  process.exit();
}
