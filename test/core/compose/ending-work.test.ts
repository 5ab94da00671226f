import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type ComposingWorld, createComposingWorld, isReady } from '../composing.ts';
import { createCoreWorld } from '../core-world.ts';
import { endlessFfmpeg, isRunning, whenGone } from '../media/fake-ffmpeg.ts';
import { addFixture, fixture } from '../media/files.ts';
import { ANA, BEN } from '../posts.ts';

/** A video that has to be encoded anew. */
const NAME = 'prores.mov';
const CONTENT = readFileSync(fixture(NAME));

/** What a conversion that was ended has left. */
const leftOvers = (directory: string) =>
  readdirSync(join(directory, 'media')).filter((name) => name.startsWith('unfinished'));

async function offerVideo(chat: ComposingWorld, id: string, fields = {}) {
  const offer = await chat.photo(id, { ...fields, file: { name: NAME, bytes: CONTENT.length } });
  chat.chat.set(offer.file.ref, () => Readable.from([CONTENT]));
  return offer;
}

describe('a video that is being encoded', () => {
  it.each(['discard', 'drop', 'replace', 'stop'] as const)(
    'is left by ffmpeg and its children when nobody wants it any more (%s)',
    async (how) => {
      await using chat = await createComposingWorld();
      const { ffmpeg, begun } = endlessFfmpeg();
      const { composer, whenDraft, stop } = chat.openComposer({ findFfmpeg: () => ffmpeg });
      const id = (await composer.offer(await offerVideo(chat, '1')))?.id ?? '';
      const pids = await begun();
      expect(pids.map(isRunning)).toEqual([true, true]);
      const { file } = await chat.photo('2');
      if (how === 'discard') await composer.discard(id, ANA);
      if (how === 'drop') await composer.choose(id, ANA, { type: 'drop_file', fileId: '1' });
      if (how === 'replace')
        await composer.edit(id, ANA, { messageId: '1', text: '', files: [{ ...file, id: '1' }] });
      if (how === 'stop') await stop();
      await whenGone(pids);
      if (how === 'replace') await whenDraft(id, isReady);
      await stop();
      expect(leftOvers(chat.world.directory)).toEqual([]);
    },
  );

  it('goes on for another draft that has the same file', async () => {
    await using chat = await createComposingWorld();
    const { ffmpeg, begun } = endlessFfmpeg();
    const { composer, whenDraft } = chat.openComposer({ findFfmpeg: () => ffmpeg });
    const elsewhere = { person: BEN, chat: 'telegram:2:0', workspace: 'telegram:2' };
    const first = (await composer.offer(await offerVideo(chat, '1')))?.id ?? '';
    const pids = await begun();
    const second = (await composer.offer(await offerVideo(chat, '2', elsewhere)))?.id ?? '';
    await whenDraft(second, ({ files }) => files[0]?.state === 'stored');
    await composer.discard(first, ANA);
    expect(pids.map(isRunning)).toEqual([true, true]);
    await composer.discard(second, BEN);
    await whenGone(pids);
  });

  it('is left when its post is cancelled, which is told at once', async () => {
    await using world = await createCoreWorld();
    const { ffmpeg, begun } = endlessFfmpeg();
    const nod = world.openAnother({ findFfmpeg: () => ffmpeg });
    const file = await addFixture(world.mediaStore, NAME);
    const content = { kind: 'video', sources: [{ name: NAME, file }] } as const;
    const { id } = await world.submit({ status: 'preparing', media: undefined }, content);
    const ticked = nod.publisher.tick(id);
    const pids = await begun();
    await nod.signals.cancel(id, ANA);
    await ticked;
    await whenGone(pids);
    expect(await world.read(id)).toMatchObject({ status: 'cancelled' });
  });

  it('is left when Nod stops, and its post goes on at the next start', async () => {
    await using world = await createCoreWorld();
    const { ffmpeg, begun } = endlessFfmpeg();
    const nod = world.openAnother({ findFfmpeg: () => ffmpeg, keepWeb: true });
    const file = await addFixture(world.mediaStore, NAME);
    const content = { kind: 'video', sources: [{ name: NAME, file }] } as const;
    const { id } = await world.submit({ status: 'preparing', media: undefined }, content);
    const ticked = nod.publisher.tick(id);
    const pids = await begun();
    await nod.preparer.stop();
    expect(pids.map(isRunning)).toEqual([false, false]);
    await ticked;
    expect(await world.read(id)).toMatchObject({ status: 'preparing' });
    await world.connect();
    expect(await world.finish(id)).toMatchObject({ status: 'published' });
  });

  it('is taken over by its post, which ends it when it is cancelled', async () => {
    await using chat = await createComposingWorld();
    const { world } = chat;
    await world.connect();
    const { ffmpeg, begun } = endlessFfmpeg();
    const parts = chat.openComposer({ findFfmpeg: () => ffmpeg });
    const { composer, submission, whenDraft, core } = parts;
    const id = (await composer.offer(await offerVideo(chat, '1')))?.id ?? '';
    const pids = await begun();
    await whenDraft(id, ({ account }) => account.state === 'ready');
    await composer.choose(id, ANA, { type: 'privacy', privacyLevel: 'PUBLIC_TO_EVERYONE' });
    await submission.submit(id, ANA, 'DIRECT_POST');
    const ticked = core.publisher.tick(id);
    expect(pids.map(isRunning)).toEqual([true, true]);
    await core.signals.cancel(id, ANA);
    await ticked;
    await whenGone(pids);
    expect(await world.read(id)).toMatchObject({ status: 'cancelled' });
  });
});
