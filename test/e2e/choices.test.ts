import { expect, it } from 'vitest';
import { buttonsOf, textOf } from '../world.ts';
import { LINK, startStage } from './stage.ts';

it('posts nothing before somebody has chosen who can see it, and says so', async () => {
  await using stage = await startStage();
  await stage.sendFile('phone.jpg');
  const draft = await stage.draft();
  expect(textOf(draft)).toContain('Who can see it?  choose one');
  expect(buttonsOf(draft).filter((label) => label.startsWith('●'))).toEqual([]);
  expect(await stage.tap(draft, 'Post now')).toMatchObject({ text: 'Choose who can see it first.' });
  expect(stage.tiktok.state.publishes).toEqual([]);
  await stage.choose(draft, 'Only me', 'Who can see it?  Only me');
  await stage.tap(draft, 'Post now');
  await stage.shows(draft, 'Visible to: Only me');
  expect(stage.tiktok.state.publishes).toMatchObject([{ postInfo: { privacy_level: 'SELF_ONLY' } }]);
});

it('does not offer what the creator has switched off, and says so in one line', async () => {
  const creator = { commentDisabled: true, duetDisabled: true, stitchDisabled: true };
  await using stage = await startStage({ tiktok: { creator } });
  await stage.sendFile('tiktok-h264.mp4');
  const draft = await stage.draft();
  expect(textOf(draft)).toContain('Comments, Duet and Stitch are off in this account’s settings.');
  expect(textOf(draft)).not.toMatch(/^(Comments|Duet|Stitch) {2}/m);
  expect(buttonsOf(draft).filter((label) => /^(Comments|Duet|Stitch)/.test(label))).toEqual([]);
  await stage.post(draft);
  await stage.shows(draft, LINK);
  expect(stage.tiktok.state.publishes).toMatchObject([
    { postInfo: { disable_comment: true, disable_duet: true, disable_stitch: true } },
  ]);
});

it('offers a private account its followers and not everyone', async () => {
  await using stage = await startStage({ tiktok: { creator: { private: true } } });
  await stage.sendFile('phone.jpg');
  const draft = await stage.draft();
  expect(buttonsOf(draft)).toEqual(expect.arrayContaining(['Followers', 'Friends', 'Only me']));
  expect(buttonsOf(draft)).not.toContain('Everyone');
  await stage.tap(draft, 'Followers');
  await stage.tap(draft, 'Post now');
  await stage.shows(draft, 'Visible to: Followers');
  expect(stage.tiktok.state.publishes).toMatchObject([
    { postInfo: { privacy_level: 'FOLLOWER_OF_CREATOR' } },
  ]);
});

it('brings the choices for a video to TikTok in the fields that it reads', async () => {
  await using stage = await startStage();
  await stage.sendFile('tiktok-h264.mp4', { caption: 'Cut #1' });
  const draft = await stage.draft();
  await stage.choose(draft, 'Comments: off', 'Comments  on');
  await stage.choose(draft, 'Duet: off', 'Duet  on');
  await stage.choose(draft, 'Stitch: off', 'Stitch  on');
  await stage.choose(draft, 'AI label: off', 'AI-generated  yes');
  await stage.choose(draft, 'Disclosure: off', 'choose what it promotes');
  await stage.choose(draft, '☐ Your brand', 'labelled “Promotional content”');
  await stage.post(draft);
  await stage.shows(draft, LINK);
  const [publish] = stage.tiktok.state.publishes;
  expect(publish?.postInfo).toEqual({
    title: 'Cut #1',
    privacy_level: 'PUBLIC_TO_EVERYONE',
    disable_comment: false,
    disable_duet: false,
    disable_stitch: false,
    is_aigc: true,
    brand_organic_toggle: true,
    brand_content_toggle: false,
  });
});

