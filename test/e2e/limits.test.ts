import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeJpeg } from '../bench/seed.ts';
import { textOf } from '../world.ts';
import { startStage } from './stage.ts';

it('bears somebody who sends a hundred photos, says so once, and takes the next one of somebody else', async () => {
  await using stage = await startStage();
  const { telegram, anaChat, ana, world } = stage;
  for (let number = 0; number < 100; number += 1) {
    await telegram.sendPhoto(anaChat, ana, { bytes: await makeJpeg(number) });
  }
  // What is said in a chat is taken in its order.
  await stage.say('/accounts');
  await stage.card('TikTok accounts here');
  const told = stage.cards().filter((message) => textOf(message).includes('the most one person may have'));
  expect(told.map(textOf)).toEqual([
    'This was not taken: you have 20 open drafts, the most one person may have here. Post or discard some, then send it again; /cancel shows them.',
  ]);

  const ben = telegram.user({ firstName: 'Ben' });
  const benChat = telegram.privateChat(ben);
  await telegram.sendPhoto(benChat, ben, { bytes: await makeJpeg(100) });
  await telegram.waitForMessage(benChat, '1 photo for TikTok');

  const media = join(world.dataDir, 'media');
  const files = await Promise.all((await readdir(media)).map((name) => stat(join(media, name))));
  // Each photo as it came, as TikTok takes it, and on the card.
  expect(files.length).toBeLessThanOrEqual(3 * 21);
});
