import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/core/compose/choices.ts';
import { withAnswer, withEditedText, withFileText } from '../../../src/core/compose/typed-texts.ts';
import { createComposingWorld, isReady } from '../composing.ts';
import { draftWith } from '../drafts.ts';
import { ANA } from '../posts.ts';

const EMPTY = draftWith({ caption: '' });
const text = (messageId: string, words: string) => ({ messageId, order: Number(messageId), text: words });

describe('the caption of a draft', () => {
  it('loses the text of a message that has none any more', () => {
    const joined = withFileText(withFileText(EMPTY, text('1', 'One')), text('2', 'Two'));
    const less = withEditedText(joined, text('1', ''));
    expect(less).toMatchObject({ caption: 'Two', notices: [{ type: 'caption_followed' }] });
    expect(withEditedText(less, text('1', 'One again'))).toMatchObject({ caption: 'One again\nTwo' });
  });

  it('takes no text of a file in that comes after an answer, and names it', () => {
    const answered = withAnswer(withFileText(EMPTY, text('1', 'One')), 'The answer', '9');
    const late = withFileText(answered, text('2', 'Two'));
    expect(late).toMatchObject({
      caption: 'The answer',
      notices: [{ type: 'text_left_out', text: 'Two' }],
    });
    expect(withFileText(late, text('2', 'Two'))).toBe(late);
    expect(withEditedText(late, text('9', 'Another answer'))).toMatchObject({ caption: 'Another answer' });
  });

  it('stays as it is where nobody knows what a message had before', () => {
    const old = draftWith({ caption: 'Hello' });
    expect(withEditedText(old, text('1', ' Hello '))).toBe(old);
    expect(withEditedText(old, text('1', 'Bye'))).toMatchObject({
      caption: 'Hello',
      notices: [{ type: 'text_left_out', text: 'Bye' }],
    });
  });

  it('reads in the order in which it is written, after an edit as well', () => {
    const draft = withFileText(EMPTY, text('1', 'One'));
    expect(withEditedText(draft, text('1', '\u202Eyub\u202C now'))).toMatchObject({ caption: 'yub now' });
  });

  it('is said to follow a message until something else is chosen', () => {
    const edited = withEditedText(withFileText(EMPTY, text('1', 'One')), text('1', 'Two'));
    expect(decide(edited, { type: 'disclosing' })).not.toHaveProperty('notices');
  });
});

describe('a file that takes the place of another one', () => {
  it('is what is posted, although the first one arrives later', async () => {
    await using chat = await createComposingWorld();
    const { composer, drafts, whenDraft, stop } = chat.openComposer();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const first = await chat.photo('1');
    const open = chat.chat.get('ref-1');
    if (open === undefined) throw new Error('The chat has the file.');
    chat.chat.set('ref-1', async (turn) => {
      await released;
      return open(turn);
    });
    const id = (await composer.offer(first))?.id ?? '';
    const { file } = await chat.photo('2');
    const changed = await composer.edit(id, ANA, { messageId: '1', text: '', files: [{ ...file, id: '1' }] });
    expect(changed).toBe(true);
    const ready = await whenDraft(id, isReady);
    release();
    await stop();
    expect(ready.files).toMatchObject([{ id: '1', order: 1, ref: 'ref-2', name: '2.png' }]);
    expect((await drafts.get(id))?.files).toMatchObject([{ ref: 'ref-2', state: 'ready' }]);
  });

  it('counts once towards what a person may have at a time', async () => {
    await using chat = await createComposingWorld({ limits: { person: { files: 1 } } });
    const { composer, drafts } = chat.openComposer();
    const first = await chat.photo('1');
    chat.chat.set('ref-1', () => new Readable({ read() {} }));
    const id = (await composer.offer(first))?.id ?? '';
    const { file } = await chat.photo('2');
    await composer.edit(id, ANA, { messageId: '1', text: '', files: [{ ...file, id: '1' }] });
    expect((await drafts.get(id))?.files).not.toMatchObject([{ state: 'refused' }]);
  });
});
