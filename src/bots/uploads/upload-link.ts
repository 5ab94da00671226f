import type { Draft } from '../../core/compose/draft.ts';
import type { ChatRef, Person } from '../../core/people.ts';
import type { Uploads } from '../../core/uploads/uploads.ts';
import { askingBy, giveLink, type PersonalLink } from '../accounts/connect-link.ts';
import type { Sender } from '../cards/send.ts';
import { type Bot, buttonRow, type Card, type ChatEventOf } from '../platform.ts';
import { roomOf } from '../text/format.ts';
import { note, privateChatRows } from '../text/messages.ts';

/** What the button on a draft's card is called, and the sentences that name it. */
export const UPLOAD_LABEL = 'Add a big file';

/** Opens a page on which the person who pressed adds big files to their draft, and gives them its link alone. */
export async function giveUploadLink(
  parts: {
    readonly uploads: Pick<Uploads, 'issue' | 'maxBytes'>;
    readonly sender: Sender;
    readonly botFor: (chat: ChatRef) => Bot;
    readonly publicUrl: string;
  },
  event: ChatEventOf<'press'>,
  draft: Draft,
): Promise<void> {
  const token = await parts.uploads.issue(draft, event.person);
  const url = `${parts.publicUrl}/upload/${token}`;
  await giveLink(parts, await askingBy(event), uploadLink(url, parts.uploads.maxBytes));
}

const uploadLink = (url: string, maxBytes: number): PersonalLink => ({
  card: (place) => uploadCard(url, { maxBytes, place }),
  sentCard: ({ name }: Person) =>
    note(`${name}, the link to upload is for you alone: only you see it, here or in our private chat.`),
  forNobodyCard: () =>
    note(
      `The link is for one person alone, and this group itself asked for it. Tap “${UPLOAD_LABEL}” under your own name.`,
    ),
  keptCard: ({ name }, _, startUrl) => ({
    ...note(
      `${name}, the link is for you alone. Open a private chat with me, then tap “${UPLOAD_LABEL}” here again.`,
    ),
    rows: privateChatRows(startUrl),
  }),
  startWith: 'upload',
});

/** The link to the page, which is a secret; `place` is told where the card stands elsewhere. */
export function uploadCard(
  url: string,
  { maxBytes, place }: { maxBytes: number; place?: string | undefined },
): Card {
  const where = place === undefined ? '' : ` in “${place}”`;
  return {
    lines: [
      [
        `Upload files of up to ${roomOf(maxBytes)} for your draft${where} with this link; they join it there.`,
      ],
      ['It is good for one hour, and for as long as something is being uploaded. Give it to nobody.'],
    ],
    rows: [buttonRow({ label: 'Upload', href: url, tone: 'main' })],
  };
}
