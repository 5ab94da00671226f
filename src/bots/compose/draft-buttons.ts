import type { Accounts } from '../../core/accounts/accounts.ts';
import type { Consents } from '../../core/accounts/consent.ts';
import type { Workspaces } from '../../core/accounts/workspaces.ts';
import { type DraftChoice, TOGGLES } from '../../core/compose/choices.ts';
import { captionLimit, chosenAccount, kindOf } from '../../core/compose/draft.ts';
import type { Composer, DraftRefresh } from '../../core/compose/drafts.ts';
import type { ComposePages } from '../../core/compose/page/compose-pages.ts';
import type { Submission } from '../../core/compose/submit.ts';
import type { Recorder } from '../../core/history/record-post.ts';
import { TEXT_LIMITS } from '../../core/media/types.ts';
import type { ChatRef } from '../../core/people.ts';
import { UserError } from '../../core/problems.ts';
import type { Post, PostStatus } from '../../core/publish/post.ts';
import { underWayTo } from '../../core/publish/posts.ts';
import type { Store } from '../../core/storage/database.ts';
import { isPrivacyLevel } from '../../core/tiktok/types.ts';
import type { Uploads } from '../../core/uploads/uploads.ts';
import type { PassedPress } from '../access/guard.ts';
import type { AccessRequests } from '../access/requests.ts';
import type { AccountChats } from '../accounts/account-news.ts';
import { askingBy, inviteToConnect } from '../accounts/connect-link.ts';
import { accountKey, type Press } from '../buttons.ts';
import type { CardIndex } from '../cards/card-index.ts';
import type { CardQueue } from '../cards/card-queue.ts';
import type { Sender } from '../cards/send.ts';
import type { Bot, ChatEventOf } from '../platform.ts';
import type { PostButtons } from '../posts/post-buttons.ts';
import { pageIn, type Queue } from '../posts/queue.ts';
import type { PostSchedule } from '../posts/schedule.ts';
import { encodeQuestionId, type Questions } from '../questions.ts';
import type { SettingsDialogue } from '../settings/settings.ts';
import { accountName } from '../text/format.ts';
import { askTitleText, note, OLD_BUTTON } from '../text/messages.ts';
import { giveUploadLink } from '../uploads/upload-link.ts';
import type { DraftMenu } from './draft-card.ts';
import { givePageLink } from './page-link.ts';
import { fileChoiceOf, fileMenuAfter } from './photo-menu.ts';
import type { VideoChoices } from './video-choices.ts';
import { isVideoMenu } from './video-menu.ts';

type PressEvent = ChatEventOf<'press'>;

/** TikTok may take longer than a button's spinner lasts, so the press is answered before TikTok is asked. */
const ASKING = 'Asking TikTok…';
/** A post in one of these would be lost with the access; all others can wait for a new one. */
const AT_TIKTOK: ReadonlySet<PostStatus> = new Set([
  'preparing',
  'queued',
  'submitting',
  'uploading',
  'processing',
]);

