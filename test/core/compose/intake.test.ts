import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type Draft, identityOf } from '../../../src/core/compose/draft.ts';
import { AskedToWaitError } from '../../../src/core/problems.ts';
import { fillDisk } from '../../full-disk.ts';
import { type ComposingWorld, createComposingWorld, isReady } from '../composing.ts';
import { addBytes, addFixture, fixture } from '../media/files.ts';
import { ANA, BEN } from '../posts.ts';

const VIDEO = readFileSync(fixture('demo/sunset.mp4'));

const settled = ({ files }: Draft) => files.every(({ state }) => state === 'ready' || state === 'refused');

/** Offers one file whose bytes the test decides. */
async function offerBytes(chat: ComposingWorld, content: Buffer, name: string) {
  const { composer, whenDraft } = chat.openComposer();
  const offer = await chat.photo('1', { file: { name, bytes: content.length } });
  chat.chat.set('ref-1', () => Readable.from([content]));
  const draft = await composer.offer(offer);
  return whenDraft(draft?.id ?? '', settled);
}

describe('taking files in', () => {
  it('copies, judges and converts each, and draws them on the card', async () => {
    await using chat = await createComposingWorld();
    const { composer, whenDraft } = chat.openComposer();
    const offered = await composer.offer(await chat.photo('1'));
    const draft = await whenDraft(offered?.id ?? '', ({ preview }) => preview !== undefined);
    expect(draft.files).toMatchObject([
      { state: 'ready', kind: 'photo', media: { contentType: 'image/jpeg', width: 66, height: 99 } },
    ]);
    const keys = await chat.world.mediaStore.keys();
    expect(keys).toContain(draft.preview?.key);
  });

  it.each([
    ['notes.txt', Buffer.from('just words'), 'format_not_accepted'],
    ['empty.png', Buffer.alloc(0), 'file_empty'],
    ['broken.png', readFileSync(fixture('truncated.png')), 'file_incomplete'],
  ])('refuses %s by its content', async (name, content, code) => {
    await using chat = await createComposingWorld();
    const draft = await offerBytes(chat, content, name);
    expect(draft.files).toMatchObject([{ name, state: 'refused', problem: { code } }]);
  });

  it('names the format that it refuses', async () => {
    await using chat = await createComposingWorld();
    const draft = await offerBytes(chat, Buffer.from('8BPS\0\x01'), 'photo.png');
    expect(draft.files).toMatchObject([{ problem: { code: 'format_not_accepted', format: 'Photoshop' } }]);
  });

  it('draws what is left when one of the files is refused at last', async () => {
    await using chat = await createComposingWorld();
    const { composer, whenDraft } = chat.openComposer();
    const album = { album: 'album-1' };
    const last = Promise.withResolvers<Readable>();
    await composer.offer(await chat.photo('1', album));
    const second = await chat.photo('2', { ...album, file: { name: 'late.txt', bytes: 4 } });
    chat.chat.set('ref-2', () => last.promise);
    const offered = await composer.offer(second);
    const id = offered?.id ?? '';
    await whenDraft(id, ({ files }) => files[0]?.state === 'ready');
    last.resolve(Readable.from([Buffer.from('text')]));
    const draft = await whenDraft(id, ({ preview }) => preview !== undefined);
    expect(draft.files.map(({ state }) => state)).toEqual(['ready', 'refused']);
  });

  it('does not refuse a file because its preview cannot be drawn', async () => {
    await using chat = await createComposingWorld();
    const { composer, drafts, intake, whenDraft } = chat.openComposer();
    const offered = await composer.offer(await chat.photo('1'));
    const id = offered?.id ?? '';
    const draft = await whenDraft(id, ({ preview }) => preview !== undefined);
    const [file] = draft.files;
    if (file?.state !== 'ready') throw new Error('The file is ready.');
    await chat.world.mediaStore.remove(file.media.file.key);
    await expect(intake.redraw(id)).resolves.toBeUndefined();
    expect(await drafts.get(id)).toMatchObject({ files: [{ state: 'ready' }] });
    expect(chat.lines.join('')).toContain('A preview could not be drawn');
  });

  it('draws only the files that are still there', async () => {
    await using chat = await createComposingWorld();
    const { composer, drafts, whenDraft } = chat.openComposer();
    const album = { album: 'album-1' };
    await composer.offer(await chat.photo('1', album));
    const offered = await composer.offer(await chat.photo('2', album));
    const id = offered?.id ?? '';
    await whenDraft(id, (one) => isReady(one) && one.preview !== undefined);
    const { preview: both } = (await drafts.get(id)) ?? {};
    await composer.choose(id, ANA, { type: 'drop_file', fileId: '2' });
    const { preview: one } = (await drafts.get(id)) ?? {};
    expect(one).toBeDefined();
    expect(one).not.toEqual(both);
  });

  it('draws the files in the order in which a person puts them, before the draft is said to look different', async () => {
    await using chat = await createComposingWorld();
    const { composer, drafts, whenDraft, whenChanged } = chat.openComposer();
    const album = { album: 'album-1' };
    await composer.offer(await chat.photo('1', album));
    const offered = await composer.offer(await chat.photo('2', album));
    const id = offered?.id ?? '';
    const { preview: inOrder } = await whenDraft(id, (one) => isReady(one) && one.preview !== undefined);
    const changed = whenChanged();
    const chosen = composer.choose(id, ANA, { type: 'move_file', fileId: '2', to: 'first' });
    await changed;
    const { files = [], preview: turned } = (await drafts.get(id)) ?? {};
    expect(files.map(({ id }) => id)).toEqual(['2', '1']);
    expect(turned).toBeDefined();
    expect(turned).not.toEqual(inOrder);
    await chosen;
    await composer.choose(id, ANA, { type: 'move_file', fileId: '1', to: 'earlier' });
    expect((await drafts.get(id))?.preview).toEqual(inOrder);
  });

  it('keeps the order of a person when another photo comes late', async () => {
    await using chat = await createComposingWorld();
    const { composer, whenDraft } = chat.openComposer();
    const album = { album: 'album-1' };
    for (const number of ['1', '2', '4']) await composer.offer(await chat.photo(number, album));
    const { id } = (await composer.offer(await chat.photo('4', album))) ?? { id: '' };
    await composer.choose(id, ANA, { type: 'move_file', fileId: '4', to: 'first' });
    await composer.offer(await chat.photo('3', album));
    const { files } = await whenDraft(id, (one) => isReady(one) && one.preview !== undefined);
    expect(files.map((file) => file.id)).toEqual(['4', '1', '2', '3']);
  });
});

