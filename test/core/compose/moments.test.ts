import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { type DraftChoice, decide } from '../../../src/core/compose/choices.ts';
import {
  allowedSeconds,
  canRetry,
  contentOf,
  coverMsOf,
  type Draft,
  type DraftFile,
  judgedOf,
  kindOf,
  needsPick,
  problemsOf,
} from '../../../src/core/compose/draft.ts';
import { hashContent } from '../../../src/core/publish/post.ts';
import { type Composing, type ComposingWorld, createComposingWorld, isReady } from '../composing.ts';
import { account, draftWith, file } from '../drafts.ts';
import { fixture } from '../media/files.ts';
import { ANA, namedFile, namedPhoto } from '../posts.ts';

const OFFERED = { id: '1', order: 1, name: 'clip.mp4', ref: 'ref-1' };
const preview = namedFile('c', 'jpg');
const video = (seconds: number, fields: Partial<DraftFile> = {}): DraftFile => {
  const media = { ...namedPhoto('b'), kind: 'video', contentType: 'video/mp4' } as const;
  const judged = { source: namedFile('a'), kind: 'video', durationSeconds: seconds } as const;
  return {
    ...OFFERED,
    ...judged,
    state: 'ready',
    media: { ...media, durationSeconds: seconds },
    ...fields,
  } as DraftFile;
};
const animation = (id: string): DraftFile => ({ ...file(id), pictures: 24 }) as DraftFile;
const tooLong: DraftFile = {
  ...OFFERED,
  state: 'refused',
  problem: { code: 'video_too_long', durationSeconds: 900, maxSeconds: 600 },
  retry: { state: 'stored', source: namedFile('a'), kind: 'video', durationSeconds: 900 },
};
const choose = (draft: Draft, ...choices: DraftChoice[]) => choices.reduce(decide, draft);
const codes = (draft: Draft) => problemsOf(draft, 'DIRECT_POST').map(({ code }) => code);

describe('an animation', () => {
  const still = draftWith({ files: [animation('1')], preview });
  const asVideo = choose(still, { type: 'animation', fileId: '1', asVideo: true });

  it('becomes a video to be prepared, and its picture to go back to is kept', () => {
    expect(asVideo.files).toMatchObject([
      { state: 'stored', kind: 'video', use: { asVideo: true }, pictures: 24, before: [{ media: {} }] },
    ]);
    expect(asVideo).not.toHaveProperty('preview');
    const back = choose(asVideo, { type: 'animation', fileId: '1', asVideo: false });
    expect(back.files).toMatchObject([{ state: 'stored', kind: 'photo', use: undefined }]);
    expect(back.files[0]?.before).toEqual(asVideo.files[0]?.before);
  });

  it('has another hash as a video than as a picture', () => {
    const hashes = [still, asVideo].map((draft) => hashContent(contentOf(draft, 'DIRECT_POST')));
    expect(new Set(hashes).size).toBe(2);
  });

  it('is in the way of the photos beside it as a video, and not as a picture', () => {
    const beside = draftWith({ files: [file('2'), animation('3'), animation('4')] });
    expect(kindOf(beside)).toBe('photo');
    const one = choose(beside, { type: 'animation', fileId: '3', asVideo: true });
    expect(needsPick(one)).toBe(true);
    expect(needsPick(choose(one, { type: 'animation', fileId: '3', asVideo: false }))).toBe(false);
  });

  it('can go back to its picture where it could not become a video', () => {
    const [stored] = asVideo.files;
    if (stored?.state !== 'stored') throw new Error('The file is to be prepared.');
    const { source, kind, pictures, ...offered } = stored;
    const retry = { source, kind, pictures, state: 'stored' } as const;
    const failed = draftWith({
      files: [{ ...offered, state: 'refused', problem: { code: 'file_damaged' }, retry }],
    });
    expect(failed.files.some(canRetry)).toBe(false);
    const back = choose(failed, { type: 'animation', fileId: '1', asVideo: false });
    expect(back.files).toMatchObject([{ state: 'stored', kind: 'photo' }]);
  });

  it('is no other file: a photo does not become a video', () => {
    const photo = draftWith();
    expect(choose(photo, { type: 'animation', fileId: '1', asVideo: true })).toEqual(photo);
  });
});

