import { describe, expect, it } from 'vitest';
import { encodePress } from '../../../src/bots/buttons.ts';
import type { MessageRef, Question } from '../../../src/bots/platform.ts';
import { OLD_BUTTON } from '../../../src/bots/text/messages.ts';
import type { DraftFile } from '../../../src/core/compose/draft.ts';
import { namedFile, namedPhoto } from '../../core/posts.ts';
import { createAccessWorld, GROUP, inPlace, PEOPLE } from '../access/world.ts';
import { textOf } from '../paper-bot.ts';

/** A draft of Ana's in the group: a video of 90 s, where the account may post 60. */
async function startDraft(fields: Partial<DraftFile> = {}) {
  const world = await createAccessWorld();
  const media = { ...namedPhoto('b'), kind: 'video', contentType: 'video/mp4', durationSeconds: 90 } as const;
  const offered = { id: '1', order: 1, name: 'clip.mp4', ref: 'ref-1', source: namedFile('a') };
  const clip = { ...offered, state: 'ready', kind: 'video', durationSeconds: 90, media, ...fields };
  const { id } = await world.draft('draft', { files: [clip as DraftFile] });
  const message: MessageRef = await world.message(GROUP.chat);

  /** What the presser is told. */
  async function press(verb: string, argument?: string, ask?: (question: Question) => Promise<void>) {
    const notes: (string | undefined)[] = [];
    await world.handle({
      ...inPlace(GROUP, PEOPLE.ana),
      type: 'press',
      press: encodePress({ on: 'draft', id, verb, ...(argument !== undefined && { argument }) }),
      message,
      isOnMessage: true,
      answer: async (note) => void notes.push(note),
      ...(ask !== undefined && { ask }),
    });
    return notes[0];
  }
  const answer = (subject: string, text: string) =>
    world.handle({ ...inPlace(GROUP, PEOPLE.ana), type: 'text', text, subject });
  const said = () => world.messages().map(({ versions }) => textOf(versions.at(-1)?.card));
  const read = async () => {
    const draft = await world.drafts.get(id);
    if (draft === undefined) throw new Error('The draft is open.');
    return draft;
  };
  return { world, press, answer, said, read };
}

describe('trimming', () => {
  it('takes what the account allows at a tap, and the whole at another', async () => {
    const { world, press, read } = await startDraft();
    await using _ = world;
    await press('trim');
    expect((await read()).files).toMatchObject([{ use: { cut: { startSeconds: 0, maxSeconds: 59.8 } } }]);
    await press('whole');
    expect((await read()).files[0]?.use).toBeUndefined();
  });

  it('asks for the moment from which it is posted', async () => {
    const { world, press, answer, said, read } = await startDraft();
    await using _ = world;
    await press('trim_from');
    expect(said().at(-1)).toBe(
      'Ana, reply to this with the moment from which on the video is posted, like 1:05. Up to 1 min from there are posted.',
    );
    await answer('trim:draft', '0:20');
    expect((await read()).files).toMatchObject([{ use: { cut: { startSeconds: 20, maxSeconds: 59.8 } } }]);
  });

  it('asks in a window where there is one, with what was said before', async () => {
    const { world, press, answer } = await startDraft();
    await using _ = world;
    await answer('trim:draft', '20.5');
    const questions: Question[] = [];
    await press('trim_from', undefined, async (question) => void questions.push(question));
    expect(questions).toEqual([
      {
        subject: 'trim:draft',
        title: 'Trim from',
        hint: 'Like 1:05; up to 1 min from there are posted.',
        text: '0:20.5',
        maxLength: 40,
      },
    ]);
  });

  it.each([
    ['soon', '“soon” is no moment that Nod understands. Write it like “1:05” or “65 s”.'],
    ['1:30', 'The video runs 1 min 30 s, so it has ended by 1:30. Name an earlier moment.'],
    ['2 h', 'The video runs 1 min 30 s, so it has ended by 2:00:00. Name an earlier moment.'],
  ])('answers “%s” with a sentence, and changes nothing', async (text, sentence) => {
    const { world, answer, said, read } = await startDraft();
    await using _ = world;
    const before = await read();
    await answer('trim:draft', text);
    expect(said().at(-1)).toBe(sentence);
    expect(await read()).toEqual(before);
  });
});

describe('the cover', () => {
  it('is the picture that was tapped, or the moment that was named', async () => {
    const { world, press, answer, said, read } = await startDraft();
    await using _ = world;
    await press('frame', '30000');
    expect((await read()).coverMoment).toMatchObject({ ms: 30_000 });
    await press('frame_at');
    expect(said().at(-1)).toBe('Ana, reply to this with the moment that shall be the cover, like 0:07.');
    await answer('cover_moment:draft', '7,5 s');
    expect((await read()).coverMoment).toMatchObject({ ms: 7_500 });
  });

  it.each([
    ['90000', 'The video runs 1 min 30 s, so it has ended by 1:30. Name an earlier moment.'],
    ['-1', OLD_BUTTON],
    ['1e3', OLD_BUTTON],
    ['', OLD_BUTTON],
  ])('is no moment that no picture has: %s', async (argument, sentence) => {
    const { world, press, read } = await startDraft();
    await using _ = world;
    const before = await read();
    expect(await press('frame', argument)).toBe(sentence);
    expect((await read()).coverMoment).toEqual(before.coverMoment);
  });
});