/** Gives a few bytes and then fails. */
const broken = () =>
  Readable.from(
    (async function* () {
      yield Buffer.from('some');
      throw new Error('The connection broke.');
    })(),
  );

describe('a download that breaks', () => {
  it('is tried again', async () => {
    await using chat = await createComposingWorld();
    const { composer, whenDraft } = chat.openComposer();
    const offer = await chat.photo('1');
    const whole = chat.chat.get('ref-1');
    chat.chat.set('ref-1', (turn) => (turn < 3 ? broken() : (whole?.(turn) ?? broken())));
    const offered = await composer.offer(offer);
    await whenDraft(offered?.id ?? '', isReady);
    expect(chat.turns.get('ref-1')).toBe(3);
  });

  it('is told after four tries, and nothing of it is kept', async () => {
    await using chat = await createComposingWorld();
    const { composer, whenDraft } = chat.openComposer();
    const offer = await chat.photo('1');
    chat.chat.set('ref-1', broken);
    const offered = await composer.offer(offer);
    const draft = await whenDraft(offered?.id ?? '', settled);
    expect(draft.files).toMatchObject([
      { state: 'refused', problem: { code: 'file_not_received', name: '1.png' } },
    ]);
    expect(chat.turns.get('ref-1')).toBe(4);
    expect(await chat.world.mediaStore.keys()).toEqual([]);
  });

  it('is told by the size that the chat declared', async () => {
    await using chat = await createComposingWorld();
    const { composer, whenDraft } = chat.openComposer();
    const offered = await composer.offer(await chat.photo('1', { file: { bytes: 5_000 } }));
    const draft = await whenDraft(offered?.id ?? '', settled);
    expect(draft.files).toMatchObject([{ problem: { code: 'file_not_received' } }]);
    expect(await chat.world.mediaStore.keys()).toEqual([]);
  });

  it('does not hold up stopping, even where nothing ever comes', async () => {
    await using chat = await createComposingWorld();
    const { composer, intake, drafts } = chat.openComposer();
    const offer = await chat.photo('1');
    const opened = Promise.withResolvers<void>();
    chat.chat.set('ref-1', () => {
      opened.resolve();
      return new Readable({ read() {} });
    });
    const offered = await composer.offer(offer);
    await opened.promise;
    await intake.stop();
    expect(await drafts.get(offered?.id ?? '')).toMatchObject({ files: [{ state: 'waiting' }] });
  });
});

