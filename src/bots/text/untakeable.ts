import type { ChatEventOf } from '../platform.ts';
import type { Wording } from './wording.ts';

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

/** What to do with a text that is a link and nothing else; undefined for any other text. */
export function linkText(text: string, { slash }: Wording): string | undefined {
  const words = text.trim();
  if (!/^(https?:\/\/|www\.)\S+$/i.test(words)) return undefined;
  const url = URL.parse(words.replace(/^www\./i, 'https://www.'));
  const isTikTok = url !== null && /(^|\.)tiktok\.com$/i.test(url.hostname);
  const asCaption = 'To have the link as a caption, reply with it to the card of a draft.';
  return isTikTok
    ? `Nod cannot post from a link to TikTok. Send the video or the photos themselves; ${slash}posts shows what Nod has posted. ${asCaption}`
    : `Nod does not fetch files from links. Save the photo or video, and send it here. ${asCaption}`;
}
