import { describe, expect, it } from 'vitest';
import { draftCard } from '../../../src/bots/compose/draft-card.ts';
import { type FileMenu, fileMenu } from '../../../src/bots/compose/photo-menu.ts';
import { renderCard as renderOnDiscord } from '../../../src/bots/discord/render.ts';
import type { Card } from '../../../src/bots/platform.ts';
import { renderCard as renderOnTelegram } from '../../../src/bots/telegram/render.ts';
import type { ChatRef } from '../../../src/core/people.ts';
import { defaultPolicy } from '../../../src/core/review/review.ts';
import { draftWith, photo, pressesOf, printed } from '../cards/subjects.ts';

const picture = { key: 'key', sha256: 'ab', bytes: 9 };

/** The card of a draft of so many photos, in which one of them or all are open. */
function cardOf(count: number, { chat = 'telegram:1', menu = 'files' as FileMenu, coverFileId = '2' } = {}) {
  const files = Array.from({ length: count }, (_, index) => ({
    ...photo(index + 1),
    name: `IMG_20261126_1130${index + 10}.jpg`,
  }));
  return draftCard({
    draft: draftWith({ id: 'x'.repeat(14), chat: chat as ChatRef, files, coverFileId, preview: picture }),
    accounts: [],
    pictureOf: ({ key }) => ({ type: 'picture', key, path: 'path' }),
    policy: defaultPolicy({ isPrivate: true }),
    timeZone: 'UTC',
    now: 0,
    menu,
  });
}

const opened = (card: Card) => new Set(pressesOf(card).filter((press) => press.includes(':file:')));

describe('the menu of photos', () => {
  it('has a number for each, the cover marked', () => {
    expect(printed(cardOf(3))).toBe(`3 photos for TikTok · Studio Ana (@studio.ana)

1  IMG_20261126_113010.jpg
2  IMG_20261126_113011.jpg  ★ cover
3  IMG_20261126_113012.jpg

Choose a photo to move it, to make it the cover or to leave it out.
[1] [2 ★] [3]
[Back]`);
  });

  it('opens one of them with what can be done about it', () => {
    expect(printed(cardOf(3, { menu: { fileId: '3' } }))).toBe(`3 photos for TikTok · Studio Ana (@studio.ana)

1  IMG_20261126_113010.jpg
2  IMG_20261126_113011.jpg  ★ cover
3  IMG_20261126_113012.jpg

Photo 3 of 3  IMG_20261126_113012.jpg
[First] [Earlier] [Later] [Last]
[Make it the cover]
[Leave out]
[Back]`);
    expect(printed(cardOf(3, { menu: { fileId: '2' } }))).toContain('\n[★ cover]\n');
  });

  it.each([2, 25, 26, 35])('of %i has all of them on a card of Discord’s', (count) => {
    const card = cardOf(count, { chat: 'discord:1' });
    expect(opened(card).size).toBe(count);
    const [container] = renderOnDiscord(card);
    const sent = JSON.stringify(container);
    for (const press of [...opened(card), `d:${'x'.repeat(14)}:back`]) expect(sent).toContain(`"${press}"`);
    expect(sent).toContain(`${count}  IMG_20261126`);
    const components = container.components.flatMap((one): unknown[] =>
      'components' in one ? one.components : [],
    );
    expect(components.length + container.components.length + 1).toBeLessThanOrEqual(40);
  });

  it.each([2, 35])('of %i has all of them below a picture of Telegram’s', (count) => {
    const card = cardOf(count);
    expect(opened(card).size).toBe(count);
    const { text, keyboard } = renderOnTelegram(card, 1024);
    expect(keyboard?.inline_keyboard.flat()).toHaveLength(count + 1);
    expect(text).not.toContain('\n…\n');
    for (let number = 1; number <= count; number += 1) expect(text).toContain(`\n${number}  IMG_2026`);
    expect(text).toContain('★ cover');
  });

  it.each([
    [9, '9', 'key'],
    [10, '8', 'key'],
    [10, '9', '412000.bin'],
    [35, '35', '412000.bin'],
  ])('of %i shows photo %s itself where the picture of all only counts it: %s', (count, fileId, key) => {
    expect(cardOf(count, { menu: { fileId } }).attachment).toMatchObject({ type: 'picture', key });
  });

  it('is over once there is one photo left', () => {
    expect(fileMenu(draftWith({ files: [photo(1)] }), 'files')).toBeUndefined();
  });
});
