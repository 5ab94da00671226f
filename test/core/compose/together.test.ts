import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { type Draft, kindOf } from '../../../src/core/compose/draft.ts';
import type { Offer } from '../../../src/core/compose/drafts.ts';
import {
  type Composing,
  type ComposingWorld,
  type ComposingWorldOptions,
  createComposingWorld,
  isReady,
} from '../composing.ts';
import { ANA, CHAT, WORKSPACE } from '../posts.ts';

const ALBUM = { album: 'album-1' };

/** Puts a video into the chat; `claim` is false where the platform does not say that it is one. */
async function video(
  { chat }: ComposingWorld,
  id: string,
  { claim = true, ...fields }: Partial<Omit<Offer, 'file'>> & { album?: string; claim?: boolean } = {},
): Promise<Offer> {
  const bytes = await readFile(new URL('../../fixtures/tiktok-h264.mp4', import.meta.url));
  chat.set(`ref-${id}`, () => Readable.from([bytes]));
  const { album, ...more } = fields;
  const offered = { id, order: Number(id), name: `${id}.mp4`, ref: `ref-${id}`, album };
  return {
    workspace: WORKSPACE,
    chat: CHAT,
    person: ANA,
    file: { ...offered, claimedKind: claim ? 'video' : undefined, state: 'waiting' },
    ...more,
  };
}

async function begin(options?: ComposingWorldOptions) {
  const chat = await createComposingWorld(options);
  const parts = chat.openComposer();
  return { chat, ...parts, [Symbol.asyncDispose]: () => chat[Symbol.asyncDispose]() };
}

const allDrafts = ({ drafts }: Pick<Composing, 'drafts'>): Promise<Draft[]> =>
  Array.fromAsync(drafts.entries(), ([, draft]) => draft);

/** What the drafts hold once all files are ready: the kind, the files and the caption of each. */
async function seen(parts: Pick<Composing, 'drafts' | 'whenChanged'>, files: number) {
  for (;;) {
    const changed = parts.whenChanged();
    const all = await allDrafts(parts);
    const isWhole = all.every(isReady) && all.every((draft) => kindOf(draft) !== undefined);
    if (isWhole && all.flatMap((draft) => draft.files).length === files)
      return all
        .sort((a, b) => (a.files[0]?.order ?? 0) - (b.files[0]?.order ?? 0))
        .map((draft) => [kindOf(draft), draft.files.map(({ id }) => id).join(' '), draft.caption]);
    await changed;
  }
}

it.each([true, false])('makes a draft of each of several videos that are sent as one (%s)', async (claim) => {
  await using nod = await begin();
  for (const id of ['1', '2', '3'])
    await nod.composer.offer(
      await video(nod.chat, id, { ...ALBUM, claim, ...(id === '1' && { caption: 'Sea' }) }),
    );
  expect(await seen(nod, 3)).toEqual([
    ['video', '1', 'Sea'],
    ['video', '2', 'Sea'],
    ['video', '3', 'Sea'],
  ]);
  for (const draft of await allDrafts(nod))
    expect(draft.sentWith).toEqual({ hasSameCaption: true, draftId: expect.any(String) });
});

it.each([
  ['first', true],
  ['last', false],
] as const)(
  'makes one draft of the photos of an album and one of each video, which comes %s (%s)',
  async (place, claim) => {
    await using nod = await begin();
    const [photos, clips] =
      place === 'first'
        ? [
            ['3', '4'],
            ['1', '2'],
          ]
        : [
            ['1', '2'],
            ['3', '4'],
          ];
    const offers = [
      ...(await Promise.all(
        photos.map((id) => nod.chat.photo(id, { ...ALBUM, ...(id === '1' && { caption: 'Sea' }) })),
      )),
      ...(await Promise.all(
        clips.map((id) => video(nod.chat, id, { ...ALBUM, claim, ...(id === '1' && { caption: 'Sea' }) })),
      )),
    ].sort((a, b) => a.file.order - b.file.order);
    for (const offer of offers) await nod.composer.offer(offer);
    const expected = [['photo', photos.join(' '), 'Sea'], ...clips.map((id) => ['video', id, 'Sea'])].sort(
      (a, b) => String(a[1]).localeCompare(String(b[1])),
    );
    expect(await seen(nod, 4)).toEqual(expected);
  },
);

it('gives the caption that comes with a later file to those before, and leaves each its own', async () => {
  await using nod = await begin();
  await nod.composer.offer(await video(nod.chat, '1', ALBUM));
  await nod.composer.offer(await video(nod.chat, '2', { ...ALBUM, caption: 'Two' }));
  await nod.composer.offer(await video(nod.chat, '3', { ...ALBUM, caption: 'Three' }));
  expect(await seen(nod, 3)).toEqual([
    ['video', '1', 'Two'],
    ['video', '2', 'Two'],
    ['video', '3', 'Three'],
  ]);
  const [, , third] = (await allDrafts(nod)).sort(
    (a, b) => (a.files[0]?.order ?? 0) - (b.files[0]?.order ?? 0),
  );
  expect(third?.sentWith).toMatchObject({ hasSameCaption: false });
});

