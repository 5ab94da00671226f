import { createHash } from 'node:crypto';
import { isReplaced, type MessageEdit } from '../../core/compose/draft.ts';
import { withEditedText } from '../../core/compose/typed-texts.ts';
import type { Person } from '../../core/people.ts';
import { plainCaption } from '../../core/plain-text.ts';
import { isSettled, type Post } from '../../core/publish/post.ts';
import { readVotes } from '../../core/publish/posts.ts';
import { applies, checkApplies, nowOf } from '../../core/publish/verbs.ts';
import type { Ballots } from '../../core/review/ballots.ts';
import type { Store, Versioned } from '../../core/storage/database.ts';
import { postButton } from '../buttons.ts';
import type { Sender } from '../cards/send.ts';
import { buttonRow, type Card, type ChatEvent, type Line, type MessageRef } from '../platform.ts';
import { countOf } from '../text/format.ts';
import { note } from '../text/messages.ts';
import { notNowText } from '../text/not-now.ts';

/** The caption that an author would like a post to have instead; nothing has changed yet. */
export interface ProposedCaption extends Versioned {
  readonly text: string;
}

/** Offers authors to change the caption of what they have submitted, and says what that does to its approvals. */
export function createCaptionChanges({
  proposals,
  ballots,
  sender,
}: {
  /** By post and person. */
  proposals: Store<ProposedCaption>;
  ballots: Ballots;
  sender: Sender;
}) {
  /** Offers another caption for a post; it changes when its author presses the button. */
  async function offer(event: ChatEvent, post: Post, text: string): Promise<void> {
    checkApplies('edit', post);
    await say(event, await proposeCard(post, event.person, { text, because: 'answer' }));
  }

  /** Tells the author of a post that it is as it was before a message was edited; says nothing where nothing differs. */
  async function tellOfEdit(event: ChatEvent, post: Post, edit: MessageEdit): Promise<void> {
    const message: MessageRef = { chat: event.chat, id: edit.messageId };
    const { content, messages = [] } = post;
    const typed = { messageId: edit.messageId, order: 0, text: edit.text };
    const { caption: text } = withEditedText({ caption: content.caption, typed: messages }, typed);
    const isOther = messages.some(({ messageId, file }) => {
      const next = edit.files?.find(({ id }) => id === messageId);
      return file !== undefined && next !== undefined && isReplaced(file, next);
    });
    if (text !== content.caption)
      await say(
        event,
        applies('edit', post)
          ? await proposeCard(post, event.person, { text, because: 'edit' })
          : note(EDITED, lateText(post)),
        message,
      );
    else if (isOther) await say(event, replacedCard(post), message);
  }

  async function proposeCard(
    post: Post,
    { id }: Person,
    { text, because }: { text: string; because: 'answer' | 'edit' },
  ): Promise<Card> {
    const caption = plainCaption(text);
    await proposals.upsert(keyOf(post, id), () => ({ text: caption }));
    const votes = await readVotes(ballots, post);
    const approvals = votes.filter(({ mark }) => mark === 'approve').length;
    return changeCard(post, { caption, because, approvals });
  }

  /** Takes the caption that a button offers; undefined where a later one was offered since. */
  async function take(post: Post, { id }: Person, key: string): Promise<string | undefined> {
    checkApplies('edit', post);
    const proposed = await proposals.get(keyOf(post, id));
    return proposed !== undefined && textKey(proposed.text) === key ? proposed.text : undefined;
  }

  /** Deletes what was offered for a post. */
  async function forget({ id, author }: Post): Promise<void> {
    await proposals.delete(keyOf({ id }, author.id));
  }

  const say = ({ chat }: ChatEvent, card: Card, replyTo?: MessageRef) => sender.say(chat, card, { replyTo });

  return { offer, tellOfEdit, take, forget };
}

export type CaptionChanges = ReturnType<typeof createCaptionChanges>;

const keyOf = ({ id }: Pick<Post, 'id'>, personId: string): string => `${id} ${personId}`;

/** So that a button takes no other text than the one that stands above it. */
const textKey = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 10);

const EDITED = 'You edited your message after this was submitted: the post still has the old caption.';
export const NEWER_CAPTION = 'You have written another caption since: its button is below.';
export const RECAPTIONED =
  'The post is a draft again, with the new caption. Its card is below; nothing goes out before you submit it.';

/** Offers another caption for a post, and says what becomes of its approvals. */
export function changeCard(
  post: Post,
  { caption, because, approvals }: { caption: string; because: 'answer' | 'edit'; approvals: number },
): Card {
  const heading = because === 'edit' ? EDITED : 'Use this as the caption of the post?';
  const words: Line[] =
    caption === '' ? [[{ text: 'no caption', style: 'italic' }]] : caption.split('\n').map((line) => [line]);
  return {
    lines: [
      [{ text: heading, style: 'bold' }],
      [],
      ...words,
      [],
      [effectText(post, approvals)],
      ['Nothing has changed yet. To keep the caption as it is, do nothing.'],
    ],
    rows: [
      buttonRow({
        ...postButton(post, 'Change the caption', 'recaption', textKey(caption)),
        tone: 'main',
      }),
    ],
  };
}

const lateText = (post: Post): string => notNowText('edit', nowOf(post));

/** What becomes of a post whose caption is changed. */
function effectText(post: Post, approvals: number): string {
  if (isSettled(post)) return 'Nothing of this post is public. It opens as a draft with this caption.';
  const time = post.publishAt === undefined ? '' : ' It keeps its time.';
  if (post.review === undefined)
    return `The post goes back into a draft, and goes out only after you submit it again.${time}`;
  const lost =
    approvals === 0
      ? 'nobody has approved it yet'
      : `its ${countOf(approvals, 'approval')} no longer ${approvals === 1 ? 'counts' : 'count'}`;
  return `The post goes back into a draft: ${lost}, and the team is asked again when you submit it.${time}`;
}

/** Says that a post has the file that was there before, and how the new one gets in. */
export function replacedCard(post: Post): Card {
  const replaced =
    'You replaced the file in your message after this was submitted: the post still has the old one.';
  if (!applies('edit', post)) return note(replaced, lateText(post));
  return {
    lines: [
      [replaced],
      [
        'To use the new one, tap Edit, which takes the post back into a draft, and send the file as a reply to its card.',
      ],
    ],
    rows: [buttonRow(postButton(post, 'Edit', 'edit'))],
  };
}
