import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import type { Draft } from '../../../src/core/compose/draft.ts';
import { type Ffmpeg, findFfmpeg } from '../../../src/core/media/ffmpeg.ts';
import { RecordUnreadableError } from '../../../src/core/storage/store.ts';
import { createComposingWorld, isReady } from '../composing.ts';
import { createCoreWorld } from '../core-world.ts';
import { fakeFfmpeg } from '../media/fake-ffmpeg.ts';
import { addFixture, fixture } from '../media/files.ts';
import { ANA } from '../posts.ts';

/** A video that has to be encoded anew. */
const NAME = 'prores.mov';
const CONTENT = readFileSync(fixture(NAME));
const isSettled = ({ files }: Draft) => files.every(({ state }) => state === 'ready' || state === 'refused');

/** What goes wrong with ffmpeg, and what a person is told. */
const FAULTS: [what: string, reason: string, ffmpeg: () => Ffmpeg | undefined][] = [
  ['is missing', 'ffmpeg_missing', () => undefined],
  ['was removed', 'ffmpeg_missing', () => ({ ...fakeFfmpeg(''), ffmpeg: '/nowhere/ffmpeg' })],
  ['is killed by the system', 'unknown', () => fakeFfmpeg('kill -KILL $$')],
  [
    'finds the disk full',
    'disk_full',
    () => fakeFfmpeg('echo "av_interleaved_write_frame(): No space left on device" >&2; exit 1'),
  ],
  ['gets no memory', 'unknown', () => fakeFfmpeg('echo "Cannot allocate memory" >&2; exit 1')],
];

describe.each(FAULTS)('an ffmpeg that %s', (_what, reason, ffmpeg) => {
  const problem = { code: 'preparing_failed', reason, name: NAME };

  it('is told as a fault of Nod on a draft, and the file is taken in once it works', async () => {
    await using chat = await createComposingWorld();
    let found = ffmpeg();
    const { composer, whenDraft } = chat.openComposer({ findFfmpeg: () => found });
    const offer = await chat.photo('1', { file: { name: NAME, bytes: CONTENT.length } });
    chat.chat.set('ref-1', () => Readable.from([CONTENT]));
    const id = (await composer.offer(offer))?.id ?? '';
    const refused = await whenDraft(id, isSettled);
    expect(refused.files).toMatchObject([{ state: 'refused', problem, retry: {} }]);
    if (reason !== 'ffmpeg_missing') return;
    // Asking again by itself would only keep its author waiting.
    expect(chat.lines.filter((line) => line.includes('A file could not be prepared'))).toHaveLength(1);
    found = findFfmpeg();
    await composer.choose(id, ANA, { type: 'retry_files' });
    const ready = await whenDraft(id, isReady);
    expect(ready.files).toMatchObject([{ kind: 'video', media: { contentType: 'video/mp4' } }]);
  });

  it('is told as a fault of Nod on a post, which is tried again', async () => {
    await using world = await createCoreWorld();
    const found = ffmpeg();
    const nod = world.openAnother({ findFfmpeg: () => found });
    const file = await addFixture(world.mediaStore, NAME);
    const content = { kind: 'video', sources: [{ name: NAME, file }] } as const;
    const { id } = await world.submit({ status: 'preparing', media: undefined }, content);
    await nod.publisher.tick(id);
    expect(await world.read(id)).toMatchObject({
      status: 'preparing',
      failures: 1,
      wait: { reason: 'preparing_failed', file: { number: 1, name: NAME, problem } },
    });
  });
});

it('writes down what has come of a file when the records take it again, and tells nobody that it has failed', async () => {
  await using chat = await createComposingWorld();
  const opened = Promise.withResolvers<void>();
  let left = 0;
  const { composer, whenDraft } = chat.openComposer({
    async around(name, run) {
      if (name === 'replace drafts' && left > 0) {
        left -= 1;
        throw new Error('The records are away.');
      }
      return run();
    },
  });
  const offer = await chat.photo('1');
  const picture = chat.chat.get('ref-1');
  chat.chat.set('ref-1', async (turn) => {
    await opened.promise;
    return picture?.(turn) ?? Readable.from([]);
  });
  const id = (await composer.offer(offer))?.id ?? '';
  left = 1;
  opened.resolve();
  expect((await whenDraft(id, isSettled)).files).toMatchObject([{ state: 'ready' }]);
  expect(left).toBe(0);
});

it('tries no more to write what has come of a file into a draft that cannot be read', async () => {
  await using chat = await createComposingWorld();
  let isUnreadable = false;
  let tries = 0;
  const { composer, intake } = chat.openComposer({
    async around(name, run) {
      if (name === 'replace drafts' && isUnreadable) {
        tries += 1;
        throw new RecordUnreadableError('drafts');
      }
      return run();
    },
  });
  const offer = await chat.photo('1');
  const picture = chat.chat.get('ref-1');
  chat.chat.set('ref-1', (turn) => {
    isUnreadable = true;
    return picture?.(turn) ?? Readable.from([]);
  });
  await composer.offer(offer);
  await vi.waitUntil(() => chat.lines.some((line) => line.includes('A file could not be taken in')), {
    timeout: 30_000,
  });
  expect(tries).toBe(1);
  expect([...intake.inHand()]).toEqual([]);
});