it.each([true, false])('changes nothing when the messages of an album come again (%s)', async (claim) => {
  await using nod = await begin();
  const offers = [
    await nod.chat.photo('1', { ...ALBUM, caption: 'Sea' }),
    await video(nod.chat, '2', { ...ALBUM, claim }),
    await video(nod.chat, '3', { ...ALBUM, claim }),
  ];
  for (const offer of offers) await nod.composer.offer(offer);
  const before = await seen(nod, 3);
  for (const offer of offers) await nod.composer.offer(offer);
  expect(await seen(nod, 3)).toEqual(before);
});

it('draws the picture of a video that was taken out of its draft, and finds its account', async () => {
  await using nod = await begin();
  await nod.chat.world.connect();
  // Ready before the photo shows that it cannot stay.
  const clip = await video(nod.chat, '1', { ...ALBUM, claim: false });
  const { ref: thumbnailRef } = (await nod.chat.photo('9')).file;
  const first = await nod.composer.offer({ ...clip, file: { ...clip.file, thumbnailRef } });
  await nod.whenDraft(first?.id ?? '', isReady);
  await nod.composer.offer(await nod.chat.photo('2', ALBUM));
  await seen(nod, 2);
  const own = (await allDrafts(nod)).find((draft) => kindOf(draft) === 'video');
  await nod.whenDraft(
    own?.id ?? '',
    ({ preview, account }) => preview !== undefined && account.state === 'ready',
  );
});

it('begins nothing when a video that became a draft of its own comes again after it was posted', async () => {
  await using nod = await begin();
  await nod.chat.world.connect();
  const clip = await video(nod.chat, '2', { ...ALBUM, claim: false });
  await nod.composer.offer(await nod.chat.photo('1', ALBUM));
  await nod.composer.offer(clip);
  await seen(nod, 2);
  const own = (await allDrafts(nod)).find((draft) => kindOf(draft) === 'video');
  await nod.whenDraft(own?.id ?? '', (draft) => draft.account.state === 'ready');
  await nod.composer.choose(own?.id ?? '', ANA, { type: 'privacy', privacyLevel: 'PUBLIC_TO_EVERYONE' });
  await nod.submission.submit(own?.id ?? '', ANA, 'DIRECT_POST');
  expect(await nod.composer.offer(clip)).toBeUndefined();
  expect(await allDrafts(nod)).toHaveLength(1);
});

it('takes a video apart whose process died right after it was judged', async () => {
  await using nod = await begin();
  const first = await nod.composer.offer(await nod.chat.photo('1', ALBUM));
  const id = first?.id ?? '';
  await nod.whenDraft(id, isReady);
  await nod.stop();
  const source = (await nod.drafts.get(id))?.files[0];
  if (source?.state !== 'ready') throw new Error('The photo is ready.');
  // As if the second file had been found to be a video.
  await nod.drafts.update(id, (draft) => ({
    ...draft,
    files: [
      ...draft.files,
      {
        id: '2',
        order: 2,
        name: '2.mp4',
        ref: 'ref-2',
        album: ALBUM.album,
        state: 'stored',
        source: source.source,
        kind: 'video',
      },
    ],
  }));
  const next = nod.chat.openComposer();
  await next.submission.resume();
  const left = await next.whenDraft(id, ({ files }) => files.length === 1);
  expect(left.files).toMatchObject([{ id: '1' }]);
  expect(await allDrafts(next)).toHaveLength(2);
});

it('keeps a video whose draft would be one too many where it is, for a person to choose', async () => {
  await using nod = await begin({ limits: { person: { drafts: 1 } } } as ComposingWorldOptions);
  await nod.composer.offer(await nod.chat.photo('1', ALBUM));
  const offered = await nod.composer.offer(await video(nod.chat, '2', { ...ALBUM, claim: false }));
  await nod.whenDraft(offered?.id ?? '', isReady);
  expect(await allDrafts(nod)).toHaveLength(1);
  const third = await nod.composer.offer(await video(nod.chat, '3', ALBUM));
  expect(third?.files[2]).toMatchObject({
    id: '3',
    state: 'refused',
    problem: { code: 'too_much_at_once', what: 'drafts', who: 'person', max: 1 },
  });
});

it('makes a draft of its own of a video that answers the card of photos', async () => {
  await using nod = await begin();
  const photos = await nod.composer.offer(await nod.chat.photo('1', { caption: 'Sea' }));
  const clip = await nod.composer.offer(await video(nod.chat, '2', { joins: photos?.id ?? '' }));
  expect(clip?.id).not.toBe(photos?.id);
  expect(await seen(nod, 2)).toEqual([
    ['photo', '1', 'Sea'],
    ['video', '2', 'Sea'],
  ]);
});

it('adds what cannot be used to the draft that it came with', async () => {
  await using nod = await begin();
  const photos = await nod.composer.offer(await nod.chat.photo('1', ALBUM));
  const big = await video(nod.chat, '2', ALBUM);
  const problem = { code: 'file_too_big_for_chat', name: '2.mp4', bytes: 9, maxBytes: 1 } as const;
  const told = await nod.composer.offer({ ...big, file: { ...big.file, state: 'refused', problem } });
  expect(told?.id).toBe(photos?.id);
});
