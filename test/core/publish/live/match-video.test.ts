import { describe, expect, it } from 'vitest';
import { matchVideo } from '../../../../src/core/publish/live/match-video.ts';
import type { Post } from '../../../../src/core/publish/post.ts';
import { baseWith, contentWith, T0 } from '../../posts.ts';

const ENGLAND = '🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}';
const SCOTLAND = '🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}';

/** Whether a post with this caption is taken for the one in the list that shows this. */
function isTaken(caption: string, shown: string): boolean {
  const content = contentWith({ caption });
  const post = { ...baseWith({ content }), status: 'published', settledAt: T0 } as unknown as Post;
  const video = { id: '7', createdAt: T0, description: shown };
  return matchVideo({ ...post, settledAt: T0 }, [video], { taken: new Set(), rivals: [] })?.id === '7';
}

describe('a caption in the list', () => {
  it.each([
    ['with line breaks made spaces', 'One\n\ntwo\n#three', 'One two #three'],
    ['without marks that turn text around', '\u200Fשלום\u200E #tag', 'שלום #tag'],
    ['without a word joiner or a soft hyphen', 'sun\u2060rise so\u00ADon', 'sunrise soon'],
    ['with an emoji in its other form', 'I ❤️ it', 'I ❤ it'],
    ['of emoji alone', '🌅🌊', '🌅🌊'],
    ['of hashtags alone', '#a #b', '#a #b'],
    ['with letters in full width', 'ＡＢＣ', 'abc'],
    ['that was cut', 'word '.repeat(100), `${'word '.repeat(29)}…`],
  ])('is that of the post %s', (_, caption, shown) => {
    expect(isTaken(caption, shown)).toBe(true);
  });

  it.each([
    ['another flag', ENGLAND, SCOTLAND],
    ['another emoji', '👨‍👩‍👧', '👨👩👧'],
    ['another tone of skin', '👍🏽', '👍🏿'],
    ['one hashtag less', '#a #b', '#a'],
    ['line breaks alone', '\n\n', '\n'],
    ['blanks alone', '\u2800\u2800', '\u2800\u2800'],
    ['nothing that can be seen', '\u3164\u200D', '\u3164\u200D'],
    ['only variation selectors', '\uFE0F', '\uFE0F'],
  ])('is another one with %s', (_, caption, shown) => {
    expect(isTaken(caption, shown)).toBe(false);
  });
});
