import { expect, it } from 'vitest';
import { buttonsOf, textOf } from '../world.ts';
import { LINK, startStage } from './stage.ts';

it.each(['drop-init-reply', 'init-5xx', 'init-html-200', 'drop-init-request', 'init-internal-error'])(
  'publishes once after %s',
  async (fault) => {
    await using stage = await startStage();
    stage.tiktok.fault(fault);
    await stage.sendFile('phone.jpg');
    const draft = await stage.draft();
    await stage.post(draft);
    await stage.shows(draft, LINK);
    expect(stage.fed()).toHaveLength(1);
    expect(stage.tiktok.state.publishes.filter(({ status }) => status === 'PUBLISH_COMPLETE')).toHaveLength(
      1,
    );
  },
);

it('waits out a 429 of TikTok, says so on the card, and can be cancelled meanwhile', async () => {
  await using stage = await startStage();
  stage.tiktok.fault('init-429');
  await stage.sendFile('phone.jpg');
  const draft = await stage.draft();
  await stage.post(draft);
  const waiting = await stage.shows(draft, /^Waiting/);
  expect(textOf(waiting)).toMatch(/TikTok asks for a pause[\s\S]*Next try in/);
  expect(buttonsOf(waiting)).toEqual(['Cancel']);
  await stage.tap(draft, 'Cancel');
  const cancelled = await stage.shows(draft, /^Cancelled/);
  expect(buttonsOf(cancelled)).toEqual(['Try again', 'Edit']);
  await stage.settled();
  expect(stage.tiktok.state.publishes).toEqual([]);
});

it('publishes anew after a failure at TikTok that a person has tried again', async () => {
  await using stage = await startStage();
  stage.tiktok.fault('fail:spam_risk');
  await stage.sendFile('phone.jpg', { caption: 'Again' });
  const draft = await stage.draft();
  await stage.post(draft);
  const failed = await stage.shows(draft, /^✕ Not posted: TikTok found the post risky/);
  expect(textOf(failed)).toContain('Nothing is public.');
  await Promise.all([stage.tap(draft, 'Try again'), stage.tap(draft, 'Try again')]);
  await stage.shows(draft, LINK);
  expect(stage.tiktok.state.publishes.map(({ status }) => status)).toEqual(['FAILED', 'PUBLISH_COMPLETE']);
});

it('tries again by itself after a failure that has nothing to do with the post', async () => {
  await using stage = await startStage();
  stage.tiktok.fault('fail:internal');
  await stage.sendFile('phone.jpg');
  const draft = await stage.draft();
  await stage.post(draft);
  await stage.shows(draft, LINK);
  expect(stage.tiktok.state.publishes.map(({ status }) => status)).toEqual(['FAILED', 'PUBLISH_COMPLETE']);
});

it('says in plain words that a format was refused, and edits into a new draft', async () => {
  await using stage = await startStage();
  stage.tiktok.fault('fail:file_format_check_failed');
  await stage.sendFile('phone.jpg', { caption: 'Once more' });
  const draft = await stage.draft();
  await stage.post(draft);
  const failed = await stage.shows(draft, '✕ Not posted: TikTok does not take the file’s format');
  expect(textOf(failed)).not.toContain('file_format_check_failed');
  expect(buttonsOf(failed)[0]).toBe('Edit and try again');
  await stage.tap(draft, 'Edit and try again');
  const next = await stage.draft(({ message_id }) => message_id > draft.message_id);
  expect(textOf(next)).toMatch(/1 photo for TikTok[\s\S]*Once more[\s\S]*Who can see it\? {2}choose one/);
  await stage.post(next);
  await stage.shows(next, LINK);
});

it('shows how far TikTok has come with a slow pull', async () => {
  await using stage = await startStage({ tiktok: { pull: { slowBytesPerSecond: 60_000 } } });
  await stage.sendAlbum(['demo/beach.png', 'phone.jpg']);
  const draft = await stage.draft('2 photos');
  await stage.post(draft);
  const pulling = await stage.shows(draft, 'TikTok is taking photo');
  expect(textOf(pulling)).toMatch(/[▓░]{10} {2}TikTok is taking photo [12] of 2/);
  expect(buttonsOf(pulling)).toEqual(['Cancel']);
  await stage.shows(draft, LINK);
});

it('says that TikTok takes longer than usual, never that it failed', async () => {
  const environment = { POLL_INTERVAL_SECONDS: '0.05' };
  await using stage = await startStage({ environment });
  stage.tiktok.fault('hang');
  await stage.sendFile('phone.jpg');
  const draft = await stage.draft();
  await stage.post(draft);
  const slow = await stage.shows(draft, /TikTok is still processing .* keeps checking, next (now|in \d+ s)/);
  expect(textOf(slow)).not.toMatch(/failed|Not posted/i);
});

it('cancels what TikTok is still taking', async () => {
  await using stage = await startStage({ tiktok: { pull: { slowBytesPerSecond: 5_000 } } });
  await stage.sendFile('demo/beach.png');
  const draft = await stage.draft();
  await stage.post(draft);
  await stage.shows(draft, 'TikTok has it');
  await stage.tap(draft, 'Cancel');
  await stage.shows(draft, /^Cancelled/);
  expect(stage.tiktok.state.publishes).toMatchObject([{ status: 'FAILED', failReason: 'publish_cancelled' }]);
});

it('says that it is too late to cancel, and tells how the post ends', async () => {
  await using stage = await startStage({ tiktok: { processingMs: 1500 } });
  await stage.sendFile('phone.jpg');
  const draft = await stage.draft();
  await stage.post(draft);
  await stage.tiktok.whenPublish(({ stage: at }) => at === 'processing');
  await stage.shows(draft, 'TikTok took the media');
  await stage.tap(draft, 'Cancel');
  const late = await stage.shows(draft, 'too late to cancel');
  expect(buttonsOf(late)).toEqual([]);
  await stage.shows(draft, LINK);
});