describe('a video that is too long', () => {
  it.each([
    ['for its creator', video(75), 60],
    ['for TikTok', tooLong, 60],
  ])('%s is trimmed to what the account allows, from the start', (_, long, maxSeconds) => {
    const draft = draftWith({ files: [long] });
    expect(allowedSeconds(draft)).toBe(maxSeconds);
    expect(choose(draft, { type: 'trim' }).files).toMatchObject([
      { state: 'stored', kind: 'video', use: { cut: { startSeconds: 0, maxSeconds: maxSeconds - 0.2 } } },
    ]);
  });

  it('is trimmed to ten minutes while nobody knows whose it is going to be', () => {
    const draft = draftWith({ files: [tooLong], account: { state: 'unchosen' } });
    expect(choose(draft, { type: 'trim', startSeconds: 65 }).files).toMatchObject([
      { use: { cut: { startSeconds: 65, maxSeconds: 599.8 } } },
    ]);
  });

  it('keeps where it begins when it has to become shorter still', () => {
    const cut = { startSeconds: 65, maxSeconds: 300 };
    const draft = draftWith({ files: [video(300, { use: { cut } })] });
    expect(choose(draft, { type: 'trim' }).files).toMatchObject([
      { use: { cut: { startSeconds: 65, maxSeconds: 59.8 } } },
    ]);
  });

  it('becomes whole again', () => {
    const trimmed = choose(draftWith({ files: [video(75)] }), { type: 'trim' });
    const whole = choose(trimmed, { type: 'whole_video' });
    expect(whole.files).toMatchObject([{ state: 'stored', use: undefined, before: [{ use: undefined }] }]);
  });

  it('is judged by what is left of it', () => {
    expect(codes(draftWith({ files: [video(75)] }))).toEqual(['video_too_long_for_creator']);
    const media = { ...namedPhoto('b'), durationSeconds: 60 };
    expect(codes(draftWith({ files: [video(75, { media } as Partial<DraftFile>)] }))).toEqual([]);
    const trimmed = choose(draftWith({ files: [video(75)] }), { type: 'trim', startSeconds: 30 });
    expect(codes(trimmed)).toEqual([]);
  });

  it('is trimmed further where more has come of it than was asked for', () => {
    const cut = { startSeconds: 0, maxSeconds: 59.8 };
    const draft = draftWith({ files: [video(60.3, { use: { cut } })] });
    expect(codes(draft)).toEqual(['video_too_long_for_creator']);
    const [file] = choose(draft, { type: 'trim' }).files;
    expect(file?.use?.cut?.maxSeconds).toBeCloseTo(59.3);
  });

  it('is no failure to try again, and no rubbish', () => {
    const draft = draftWith({ files: [tooLong], account });
    expect(draft.files.some(canRetry)).toBe(false);
    expect(codes(draft)).toEqual(['video_too_long']);
    expect(choose(draft, { type: 'retry_files' }).files).toEqual(draft.files);
  });

  it('is not trimmed where it is not too long', () => {
    const draft = draftWith({ files: [video(30)] });
    expect(choose(draft, { type: 'trim' })).toEqual(draft);
  });
});

describe('the cover of a video', () => {
  const covered = choose(draftWith({ files: [video(75)], preview }), { type: 'cover_moment', ms: 7_000 });

  it('is a moment, which the picture on the card shows', () => {
    expect(coverMsOf(covered)).toBe(7_000);
    expect(covered).not.toHaveProperty('preview');
    expect(contentOf(covered, 'DIRECT_POST').coverMs).toBe(7_000);
    expect(contentOf(covered, 'MEDIA_UPLOAD').coverMs).toBeUndefined();
  });

  it('is the first picture again once the video is another one', () => {
    expect(coverMsOf(choose(covered, { type: 'trim' }))).toBeUndefined();
    expect(coverMsOf(choose(covered, { type: 'trim' }, { type: 'whole_video' }))).toBeUndefined();
    expect(
      coverMsOf({ ...covered, files: [video(75, { source: namedFile('d') } as Partial<DraftFile>)] }),
    ).toBe(undefined);
  });

  it('is for videos alone', () => {
    const photo = draftWith();
    expect(choose(photo, { type: 'cover_moment', ms: 7_000 })).toEqual(photo);
  });
});

