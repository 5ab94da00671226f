import type { Draft } from '../../core/compose/draft.ts';
import type { ChatRef, Person } from '../../core/people.ts';
import type { RandomIds } from '../../core/storage/random-ids.ts';
import type { Uploads } from '../../core/uploads/uploads.ts';
import { askingBy, giveLink, type PersonalLink } from '../accounts/connect-link.ts';
import type { CardIndex } from '../cards/card-index.ts';
import type { Sender } from '../cards/send.ts';
import { type Bot, buttonRow, type Card, type ChatEventOf } from '../platform.ts';
import { capital, roomOf } from '../text/format.ts';
import { note, privateChatRows } from '../text/messages.ts';
import { wordingOf } from '../text/wording.ts';

/** What the button on a draft's card is called, and the sentences that name it. */
export const UPLOAD_LABEL = 'Add a big file';

interface Parts {
  readonly sender: Sender;
  readonly botFor: (chat: ChatRef) => Bot;
  readonly publicUrl: string;
}

/** Opens a page on which the person who pressed adds big files to their draft, and gives them its link alone. */
export async function giveUploadLink(
  parts: Parts & { readonly uploads: Pick<Uploads, 'issue' | 'maxBytes'> },
  event: ChatEventOf<'press'>,
  draft: Draft,
): Promise<void> {
  const token = await parts.uploads.issue(draft, event.person);
  const link = uploadLink(urlOf(parts, token), {
    maxBytes: parts.uploads.maxBytes,
    isFirst: false,
    again: `tap “${UPLOAD_LABEL}”`,
  });
  await giveLink(parts, await askingBy(event), link);
}

/** Opens a page whose first file begins a draft, and gives its link to the person alone. */
export async function beginByUpload(
  parts: Parts & {
    readonly uploads: Pick<Uploads, 'issueToBegin' | 'maxBytes'>;
    readonly randomIds: Pick<RandomIds, 'forOffer'>;
    readonly cardIndex: Pick<CardIndex, 'adopt'>;
  },
  event: ChatEventOf<'command'>,
): Promise<void> {
  const { uploads, randomIds, cardIndex } = parts;
  const { slash, toFindDraft } = wordingOf(event.chat);
  const draftId = await randomIds.forOffer(event, `upload ${event.id}`);
  const token = await uploads.issueToBegin(draftId, event);
  // What shows the link becomes the card, where its person alone sees both.
  if (event.reply?.isPrivate) await cardIndex.adopt(draftId, event.reply);
  const link = uploadLink(urlOf(parts, token), {
    maxBytes: uploads.maxBytes,
    isFirst: true,
    again: `write ${slash}upload`,
    toFindDraft,
  });
  await giveLink(parts, event, link);
}

const urlOf = ({ publicUrl }: Parts, token: string): string => `${publicUrl}/upload/${token}`;

/** `again`: how to get another link, in the middle of a sentence. */
function uploadLink(
  url: string,
  { again, ...about }: UploadPageFor & { readonly again: string },
): PersonalLink {
  return {
    card: (place) => uploadCard(url, { ...about, place }),
    sentCard: ({ name }: Person) =>
      note(`${name}, the link to upload is for you alone: only you see it, here or in our private chat.`),
    forNobodyCard: () =>
      note(
        `The link is for one person alone, and this group itself asked for it. ${capital(again)} under your own name.`,
      ),
    keptCard: ({ name }, _, startUrl) => ({
      ...note(`${name}, the link is for you alone. Open a private chat with me, then ${again} here again.`),
      rows: privateChatRows(startUrl),
    }),
    startWith: about.isFirst ? 'begin' : 'upload',
  };
}

interface UploadPageFor {
  readonly maxBytes: number;
  /** The first file begins the draft. */
  readonly isFirst: boolean;
  readonly toFindDraft?: string | undefined;
}

/** The link to the page, which is a secret; `place` is told where the card stands elsewhere. */
export function uploadCard(
  url: string,
  { maxBytes, isFirst, toFindDraft, place }: UploadPageFor & { readonly place?: string | undefined },
): Card {
  const where = place === undefined ? '' : ` in “${place}”`;
  const room = roomOf(maxBytes);
  return {
    lines: [
      [
        isFirst
          ? `Upload a video or photos of up to ${room} a file with this link. The first one begins your draft${where}; nothing is posted before you say so on its card.`
          : `Upload files of up to ${room} for your draft${where} with this link; they join it there.`,
      ],
      ['It is good for one hour, and for as long as something is being uploaded. Give it to nobody.'],
      ...(toFindDraft === undefined ? [] : [[toFindDraft]]),
    ],
    rows: [buttonRow({ label: 'Upload', href: url, tone: 'main' })],
  };
}