describe('a file that nobody wants any more', () => {
  /** A chat that begins to hand over its file and never ends; resolves when the copy is broken off. */
  async function endless({ chat, photo }: ComposingWorld, id: string) {
    const offer = await photo(id);
    const opened = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    chat.set(offer.file.ref, () => {
      opened.resolve();
      return new Readable({ read() {} }).on('close', closed.resolve);
    });
    return { offer, opened: opened.promise, closed: closed.promise };
  }

  it('is not copied to its end when its draft is discarded, and leaves its place to others', async () => {
    await using chat = await createComposingWorld();
    const { composer, whenDraft } = chat.openComposer();
    const held = await Promise.all(['1', '2', '3', '4', '5'].map((id) => endless(chat, id)));
    const drafts: string[] = [];
    for (const { offer } of held) drafts.push((await composer.offer(offer))?.id ?? '');
    await Promise.all(held.slice(0, 4).map(({ opened }) => opened));
    const free = await composer.offer(await chat.photo('6'));
    for (const id of drafts) await composer.discard(id, ANA);
    await Promise.all(held.slice(0, 4).map(({ closed }) => closed));
    await whenDraft(free?.id ?? '', isReady);
    expect(chat.turns.get('ref-5')).toBeUndefined();
  });

  it('is not waited for when the chat does not even open it, and is closed should it come', async () => {
    await using chat = await createComposingWorld();
    const { composer, stop } = chat.openComposer();
    const offer = await chat.photo('1');
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<Readable>();
    chat.chat.set('ref-1', () => {
      asked.resolve();
      return answer.promise;
    });
    const id = (await composer.offer(offer))?.id ?? '';
    await asked.promise;
    await composer.discard(id, ANA);
    await stop();
    const late = new Readable({ read() {} });
    const closed = new Promise((resolve) => late.on('close', resolve));
    answer.resolve(late);
    await closed;
  });

  it.each(['drop_file', 'edit'] as const)(
    'is not copied to its end when it is left out (%s)',
    async (how) => {
      await using chat = await createComposingWorld();
      const { composer } = chat.openComposer();
      const { offer, opened, closed } = await endless(chat, '1');
      const id = (await composer.offer(offer))?.id ?? '';
      await opened;
      const { file } = await chat.photo('2');
      if (how === 'drop_file') await composer.choose(id, ANA, { type: how, fileId: '1' });
      else await composer.edit(id, ANA, { messageId: '1', text: '', files: [{ ...file, id: '1' }] });
      await closed;
    },
  );
});