const settled = ({ files }: Draft) => files.every(({ state }) => state === 'ready' || state === 'refused');

/** Offers an animation, alone or in an album. */
async function offerAnimation(
  { chat, photo }: ComposingWorld,
  { composer, whenDraft }: Composing,
  { id = '1', album }: { id?: string; album?: string } = {},
) {
  const content = readFileSync(fixture('animated.gif'));
  const offer = await photo(id, {
    file: { name: 'fun.gif', bytes: content.length },
    ...(album && { album }),
  });
  chat.set(`ref-${id}`, () => Readable.from([content]));
  const offered = await composer.offer(offer);
  return whenDraft(offered?.id ?? '', settled);
}

describe('an animation from a chat', () => {
  it('is its first picture, with what a person can choose instead', async () => {
    await using chat = await createComposingWorld();
    const draft = await offerAnimation(chat, chat.openComposer());
    const [gif] = draft.files;
    const changes = gif?.state === 'ready' ? gif.media.changes : [];
    const first = changes.find(({ type }) => type === 'first_picture');
    expect(gif).toMatchObject({ state: 'ready', kind: 'photo' });
    expect(first).toEqual({ type: 'first_picture', of: judgedOf(gif as DraftFile)?.pictures });
  });

  it('is its picture again at once, without being prepared anew', async () => {
    await using chat = await createComposingWorld();
    const parts = chat.openComposer();
    const { id, files } = await offerAnimation(chat, parts);
    await parts.composer.choose(id, ANA, { type: 'animation', fileId: '1', asVideo: true });
    await parts.whenDraft(id, (draft) => draft.files[0]?.use?.asVideo === true && settled(draft));
    chat.lines.splice(0);
    await parts.composer.choose(id, ANA, { type: 'animation', fileId: '1', asVideo: false });
    const back = await parts.whenDraft(id, (draft) => isReady(draft) && draft.preview !== undefined);
    expect(back.files).toMatchObject([
      { kind: 'photo', media: files[0]?.state === 'ready' && files[0].media },
    ]);
    expect(chat.lines.join('')).not.toContain('media prepared');
  });

  it('leaves the photos beside it for a draft of its own once it shall be a video', async () => {
    await using chat = await createComposingWorld();
    const parts = chat.openComposer();
    await parts.composer.offer(await chat.photo('2', { album: 'album-1' }));
    const { id } = await offerAnimation(chat, parts, { id: '3', album: 'album-1' });
    await parts.composer.choose(id, ANA, { type: 'animation', fileId: '3', asVideo: true });
    const left = await parts.whenDraft(id, (draft) => draft.files.length === 1 && isReady(draft));
    expect(left).toMatchObject({ files: [{ id: '2', kind: 'photo' }] });
    const own = await parts.whenDraft(left.sentWith?.draftId ?? '', settled);
    expect(own).toMatchObject({ files: [{ id: '3', use: { asVideo: true } }], sentWith: { draftId: id } });
  });
});

const VIDEO = readFileSync(fixture('demo/sunset.mp4'));

/** A draft of a real video whose chat has no thumbnail. */
async function offerVideo(chat: ComposingWorld, { composer, whenDraft }: Composing) {
  const offer = await chat.photo('1', { file: { name: 'sunset.mp4', bytes: VIDEO.length } });
  chat.chat.set('ref-1', () => Readable.from([VIDEO]));
  const offered = await composer.offer(offer);
  const id = offered?.id ?? '';
  return whenDraft(id, (draft) => isReady(draft) && draft.preview !== undefined);
}

