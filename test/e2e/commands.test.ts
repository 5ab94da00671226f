import { expect, it } from 'vitest';
import { buttonsOf, connectAccount, textOf } from '../world.ts';
import { LINK, startStage } from './stage.ts';

it('explains itself', async () => {
  await using stage = await startStage({ connect: false });
  await stage.say('/start');
  expect(textOf(await stage.card('Nod posts to TikTok'))).toContain(
    '1. Connect a TikTok account with /connect.',
  );
  await stage.say('/help');
  expect(textOf(await stage.card('/posts'))).toContain('1 to 35 photos');
  await stage.say('/nonsense');
  await stage.card('There is no /nonsense. /help shows what there is.');
});

it('lists posts with status and link', async () => {
  await using stage = await startStage();
  await stage.say('/posts');
  await stage.card('Nothing was posted from here yet.');
  await stage.sendFile('phone.jpg', { caption: 'Dawn' });
  const draft = await stage.draft();
  await stage.post(draft);
  await stage.shows(draft, LINK);
  await stage.say('/posts');
  const list = await stage.card(
    ({ message_id, text = '' }) => message_id > draft.message_id && /^Dawn/.test(text),
  );
  expect(textOf(list)).toMatch(/^Dawn {2}(just now|\d+ s ago)\n✓ live · Studio Ana/);
  expect(textOf(list)).toMatch(LINK);
});

it('lists and cancels what is under way', async () => {
  await using stage = await startStage({ tiktok: { pull: { slowBytesPerSecond: 5_000 } } });
  await stage.say('/cancel');
  await stage.card('Nothing is under way.');
  await stage.sendFile('demo/beach.png', { caption: 'On its way' });
  const draft = await stage.draft('On its way');
  await stage.post(draft);
  await stage.shows(draft, 'TikTok has it');
  await stage.sendFile('phone.jpg', { caption: 'Still a draft' });
  const second = await stage.draft('Still a draft');
  await stage.say('/cancel');
  const list = await stage.card('What do you want to cancel?');
  expect(buttonsOf(list)).toEqual(['Discard draft 1: Still a draft', 'Cancel post 2: On its way']);
  await stage.tap(list, /^Cancel post/);
  await stage.shows(draft, /^Cancelled/);
  expect(await stage.tap(list, /^Discard draft/)).toMatchObject({ text: 'Discarded.' });
  expect(buttonsOf(await stage.shows(second, 'Discarded. Nothing was posted.'))).toEqual([]);
  expect(await stage.tap(list, /^Discard draft/)).toMatchObject({
    text: expect.stringContaining('no longer open'),
  });
});

it('names the accounts and disconnects one that is idle', async () => {
  await using stage = await startStage();
  await stage.say('/accounts');
  await stage.card('Studio Ana  connected by Ana');
  await stage.sendFile('phone.jpg');
  const draft = await stage.draft('Who can see it?');
  await stage.say('/disconnect');
  const list = await stage.card('Which account should Nod forget?');
  await stage.tap(list, /^Disconnect/);
  await stage.shows(list, 'Studio Ana (@studio.ana) is disconnected.');
  await stage.shows(draft, 'No TikTok account is connected here.');
  expect(stage.tiktok.state.tokens.filter(({ revoked }) => !revoked)).toEqual([]);
  await connectAccount(stage.world);
  await stage.post(await stage.shows(draft, 'Who can see it?'));
  await stage.shows(draft, LINK);
});

it('does not disconnect an account with posts on the way', async () => {
  await using stage = await startStage({ tiktok: { pull: { slowBytesPerSecond: 20_000 } } });
  await stage.sendFile('demo/beach.png');
  const draft = await stage.draft();
  await stage.post(draft);
  await stage.shows(draft, 'TikTok has it');
  await stage.say('/disconnect');
  const list = await stage.card('Which account should Nod forget?');
  expect(await stage.tap(list, /^Disconnect/)).toMatchObject({
    text: expect.stringContaining('still on the way'),
  });
  await stage.shows(draft, LINK);
  await stage.tap(list, /^Disconnect/);
  await stage.shows(list, 'Studio Ana (@studio.ana) is disconnected.');
});

it('lets a person choose between two accounts', async () => {
  await using stage = await startStage();
  stage.tiktok.seedCreator({ username: 'second.ana', nickname: 'Second', private: true });
  await connectAccount(stage.world, { creator: 'second.ana' });
  await stage.sendFile('phone.jpg');
  const draft = await stage.draft('Choose the TikTok account.');
  expect(buttonsOf(draft)).toEqual(expect.arrayContaining(['Studio Ana', 'Second']));
  const first = await stage.choose(draft, 'Studio Ana', 'Studio Ana (@studio.ana)');
  expect(buttonsOf(first)).toContain('Everyone');
  await stage.choose(draft, 'Everyone', 'Who can see it?  Everyone');
  await stage.choose(draft, 'Other account', (message) => buttonsOf(message).includes('Back'));
  const other = await stage.choose(draft, 'Second', 'Second (@second.ana)');
  expect(textOf(other)).toContain('Who can see it?  choose one');
  await stage.choose(draft, 'Followers', 'Who can see it?  Followers');
  await stage.tap(draft, 'Post now');
  await stage.shows(draft, 'Visible to: Followers');
  expect(stage.tiktok.state.publishes).toMatchObject([{ creator: 'second.ana' }]);
});

it('discards a draft, which cannot be posted any more', async () => {
  await using stage = await startStage();
  await stage.sendFile('phone.jpg');
  const draft = await stage.draft();
  const discarded = await stage.choose(draft, 'Discard', 'Discarded. Nothing was posted.');
  expect(buttonsOf(discarded)).toEqual([]);
  await stage.say('Too late', draft);
  await stage.card('This draft is no longer open. Send the media again to start over.');
});

it('leaves a post alone that is discarded from a list of before', async () => {
  await using stage = await startStage();
  await stage.sendFile('phone.jpg', { caption: 'Mine' });
  const draft = await stage.draft('Mine');
  await stage.say('/cancel');
  const list = await stage.card('What do you want to cancel?');
  await stage.post(draft);
  expect(await stage.tap(list, /^Discard draft/)).toMatchObject({
    text: expect.stringMatching(/^(This is on its way already\.|It is live already)/),
  });
  await stage.shows(draft, LINK);
});