describe('a chat that does not hand a file over yet', () => {
  it('is asked again after the time that it tells, however often it asks to wait', async () => {
    await using chat = await createComposingWorld();
    const { composer, whenDraft } = chat.openComposer();
    const offer = await chat.photo('1');
    const whole = chat.chat.get('ref-1');
    const asked: number[] = [];
    chat.chat.set('ref-1', (turn) => {
      asked.push(Date.now());
      if (turn > 6) return whole?.(turn) ?? broken();
      throw new AskedToWaitError('Wait.', { retryAfterMs: 60 });
    });
    const offered = await composer.offer(offer);
    await whenDraft(offered?.id ?? '', isReady);
    expect(asked).toHaveLength(7);
    const pauses = asked.slice(1).map((at, index) => at - (asked[index] ?? 0));
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(58);
  });

  it('keeps nobody else from handing files over while it asks to wait', async () => {
    await using chat = await createComposingWorld();
    const { composer, whenDraft, intake } = chat.openComposer();
    const held = await Promise.all(['1', '2', '3', '4'].map((id) => chat.photo(id)));
    const free = await chat.photo('5', { person: BEN, chat: 'telegram:2:0', workspace: 'telegram:2' });
    for (const { file } of held)
      chat.chat.set(file.ref, () => {
        throw new AskedToWaitError('Wait.', { retryAfterMs: 3_600_000 });
      });
    for (const offer of held) await composer.offer(offer);
    const offered = await composer.offer(free);
    await whenDraft(offered?.id ?? '', isReady);
    await intake.stop();
  });

  it('is asked for minutes, and for the file once more when somebody wants it', async () => {
    await using chat = await createComposingWorld();
    const { composer, whenDraft } = chat.openComposer({ outageDelaysMs: Array(20).fill(1) });
    const offer = await chat.photo('1');
    const whole = chat.chat.get('ref-1');
    const away = () => {
      throw new Error('No answer.');
    };
    chat.chat.set('ref-1', away);
    const offered = await composer.offer(offer);
    const id = offered?.id ?? '';
    expect(await whenDraft(id, settled)).toMatchObject({
      files: [{ problem: { code: 'file_not_received', name: '1.png' }, retry: { state: 'waiting' } }],
    });
    expect(chat.turns.get('ref-1')).toBe(21);
    if (whole !== undefined) chat.chat.set('ref-1', whole);
    await composer.choose(id, ANA, { type: 'retry_files' });
    await whenDraft(id, isReady);
  });
});

