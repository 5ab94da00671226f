import { expect, it } from 'vitest';
import { encodePress } from '../../../src/bots/buttons.ts';
import { likenessOf } from '../../../src/core/publish/post.ts';
import { file } from '../../core/drafts.ts';
import { namedFile } from '../../core/posts.ts';
import { createAccessWorld, GROUP, inPlace, OTHER, PEOPLE } from '../access/world.ts';
import { textOf } from '../paper-bot.ts';

it('names the post of the same on the card of a draft, and none of a place that does not share', async () => {
  await using world = await createAccessWorld();
  const { draft, post, telegram, handle } = world;
  const card = await world.message(GROUP.chat);
  const message = telegram.messages.find(({ ref }) => ref.id === card.id);
  /** What the draft's card shows after the next press on it. */
  async function press(verb: string, argument?: string): Promise<string> {
    const before = message?.versions.length ?? 0;
    const data = encodePress({ on: 'draft', id: 'one', verb, argument });
    const pressed = { message: card, isOnMessage: true, answer: async () => {} };
    await handle({ ...inPlace(GROUP, PEOPLE.ana), type: 'press', press: data, ...pressed });
    return telegram.until(() => {
      const versions = message?.versions ?? [];
      return versions.length > before ? textOf(versions.at(-1)?.card) : undefined;
    });
  }

  const likeness = likenessOf([namedFile('a')], 'Our secret');
  const shown = { likeness, account: { nickname: 'Studio Ana', username: 'studio.ana' } };
  const published = { status: 'published', publishId: 'p1', checks: 0, checkedAt: 0 } as const;
  const settledAt = world.world.now();
  const elsewhere = { workspace: OTHER.workspace, chat: OTHER.chat, review: undefined };
  await post('theirs', { ...published, settledAt, postIds: ['111'] }, { ...shown, ...elsewhere });
  await draft('one', { files: [file('1')] });
  const before = await press('set', 'allowComment');
  expect(before).toContain('1 photo for TikTok');
  expect(before).not.toContain('A post of');

  await post('ours', { ...published, settledAt, postIds: ['222'] }, shown);
  expect(await press('set', 'allowComment')).toContain(
    'A post of Ana’s with the same photo and caption went live on this account just now:\nhttps://www.tiktok.com/@studio.ana/photo/222\n“Ask for approval” goes on all the same.',
  );
});
