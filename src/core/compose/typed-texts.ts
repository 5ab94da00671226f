import { plainCaption } from '../plain-text.ts';
import type { TypedText } from '../publish/post.ts';

/** What a text in the chat has changed about a draft, for its card to say. */
export type DraftNotice =
  /** The caption follows a message that was edited. */
  | { readonly type: 'caption_followed' }
  /** The text of a message is not in the caption, which was chosen otherwise. */
  | { readonly type: 'text_left_out'; readonly text: string }
  | { readonly type: 'file_replaced'; readonly name: string }
  /** The message does not show it any more. */
  | { readonly type: 'file_gone'; readonly name: string };

/** A caption and the texts that it comes from; none of them is used where it was chosen on the card. */
export interface Captioned {
  readonly caption: string;
  readonly typed?: readonly TypedText[] | undefined;
  readonly notices?: readonly DraftNotice[] | undefined;
}

/** The order of an answer, which stands before the texts of files. */
const ANSWERED = 0;

/** The texts that a caption was joined from, where these are several. */
export function joinedTexts({ typed = [] }: Pick<Captioned, 'typed'>): readonly TypedText[] {
  const joined = distinct(typed.filter(({ use }) => use === 'joined'));
  return joined.length > 1 ? joined : [];
}

/** Whether the texts of more messages join the caption: it is empty, or comes from such texts. */
export const takesTexts = ({ caption, typed = [] }: Captioned): boolean =>
  caption === '' || typed.some(({ use }) => use === 'joined');

/** Takes the text that came with a file: joined with those of others, unless the caption was chosen otherwise. */
export function withFileText<T extends Captioned>(draft: T, given: Omit<TypedText, 'use'>): T {
  const { caption, typed = [], notices = [] } = draft;
  const text = plainCaption(given.text);
  if (text === '' || typed.some(({ messageId }) => messageId === given.messageId)) return draft;
  if (takesTexts(draft)) return captioned(draft, [...typed, { ...given, text, use: 'joined' }]);
  const isSaid = text === caption || typed.some((known) => known.text === text);
  return {
    ...draft,
    typed: [...typed, { ...given, text, use: 'left_out' }],
    notices: isSaid ? notices : [...notices, { type: 'text_left_out', text }],
  };
}

/** Takes a text as the whole caption; without a message to follow, it was chosen on the card. */
export function withAnswer<T extends Captioned>(draft: T, text: string, messageId?: string): T {
  const { typed = [] } = draft;
  // Only the last answer is kept: there may be any number of them.
  const others = typed
    .filter(({ order }) => order !== ANSWERED)
    .map((known): TypedText => ({ ...known, use: 'left_out' }));
  const answer: TypedText[] =
    messageId === undefined ? [] : [{ messageId, order: ANSWERED, text: plainCaption(text), use: 'alone' }];
  return { ...draft, caption: plainCaption(text), typed: [...others, ...answer], notices: undefined };
}

/** Takes the text that a message has after an edit; the same draft where that changes nothing. */
export function withEditedText<T extends Captioned>(draft: T, edited: Omit<TypedText, 'use'>): T {
  const { typed = [] } = draft;
  const text = plainCaption(edited.text);
  const known = typed.find(({ messageId }) => messageId === edited.messageId);
  // Until version 0.1 nobody wrote down where a caption came from.
  if (known === undefined && text === draft.caption) return draft;
  if (known === undefined) {
    const next = withFileText(draft, edited);
    return next.caption === draft.caption ? next : { ...next, notices: [{ type: 'caption_followed' }] };
  }
  if (known.text === text) return draft;
  const changed = typed.map((one) => (one === known ? { ...one, text } : one));
  if (known.use === 'left_out')
    return { ...draft, typed: changed, notices: text === '' ? undefined : [{ type: 'text_left_out', text }] };
  return { ...captioned(draft, changed), notices: [{ type: 'caption_followed' }] };
}

function captioned<T extends Captioned>(draft: T, texts: readonly TypedText[]): T {
  const typed = texts.toSorted((a, b) => a.order - b.order);
  const used = distinct(typed.filter(({ use }) => use !== 'left_out'));
  return { ...draft, typed, caption: used.map(({ text }) => text).join('\n') };
}

/** An album may have the same words on each of its items. */
function distinct(texts: readonly TypedText[]): TypedText[] {
  const said = texts.filter(({ text }) => text !== '');
  return said.filter(({ text }, index) => said.findIndex((other) => other.text === text) === index);
}