describe('what goes wrong on our side', () => {
  const FULL = { state: 'refused', problem: { code: 'preparing_failed', reason: 'disk_full' } };

  it('is told as a full disk after a few tries, and is taken in once there is room', async () => {
    await using chat = await createComposingWorld();
    const { composer, whenDraft } = chat.openComposer();
    const offer = await chat.photo('1');
    const disk = await fillDisk();
    const offered = await composer.offer(offer);
    const id = offered?.id ?? '';
    expect(await whenDraft(id, settled)).toMatchObject({ files: [{ ...FULL, retry: { state: 'waiting' } }] });
    expect(chat.turns.get('ref-1')).toBe(4);
    expect(await chat.world.mediaStore.keys()).toEqual([]);
    disk[Symbol.dispose]();
    await composer.choose(id, ANA, { type: 'retry_files' });
    expect((await whenDraft(id, isReady)).files).toMatchObject([{ name: '1.png' }]);
  });

  it('takes a file in as soon as there is room again, at whichever write the disk was full', async () => {
    for (let after = 0; ; after += 1) {
      await using chat = await createComposingWorld();
      const { composer, whenDraft } = chat.openComposer();
      const offer = await chat.photo('1');
      const disk = await fillDisk({ after });
      const id = (await composer.offer(offer))?.id ?? '';
      await whenDraft(id, settled);
      disk[Symbol.dispose]();
      await composer.choose(id, ANA, { type: 'retry_files' });
      expect((await whenDraft(id, isReady)).files).toMatchObject([{ name: '1.png' }]);
      if (disk.tries() > after) continue;
      expect(after).toBeGreaterThan(1);
      return;
    }
  });

  it.each([
    ['media_limit', { limitBytes: 1 }],
    ['disk_full', { readDisk: async () => ({ free: 1, size: 1e9 }) }],
  ] as const)('is told (%s) before the chat is asked for a file that has no room', async (reason, disk) => {
    await using chat = await createComposingWorld({ disk });
    const { composer, whenDraft } = chat.openComposer();
    const offered = await composer.offer(await chat.photo('1'));
    expect(await whenDraft(offered?.id ?? '', settled)).toMatchObject({
      files: [{ problem: { code: 'preparing_failed', reason }, retry: { state: 'waiting' } }],
    });
    expect(chat.turns.get('ref-1')).toBeUndefined();
  });

  it('takes in what had no room as soon as somebody tries again when there is some', async () => {
    let free = 1;
    const readDisk = async () => ({ free, size: 1e9 });
    await using chat = await createComposingWorld({ disk: { readDisk } });
    const { composer, whenDraft } = chat.openComposer();
    const id = (await composer.offer(await chat.photo('1')))?.id ?? '';
    await whenDraft(id, settled);
    free = 1e9;
    await composer.choose(id, ANA, { type: 'retry_files' });
    await whenDraft(id, isReady);
  });

  it('goes on with the copy where only the conversion has failed', async () => {
    await using chat = await createComposingWorld();
    const { composer, whenDraft, drafts, intake } = chat.openComposer();
    const draft = await composer.offer(await chat.photo('1'));
    const id = draft?.id ?? '';
    await whenDraft(id, (one) => isReady(one) && one.preview !== undefined);
    const source = await addFixture(chat.world.mediaStore, 'phone.jpg');
    const before = await drafts.update(id, (one) => ({
      ...one,
      files: one.files.map((file) => ({ ...identityOf(file), state: 'stored', source, kind: 'photo' })),
    }));
    const disk = await fillDisk();
    if (before !== undefined) intake.work(before);
    expect(await whenDraft(id, settled)).toMatchObject({
      files: [{ ...FULL, retry: { state: 'stored', source } }],
    });
    expect(disk.tries()).toBe(4);
    disk[Symbol.dispose]();
    await composer.choose(id, ANA, { type: 'retry_files' });
    await whenDraft(id, isReady);
    expect(chat.turns.get('ref-1')).toBe(1);
  });

  it('is tried again at once, even while the picture of the draft is still drawn', async () => {
    await using chat = await createComposingWorld();
    const { composer, whenDraft } = chat.openComposer();
    const album = { album: 'album-1' };
    const video = { name: 'a.mp4', bytes: VIDEO.length, thumbnailRef: 'poster' };
    const offer = await chat.photo('1', { ...album, file: video });
    chat.chat.set('ref-1', () => Readable.from([VIDEO]));
    chat.chat.set('poster', () => new Readable({ read() {} }));
    const draft = await composer.offer(offer);
    const id = draft?.id ?? '';
    await whenDraft(id, isReady);
    const disk = await fillDisk();
    await composer.offer(await chat.photo('2', album));
    await whenDraft(id, settled);
    disk[Symbol.dispose]();
    await composer.choose(id, ANA, { type: 'retry_files' });
    await whenDraft(id, isReady);
  });

  it('is told as too slow when judging a video takes too long', async () => {
    await using chat = await createComposingWorld();
    const { composer, whenDraft } = chat.openComposer({ inspectTimeoutMs: 1 });
    const offer = await chat.photo('1', { file: { name: 'a.mp4', bytes: VIDEO.length } });
    chat.chat.set('ref-1', () => Readable.from([VIDEO]));
    const offered = await composer.offer(offer);
    expect(await whenDraft(offered?.id ?? '', settled)).toMatchObject({
      files: [{ problem: { code: 'preparing_failed', reason: 'too_slow', name: 'a.mp4' } }],
    });
    expect(chat.turns.get('ref-1')).toBe(1);
  });

  it('is told as a fault of Nod when it is something else, and logged', async () => {
    await using chat = await createComposingWorld();
    const { composer, whenDraft } = chat.openComposer();
    const offer = await chat.photo('1');
    // A folder that is none fails as one does that belongs to somebody else.
    await writeFile(join(chat.world.directory, 'media'), '');
    const offered = await composer.offer(offer);
    expect(await whenDraft(offered?.id ?? '', settled)).toMatchObject({
      files: [{ problem: { code: 'preparing_failed', reason: 'unknown' }, retry: { state: 'waiting' } }],
    });
    expect(chat.lines.join('')).toContain('through no fault of its own');
    expect(chat.turns.get('ref-1')).toBeUndefined();
  });

  it('leaves alone on another try what the files themselves are to blame for', async () => {
    await using chat = await createComposingWorld();
    const draft = await offerBytes(chat, Buffer.from('text'), 'notes.txt');
    const { composer, drafts } = chat.openComposer();
    await composer.choose(draft.id, ANA, { type: 'retry_files' });
    expect((await drafts.get(draft.id))?.files).toEqual(draft.files);
    expect(chat.turns.get('ref-1')).toBe(1);
  });
});

