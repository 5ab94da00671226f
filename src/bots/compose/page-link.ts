import type { Draft } from '../../core/compose/draft.ts';
import type { ComposePages } from '../../core/compose/page/compose-pages.ts';
import type { ChatRef, Person } from '../../core/people.ts';
import { askingBy, giveLink, type PersonalLink } from '../accounts/connect-link.ts';
import type { Sender } from '../cards/send.ts';
import { type Bot, buttonRow, type Card, type ChatEventOf } from '../platform.ts';
import { note, privateChatRows } from '../text/messages.ts';

/** What the button on a draft's card is called, and the sentences that name it. */
export const PAGE_LABEL = 'Open as a page';

/** Opens a page on which the person who pressed composes their draft, and gives them its link alone. */
export async function givePageLink(
  parts: {
    readonly sender: Sender;
    readonly botFor: (chat: ChatRef) => Bot;
    readonly publicUrl: string;
    readonly composePages: Pick<ComposePages, 'issue'>;
  },
  event: ChatEventOf<'press'>,
  draft: Draft,
): Promise<void> {
  const token = await parts.composePages.issue(draft, event.person);
  await giveLink(parts, await askingBy(event), pageLink(`${parts.publicUrl}/compose/${token}`));
}

const pageLink = (url: string): PersonalLink => ({
  card: (place) => pageCard(url, place),
  sentCard: ({ name }: Person) =>
    note(`${name}, the link to the page is for you alone: only you see it, here or in our private chat.`),
  forNobodyCard: () =>
    note(
      `The link is for one person alone, and this group itself asked for it. Tap “${PAGE_LABEL}” under your own name.`,
    ),
  keptCard: ({ name }, _, startUrl) => ({
    ...note(
      `${name}, the link is for you alone. Open a private chat with me, then tap “${PAGE_LABEL}” here again.`,
    ),
    rows: privateChatRows(startUrl),
  }),
  startWith: 'page',
});

/** The link to the page, which is a secret; `place` is told where the card stands elsewhere. */
function pageCard(url: string, place?: string): Card {
  const where = place === undefined ? '' : ` in “${place}”`;
  return {
    lines: [
      [
        `Compose your draft${where} on a page: it shows the post as TikTok would, and what you choose there is on the card at once.`,
      ],
      ['The link is good for one hour, in the browser that opens it first. Give it to nobody.'],
    ],
    rows: [buttonRow({ label: 'Open the page', href: url, tone: 'main' })],
  };
}
