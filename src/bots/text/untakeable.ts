import type { ChatEventOf } from '../platform.ts';

const WORDS: Readonly<Record<ChatEventOf<'untakeable'>['what'], string>> = {
  sticker: 'Nod cannot post a sticker. Send a photo or a video.',
  sound: 'Nod cannot post a sound alone. Put it under a video, and send that.',
  place: 'Nod cannot post a place. Send a photo or a video, and name the place in its caption.',
  contact: 'Nod cannot post a contact. Send a photo or a video, and name people in its caption.',
  poll: 'Nod cannot post a poll. Send a photo or a video, and ask in its caption.',
  story: 'Nod cannot open a story. Save its photo or video, and send that.',
  other: 'Nod cannot post this. Send a photo, an album or a video.',
};

/** What to do instead with something that is neither media nor text. */
export const untakeableText = (what: ChatEventOf<'untakeable'>['what']): string => WORDS[what];

/** What is said with a link that nothing is fetched from: it may have been meant as a caption. */
export const linkAsCaption =
  'To have a link as the caption, tap “Edit caption” on the card of a draft, then send the link.';
