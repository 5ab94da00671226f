import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Draft } from '../../../src/core/compose/draft.ts';
import { type ComposingWorld, createComposingWorld, isReady } from '../composing.ts';
import { fixture } from '../media/files.ts';

const SOON_MS = 2_000;
/** When judging a video is given up, which is told as a fault of Nod; a busy machine is slow. */
const GIVEN_UP_MS = 10_000;

/** A video of a few kilobytes whose index claims two thousand million frames. */
function endless(nth: number): Buffer {
  const content = Buffer.from(readFileSync(fixture('tiny.mp4')));
  const table = content.indexOf('stts');
  content.writeUInt32BE(0x7fffffff, table + 12);
  // The number in the tail tells the four apart, which would be judged as one otherwise.
  return Buffer.concat([content, Buffer.from([0, 0, 0, 9]), Buffer.from('free'), Buffer.from([nth])]);
}

/** A chat in which somebody sends four of them and then a photo. */
async function sendAll(chat: ComposingWorld) {
  const { composer, whenDraft } = chat.openComposer();
  async function timed(id: string, isDone: (draft: Draft) => boolean) {
    const at = performance.now();
    const draft = await whenDraft(id, isDone);
    return { draft, ms: performance.now() - at };
  }
  const isRefused = ({ files }: Draft) => files[0]?.state === 'refused';
  const hostile: Promise<Awaited<ReturnType<typeof timed>>>[] = [];
  for (const nth of [1, 2, 3, 4]) {
    const bytes = endless(nth);
    const offer = await chat.photo(String(nth), { file: { name: 'a.mp4', bytes: bytes.length } });
    chat.chat.set(offer.file.ref, () => Readable.from([bytes]));
    hostile.push(timed((await composer.offer(offer))?.id ?? '', isRefused));
  }
  const photo = await composer.offer(await chat.photo('5'));
  const isComplete = (draft: Draft) => isReady(draft) && draft.preview !== undefined;
  return { hostile, photo: timed(photo?.id ?? '', isComplete) };
}

describe('videos that claim to be endless', () => {
  it('hold up no photo of the same person', async () => {
    await using chat = await createComposingWorld();
    const { photo } = await sendAll(chat);
    expect((await photo).ms).toBeLessThan(SOON_MS);
  });

  it('are refused soon, as what they are', async () => {
    await using chat = await createComposingWorld();
    const { hostile } = await sendAll(chat);
    for (const { draft, ms } of await Promise.all(hostile)) {
      expect(draft.files).toMatchObject([{ state: 'refused', problem: { code: 'file_damaged' } }]);
      expect(draft.files[0]).not.toHaveProperty('retry');
      expect(ms).toBeLessThan(GIVEN_UP_MS);
    }
  });
});