/** Does what a pressed button says; the guard has let it pass. */
export function createButtonPresses({
  composer,
  submission,
  posts,
  draftRefresh,
  uploads,
  composePages,
  accounts,
  workspaces,
  recorder,
  postButtons,
  accountNews,
  schedule,
  videoChoices,
  questions,
  queue,
  settings,
  accessRequests,
  cardQueue,
  cardIndex,
  sender,
  consents,
  publicUrl,
  setMenu,
  botFor,
}: {
  composer: Composer;
  submission: Submission;
  posts: Store<Post>;
  draftRefresh: DraftRefresh;
  uploads: Pick<Uploads, 'issue' | 'maxBytes'>;
  composePages: Pick<ComposePages, 'issue'>;
  accounts: Accounts;
  workspaces: Workspaces;
  recorder: Recorder;
  postButtons: PostButtons;
  accountNews: Pick<AccountChats, 'showPosts'>;
  schedule: PostSchedule;
  videoChoices: VideoChoices;
  questions: Questions;
  queue: Queue;
  settings: SettingsDialogue;
  accessRequests: AccessRequests;
  cardQueue: CardQueue;
  cardIndex: CardIndex;
  sender: Sender;
  consents: Consents;
  publicUrl: string;
  /** Has the card drawn with this menu open, or with none; which one was open before. */
  setMenu: (draftId: string, menu: DraftMenu | undefined) => DraftMenu | undefined;
  botFor: (chat: ChatRef) => Bot;
}) {
  /** @throws UserError when the person has to do something else first. */
  async function press(passed: PassedPress): Promise<void> {
    await pressOn(passed);
    await passed.event.answer();
  }

  async function pressOn(passed: PassedPress): Promise<void> {
    const { event, press } = passed;
    if (press.verb === 'connect') return connect(event);
    switch (passed.on) {
      case 'draft':
        if (passed.draft.isTakenOver) await composer.takeOver(press.id, event.person);
        return pressDraft(event, press);
      case 'post':
        return postButtons.press(passed);
      case 'list':
        return queue.show(event, pageIn(press.argument));
      case 'settings':
        return settings.press(event, press);
      case 'account':
        return pressAccount(event, press);
      case 'access':
        return accessRequests.press(event, press);
    }
  }

  async function connect(event: PressEvent): Promise<void> {
    await inviteToConnect({ consents, sender, botFor, publicUrl }, await askingBy(event));
  }

  async function pressDraft(event: PressEvent, press: Press): Promise<void> {
    const { id, verb } = press;
    // Before what the press changes is drawn; a menu in which a press is refused stays open.
    const before = setMenu(id, verb === 'accounts' || isVideoMenu(verb) ? verb : fileMenuAfter(press));
    try {
      await changeDraft(event, press);
    } catch (error) {
      setMenu(id, before);
      throw error;
    }
    if (verb === 'discard') return;
    // A press has to be answered before its message can be edited everywhere.
    await event.answer();
    // The question about the time zone is a message of its own.
    if (event.isOnMessage && verb !== 'zone') await cardIndex.adopt(id, event.message);
    cardQueue.touch(id, { soon: true, urgent: verb === 'post' || verb === 'inbox' });
  }

  async function changeDraft(event: PressEvent, { id, verb, argument }: Press): Promise<void> {
    const choice = choiceOf(verb, argument);
    if (choice === undefined) return runCommand(event, id, verb, argument);
    await composer.choose(id, event.person, choice);
  }

  async function runCommand(event: PressEvent, id: string, verb: string, argument = ''): Promise<void> {
    const { person } = event;
    switch (verb) {
      case 'post':
        await submission.submit(id, person, 'DIRECT_POST');
        return;
      case 'inbox':
        await submission.submit(id, person, 'MEDIA_UPLOAD');
        return;
      case 'caption':
        return askForCaption(event, id);
      case 'title':
        return askForTitle(event, id);
      case 'when':
        return schedule.askForDraft(event, id);
      case 'zone':
        return schedule.pressZoneForDraft(event, id, argument);
      case 'account':
        return pickAccount(event, id, argument);
      case 'again':
        return askAgain(event, id);
      case 'discard':
        return discard(event, id);
      case 'upload':
        return giveUploadLink({ uploads, sender, botFor, publicUrl }, event, await composer.own(id, person));
      case 'page':
        return givePageLink(
          { composePages, sender, botFor, publicUrl },
          event,
          await composer.own(id, person),
        );
      case 'trim_from':
        return videoChoices.askForStart(event, id);
      case 'frames':
        return videoChoices.openFrames(event, id);
      case 'frame':
        return videoChoices.pressFrame(event, id, argument);
      case 'frame_at':
        return videoChoices.askForCover(event, id);
      case 'files':
      case 'file':
      case 'accounts':
      case 'animations':
      case 'open':
        await composer.own(id, person);
        return;
      case 'back':
        return;
      default:
        return event.answer(OLD_BUTTON);
    }
  }

  async function askAgain(event: PressEvent, id: string): Promise<void> {
    const { workspace } = await composer.own(id, event.person);
    if ((await accounts.list(workspace)).length === 0) throw new UserError({ code: 'no_account' });
    await event.answer(ASKING);
    await composer.refresh(id, event.person);
  }

  async function pickAccount(event: PressEvent, id: string, key: string): Promise<void> {
    const { workspace } = await composer.own(id, event.person);
    const openId = await openIdOf(workspace, key);
    await event.answer(ASKING);
    await composer.pickAccount(id, event.person, openId);
  }

  async function askForCaption(event: PressEvent, id: string): Promise<void> {
    const { person } = event;
    const draft = await composer.own(id, person);
    const maxLength = captionLimit(kindOf(draft) ?? 'photo');
    const question = { subject: id, title: 'Caption', text: draft.caption, maxLength };
    const card = note(`${person.name}, reply to this with the caption.`);
    await questions.ask(event, { question, card, replyTo: await cardIndex.messageOf(id) });
  }

  async function askForTitle(event: PressEvent, id: string): Promise<void> {
    const { person } = event;
    const { title: text = '' } = await composer.own(id, person);
    const subject = encodeQuestionId({ kind: 'title', id });
    const question = { subject, title: 'Title', text, maxLength: TEXT_LIMITS.photoTitle };
    const card = note(askTitleText(person, text));
    await questions.ask(event, { question, card, replyTo: await cardIndex.messageOf(id) });
  }

  async function discard({ person, answer }: PressEvent, id: string): Promise<void> {
    await composer.discard(id, person);
    cardQueue.showInstead(id, note('Discarded. Nothing was posted.'));
    await answer('Discarded.');
  }

  async function pressAccount(event: PressEvent, { id, verb }: Press): Promise<void> {
    if (verb !== 'disconnect') return event.answer(OLD_BUTTON);
    const { workspace, person, message } = event;
    const account = await accounts.get(await openIdOf(workspace, id));
    if (account === undefined) throw new UserError({ code: 'no_account' });
    const busy = await countUnderWay(workspace, account.openId);
    // TikTok ends what is in processing when access is taken back, so posts finish first.
    if (busy > 0) throw new UserError({ code: 'account_busy', username: accountName(account), posts: busy });
    await event.answer(ASKING);
    await accounts.disconnect(workspace, account.openId);
    await recorder.note({
      place: workspace,
      person,
      what: 'account_disconnected',
      account: accountName(account),
    });
    await draftRefresh.refreshIn(workspace, (draft) => chosenAccount(draft)?.openId === account.openId);
    await accountNews.showPosts(account.openId);
    await sender.sayInstead(message, note(`${accountName(account)} is disconnected.`));
  }

  async function openIdOf(workspace: string, key: string): Promise<string> {
    const shared = await accounts.list(workspace);
    const account = shared.find(({ openId }) => accountKey(openId) === key);
    if (account === undefined) throw new UserError({ code: 'no_account' });
    return account.openId;
  }

  async function countUnderWay(workspace: string, openId: string): Promise<number> {
    const sharing = await workspaces.idsOf(workspace);
    const found = await underWayTo(posts, openId);
    return found.filter((post) => sharing.includes(post.workspace) && AT_TIKTOK.has(post.status)).length;
  }

  return { press };
}

export type ButtonPresses = ReturnType<typeof createButtonPresses>;

/** The choice that a button on a draft stands for; undefined when it stands for something else. */
function choiceOf(verb: string, argument = ''): DraftChoice | undefined {
  switch (verb) {
    case 'privacy':
      return isPrivacyLevel(argument) ? { type: 'privacy', privacyLevel: argument } : undefined;
    case 'set': {
      const setting = TOGGLES.find((toggle) => toggle === argument);
      return setting && { type: 'toggle', setting };
    }
    case 'disclose':
      return { type: 'disclosing' };
    case 'photos':
      return { type: 'keep_photos' };
    case 'keep':
      return { type: 'keep_file', fileId: argument };
    case 'drop_refused':
      return { type: 'drop_refused' };
    case 'retry_files':
      return { type: 'retry_files' };
    case 'animate':
    case 'still':
      return { type: 'animation', fileId: argument, asVideo: verb === 'animate' };
    case 'trim':
      return { type: 'trim' };
    case 'whole':
      return { type: 'whole_video' };
    default:
      return fileChoiceOf(verb, argument);
  }
}