it('brings the AI label of photos to TikTok at the top of the request', async () => {
  await using stage = await startStage();
  await stage.sendFile('phone.jpg');
  const draft = await stage.draft();
  await stage.choose(draft, 'AI label: off', 'AI-generated  yes');
  await stage.choose(draft, 'Comments: off', 'Comments  on');
  await stage.post(draft);
  await stage.shows(draft, LINK);
  const [publish] = stage.tiktok.state.publishes;
  expect(publish).toMatchObject({
    body: { is_aigc: true },
    isAigc: true,
    postInfo: { disable_comment: false },
  });
  expect(publish?.postInfo).not.toHaveProperty('is_aigc');
});

it('does not post an incomplete disclosure, nor branded content for oneself', async () => {
  await using stage = await startStage();
  await stage.sendFile('phone.jpg');
  const draft = await stage.draft();
  await stage.choose(draft, 'Only me', 'Who can see it?  Only me');
  await stage.choose(draft, 'Disclosure: off', 'Say whether it promotes yourself, a third party, or both.');
  expect(await stage.tap(draft, 'Post now')).toMatchObject({ text: expect.stringContaining('promotes') });
  const branded = await stage.choose(draft, '☐ Branded content', 'labelled “Paid partnership”');
  expect(textOf(branded)).toContain('Branded content visibility cannot be set to private.');
  expect(textOf(branded)).toContain('Branded Content Policy and Music Usage Confirmation');
  expect(buttonsOf(branded).filter((label) => label.includes('Only me'))).toEqual([]);
  expect(await stage.tap(draft, 'Post now')).toMatchObject({ text: expect.stringContaining('private') });
  expect(stage.tiktok.state.publishes).toEqual([]);
  await stage.post(draft);
  await stage.shows(draft, LINK);
  expect(stage.tiktok.state.publishes).toMatchObject([
    { postInfo: { brand_content_toggle: true, brand_organic_toggle: false } },
  ]);
});

it('refuses a video that is longer than this creator may post, with both numbers', async () => {
  await using stage = await startStage({ tiktok: { creator: { maxVideoPostDurationSec: 1 } } });
  await stage.sendFile('demo/sunset.mp4');
  const draft = await stage.draft();
  expect(textOf(draft)).toMatch(
    /It runs \d+ s; this account may post up to 1 s\. Trim it, or send a shorter cut\./,
  );
  await stage.tap(draft, 'Everyone');
  expect(await stage.tap(draft, 'Post now')).toMatchObject({ text: expect.stringContaining('shorter cut') });
  await stage.settled();
  expect(stage.tiktok.state.publishes).toEqual([]);
});

it('shows why TikTok lets the creator not post now, and asks again when told to', async () => {
  const creatorInfoRefusal = 'spam_risk_too_many_posts';
  await using stage = await startStage({ tiktok: { creator: { creatorInfoRefusal } } });
  await stage.sendFile('phone.jpg');
  const draft = await stage.draft('cannot post now');
  expect(textOf(draft)).toContain('limit of posts in 24 h');
  expect(buttonsOf(draft)).not.toContain('Everyone');
  expect(await stage.tap(draft, 'Post now')).toMatchObject({
    text: expect.stringContaining('cannot post now'),
  });
  delete stage.tiktok.creator.creatorInfoRefusal;
  await stage.tap(draft, 'Ask TikTok again');
  await stage.post(await stage.shows(draft, (message) => buttonsOf(message).includes('Everyone')));
  await stage.shows(draft, LINK);
});

it('composes on while TikTok does not answer, and asks again when told to', async () => {
  await using stage = await startStage();
  stage.tiktok.fault('drop-request', { endpoint: 'creator_info/query', times: 2 });
  await stage.sendFile('phone.jpg', { caption: 'Patience' });
  const draft = await stage.draft('TikTok does not answer');
  expect(textOf(draft)).toContain('Patience');
  expect(buttonsOf(draft)).not.toContain('Everyone');
  await stage.tap(draft, 'Ask TikTok again');
  await stage.post(await stage.shows(draft, (message) => buttonsOf(message).includes('Everyone')));
  await stage.shows(draft, LINK);
});
