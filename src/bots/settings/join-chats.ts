import type { JoinCodes } from '../../core/accounts/join-codes.ts';
import type { Place, Workspaces } from '../../core/accounts/workspaces.ts';
import type { DraftRefresh } from '../../core/compose/drafts.ts';
import type { Recorder } from '../../core/history/record-post.ts';
import type { Person } from '../../core/people.ts';
import { UserError } from '../../core/problems.ts';
import { awaitsAccount, type Post } from '../../core/publish/post.ts';
import { eachUnderWay } from '../../core/publish/posts.ts';
import type { Store } from '../../core/storage/database.ts';
import { settingKey } from '../buttons.ts';
import type { Sender } from '../cards/send.ts';
import type { Bot, ChatEvent, ChatEventOf } from '../platform.ts';
import { placeName } from '../text/format.ts';
import {
  codeCard,
  codeNote,
  joinedCard,
  joinedNews,
  separatedNews,
  separatedNote,
  TOLD_ALONE,
} from './settings-card.ts';

type Asking = Pick<ChatEvent, 'chat' | 'workspace' | 'isPrivate' | 'person' | 'reply'>;

/** Lets two chats share accounts and reviews, and parts them again. Whoever asks has been checked before. */
export function createJoinChats({
  posts,
  workspaces,
  joins,
  recorder,
  draftRefresh,
  sender,
  touch,
  wake,
  botFor,
}: {
  posts: Store<Post>;
  workspaces: Workspaces;
  joins: JoinCodes;
  recorder: Recorder;
  draftRefresh: DraftRefresh;
  sender: Sender;
  /** Shows what has changed about the post. */
  touch: (post: Post) => void;
  wake: (postId: string) => Promise<void>;
  botFor: (chat: string) => Bot;
}) {
  /**
   * Shows a fresh code to nobody but the presser, because whoever has it can join a chat of theirs.
   *
   * @throws UserError `join_private` `not_root`
   */
  async function invite(event: ChatEventOf<'press'>): Promise<void> {
    const { workspace, person, message, chat, isPrivate } = event;
    if (isPrivate) throw new UserError({ code: 'join_private' });
    const [root] = await workspaces.placesOf(workspace);
    if (root !== undefined && root.id !== workspace)
      throw new UserError({ code: 'not_root', root: placeName(root) });
    const { code } = await joins.issue({ workspace, chat, person });
    if (message.isPrivate === true) {
      await event.answer();
      await sender.sayInstead(message, codeCard(code, { back: true }));
    } else if (event.openPrivately !== undefined) {
      await sender.sayInstead(await event.openPrivately(), codeCard(code, { back: false }));
    } else {
      const isTold = await botFor(chat).tellPrivately(message, person, codeCard(code, { back: false }));
      await event.answer(isTold ? TOLD_ALONE : codeNote(code));
    }
  }

  /** @throws UserError `code_unknown` `too_many_codes` `join_itself` `already_joined` `join_private` */
  async function join(event: Asking, code: string): Promise<void> {
    const { workspace, chat, isPrivate, person } = event;
    // What cannot be joined anyway leaves the code unused.
    if (isPrivate) throw new UserError({ code: 'join_private' });
    if ((await workspaces.idsOf(workspace)).length > 1) throw new UserError({ code: 'already_joined' });
    const offer = await joins.redeem(code, { place: workspace });
    // Since it was made, its chat may have joined another one, which has not asked for anybody.
    if ((await workspaces.rootOf(offer.workspace)) !== offer.workspace)
      throw new UserError({ code: 'code_unknown' });
    await workspaces.join(workspace, chat, offer.workspace);
    const places = await workspaces.placesOf(workspace);
    await lookAgain(({ workspace: place }) => places.some(({ id }) => id === place));
    const accounts = (await workspaces.openIdsOf(workspace)).length;
    const { own, others } = split(places, workspace);
    const detail = [own, places[0]].map((place) => (place ? placeName(place) : '')).join(' with ');
    await recorder.note({ place: workspace, person, what: 'joined', detail });
    await sender.answer(event, joinedCard({ places, accounts }));
    for (const other of others) sender.tell(other.chat, joinedNews({ person, places, accounts }));
  }

  /** Parts a place from the one that it has joined, asked from either of the two; says what became of it. */
  async function separate(
    { workspace, person }: Pick<Asking, 'workspace' | 'person'>,
    key: string,
  ): Promise<string | undefined> {
    const [root, ...parts] = await workspaces.placesOf(workspace);
    const part = parts.find((place) => settingKey(place) === key);
    if (root === undefined || part === undefined) return undefined;
    if (workspace !== part.id && workspace !== root.id) return undefined;
    await separateTwo(part, root, { workspace, person });
    return separatedNote(part, root);
  }

  /** Ends all that a place shares; those with whom it shared are told. */
  async function separateAll(workspace: string, person: Person): Promise<void> {
    const [root, ...parts] = await workspaces.placesOf(workspace);
    if (root === undefined) return;
    for (const part of parts)
      if (workspace === part.id || workspace === root.id)
        await separateTwo(part, root, { workspace, person });
  }

  async function separateTwo(
    part: Place,
    root: Place,
    { workspace, person }: Pick<Asking, 'workspace' | 'person'>,
  ): Promise<void> {
    await workspaces.separate(part.id);
    for (const { id } of [part, root])
      await draftRefresh.refreshIn(id, ({ account }) => account !== undefined);
    const detail = `${placeName(part)} from ${placeName(root)}`;
    // From now on neither of them sees the history of the other, nor its reviews.
    for (const { id } of [part, root]) await recorder.note({ place: id, person, what: 'separated', detail });
    const isTheirs = ({ workspace: place }: Post) => place === part.id || place === root.id;
    await lookAgain((post) => isTheirs(post) || post.review?.places.includes(part.id) === true);
    const other = workspace === part.id ? root : part;
    sender.tell(other.chat, separatedNews(part, root, person));
  }

  /** Shows posts whose place has other accounts now; those that waited for one go on. */
  async function lookAgain(isMeant: (post: Post) => boolean): Promise<void> {
    for await (const post of eachUnderWay(posts)) {
      if (!isMeant(post)) continue;
      if (awaitsAccount(post)) void wake(post.id);
      touch(post);
    }
  }

  return { invite, join, separate, separateAll };
}

export type JoinChats = ReturnType<typeof createJoinChats>;

const split = (places: readonly Place[], workspace: string) => ({
  own: places.find(({ id }) => id === workspace),
  others: places.filter(({ id }) => id !== workspace),
});