describe('the pictures of a video', () => {
  it('stand on the card where the chat gives none: its first, or the cover', async () => {
    await using chat = await createComposingWorld();
    await chat.world.connect();
    const parts = chat.openComposer();
    const draft = await offerVideo(chat, parts);
    const { width, height } = await sharp(chat.world.mediaStore.path(shown(draft))).metadata();
    expect([width, height]).toEqual([720, 1280]);
    await parts.composer.choose(draft.id, ANA, { type: 'cover_moment', ms: 2_000 });
    const covered = await parts.whenDraft(draft.id, ({ preview }) => preview !== undefined);
    expect(shown(covered).key).not.toBe(shown(draft).key);
  });

  it('are seen by whoever approves it, also where it was submitted before they were drawn', async () => {
    await using chat = await createComposingWorld();
    const { world } = chat;
    await world.connect();
    const parts = chat.openComposer();
    const draft = await offerVideo(chat, parts);
    await parts.composer.choose(draft.id, ANA, { type: 'privacy', privacyLevel: 'SELF_ONLY' });
    await parts.drafts.update(draft.id, ({ preview, ...rest }) => rest);
    const post = await parts.submission.submit(draft.id, ANA, 'DIRECT_POST');
    expect(post).toMatchObject({ status: 'preparing', preview: undefined });
    await world.nod.publisher.tick(post.id);
    expect(await world.read(post.id)).toMatchObject({ status: 'queued', preview: shown(draft) });
  });

  it('are drawn on one sheet when they are asked for, once for each version, and kept with the draft', async () => {
    await using chat = await createComposingWorld();
    await chat.world.connect();
    const parts = chat.openComposer();
    const { id } = await offerVideo(chat, parts);
    await parts.composer.openCovers(id, ANA);
    const { coverSheet } = await parts.whenDraft(id, (draft) => draft.coverSheet !== undefined);
    expect(coverSheet?.momentsMs).toEqual([0, 277, 555, 833, 1111, 1388, 1666, 1944, 2222]);
    const picture = coverSheet?.picture;
    if (picture === undefined) throw new Error('The pictures were drawn.');
    const { width, height } = await sharp(chat.world.mediaStore.path(picture)).metadata();
    expect(Math.max(width, height)).toBeLessThanOrEqual(1280);
    const before = await parts.drafts.get(id);
    await parts.composer.openCovers(id, ANA);
    await parts.intake.stop();
    expect(await parts.drafts.get(id)).toEqual(before);
  });

  it('make the cover that TikTok is told, which Edit keeps', async () => {
    await using chat = await createComposingWorld();
    const { world } = chat;
    await world.connect();
    const parts = chat.openComposer();
    const { id } = await offerVideo(chat, parts);
    await parts.composer.choose(id, ANA, { type: 'privacy', privacyLevel: 'SELF_ONLY' });
    await parts.composer.choose(id, ANA, { type: 'cover_moment', ms: 1_388 });
    const post = await parts.submission.submit(id, ANA, 'DIRECT_POST');
    expect(post.content.coverMs).toBe(1_388);
    const opened = await parts.rework.withdraw(post, ANA);
    const again = await parts.whenDraft(opened.id, (draft) => isReady(draft));
    expect(coverMsOf(again)).toBe(1_388);
    await parts.composer.choose(opened.id, ANA, { type: 'privacy', privacyLevel: 'SELF_ONLY' });
    const second = await parts.submission.submit(opened.id, ANA, 'DIRECT_POST');
    expect(second.contentHash).toBe(post.contentHash);
    await world.finish(second.id);
    expect(world.tiktok.state.publishes.map(({ postInfo }) => postInfo.video_cover_timestamp_ms)).toEqual([
      1_388,
    ]);
  });
});

function shown({ preview }: Draft) {
  if (preview === undefined) throw new Error('There is a picture on the card.');
  return preview;
}