describe('what the chat tells', () => {
  it('keeps the poster of a video, which is drawn on the card', async () => {
    await using chat = await createComposingWorld();
    const { composer, whenDraft } = chat.openComposer();
    const poster = readFileSync(fixture('phone.jpg'));
    const offer = await chat.photo('1', {
      file: { name: 'a.mp4', bytes: VIDEO.length, thumbnailRef: 'poster' },
    });
    chat.chat.set('ref-1', () => Readable.from([VIDEO]));
    chat.chat.set('poster', () => Readable.from([poster]));
    const offered = await composer.offer(offer);
    const draft = await whenDraft(offered?.id ?? '', ({ preview }) => preview !== undefined);
    expect(draft.files).toMatchObject([{ state: 'ready', thumbnailRef: 'poster' }]);
  });

  it.each([
    ['with the size that was declared', 70_000, { bytes: 70_000, maxBytes: 1_000 }],
    ['without a size where none was', undefined, { maxBytes: 1_000 }],
  ])('refuses what is too big %s', async (_, bytes, sizes) => {
    await using chat = await createComposingWorld();
    const { composer, whenDraft } = chat.openComposer({ maxFileBytes: 1_000 });
    const { file, ...offer } = await chat.photo('1');
    const { bytes: _bytes, ...undeclared } = file;
    chat.chat.set('ref-1', () => Readable.from([Buffer.alloc(70_000)]));
    const offered = await composer.offer({
      ...offer,
      file: bytes === undefined ? undeclared : { ...undeclared, bytes },
    });
    const draft = await whenDraft(offered?.id ?? '', settled);
    const [refused] = draft.files;
    expect(refused?.state === 'refused' && refused.problem).toEqual({ code: 'video_too_big', ...sizes });
    expect(chat.turns.get('ref-1')).toBe(1);
  });
});

describe('going on after a restart', () => {
  it('copies what was waiting and converts what was stored', async () => {
    await using chat = await createComposingWorld();
    const dead = chat.openComposer();
    await dead.stop();
    const waiting = await dead.composer.offer(await chat.photo('1'));
    const source = await addFixture(chat.world.mediaStore, 'phone.jpg');
    const { id = '' } = waiting ?? {};
    const stored = { id: '2', order: 2, name: 'phone.jpg', ref: 'gone', state: 'stored', source } as const;
    await dead.drafts.update(id, (draft) => ({
      ...draft,
      files: [...draft.files, { ...stored, kind: 'photo' }],
    }));
    const alive = chat.openComposer();
    await alive.submission.resume();
    const draft = await alive.whenDraft(id, (one) => isReady(one) && one.preview !== undefined);
    expect(draft.files.map(({ name }) => name)).toEqual(['1.png', 'phone.jpg']);
    expect(chat.turns.get('gone')).toBeUndefined();
  });

  it('leaves what is ready and what is refused alone', async () => {
    await using chat = await createComposingWorld();
    const draft = await offerBytes(chat, Buffer.from('text'), 'notes.txt');
    const { submission, drafts } = chat.openComposer();
    await submission.resume();
    expect(await drafts.get(draft.id)).toEqual(draft);
    expect(chat.turns.get('ref-1')).toBe(1);
  });
});

describe('a draft that is submitted', () => {
  it('is not changed by a file that ends up refused', async () => {
    await using chat = await createComposingWorld();
    const { composer, drafts, whenChanged } = chat.openComposer();
    const offer = await chat.photo('1');
    const content = Promise.withResolvers<Readable>();
    chat.chat.set('ref-1', () => content.promise);
    const offered = await composer.offer(offer);
    const id = offered?.id ?? '';
    const submitted = { postMode: 'DIRECT_POST', at: 1 } as const;
    const before = await drafts.update(id, (draft) => ({ ...draft, submitted }));
    const judged = whenChanged();
    content.resolve(Readable.from([Buffer.from('x'.repeat(offer.file.bytes ?? 0))]));
    await judged;
    expect(await drafts.get(id)).toEqual(before);
  });
});

describe('the files of the media store', () => {
  it('are kept or not', async () => {
    await using chat = await createComposingWorld();
    const { intake } = chat.openComposer();
    const kept = await addBytes(chat.world.mediaStore, 'kept');
    const gone = await addBytes(chat.world.mediaStore, 'gone');
    await chat.world.mediaStore.remove(gone.key);
    expect(await intake.areKept([kept])).toBe(true);
    expect(await intake.areKept([kept, gone])).toBe(false);
  });
});
