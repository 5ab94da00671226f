import { createInterface } from 'node:readline/promises';

interface Step {
  /** Below which address of Nod it happens; absent where it happens in the playground. */
  readonly path?: string;
  readonly shows: string;
}

/** What TikTok wants to see, in the order of `docs/audit.md`. */
export const FILM: readonly Step[] = [
  { path: '/', shows: 'The start page, then Privacy and Terms at its end.' },
  {
    shows:
      'As Ana in Telegram: write /connect to the bot, open its link, Continue to TikTok, allow it, and come back.',
  },
  { shows: 'Send a video to the bot. Once its card is there: “Open as a page”, then “Open the page”.' },
  {
    path: '/compose/…',
    shows:
      '“Open the draft”. From top to bottom: nickname, preview with sound, nothing chosen, the button off.',
  },
  { path: '/compose/…', shows: 'Choose who can see it. Turn on comments, Duet and Stitch.' },
  {
    path: '/compose/…',
    shows:
      'Disclose commercial content: the hint; Your brand and its label; Branded content and its label, “Only me” greyed, both policies. Then off again.',
  },
  {
    path: '/compose/…',
    shows: 'The AI label, the declaration, and the button. Stay until the page says that it is published.',
  },
  { shows: 'The phone in the middle: the post on the profile, with what was chosen.' },
  { shows: 'Two photos to the bot, and their page: a title, a cover, comments alone.' },
  { shows: 'One more file: “To my TikTok inbox”.' },
  { shows: 'Write /disconnect, and tap Disconnect.' },
];

/** Leads through the film that TikTok wants for its audit, a step for each Enter; ends early where there is nobody to press it. */
export async function film({
  playground,
  nod,
  input = process.stdin,
  say,
}: {
  /** The address of the playground. */
  playground: string;
  /** The address of Nod itself, which is that in the picture. */
  nod: string;
  input?: NodeJS.ReadableStream;
  say: (line: string) => void;
}): Promise<void> {
  say(`A rehearsal: the film itself shows your own domain and TikTok’s own pages. Open these in a window
with its address bar in the picture, in this order; Enter goes on.`);
  const lines = createInterface({ input })[Symbol.asyncIterator]();
  for (const [index, { path, shows }] of FILM.entries()) {
    say(`\n${index + 1} of ${FILM.length}  ${path === undefined ? playground : nod + path}\n   ${shows}`);
    if ((await lines.next()).done) return;
  }
  say('\nThat was all of it. What to write beside the film is in docs/audit.md.');
}
