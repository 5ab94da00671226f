import { describe, expect, it } from 'vitest';
import { isPullable } from '../../../../src/core/publish/transfer/choose.ts';
import { createCoreWorld, initsOf, withBytes } from '../../core-world.ts';
import { HOUR_MS } from '../../posts.ts';

/** Where TikTok would pull from; the emulator really does from the web server of the world. */
const PUBLIC = 'https://nod.example.com';

async function world(options: Parameters<typeof createCoreWorld>[0] = {}) {
  const made = await createCoreWorld({ videoTransfer: 'auto', publicUrl: PUBLIC, ...options });
  await made.connect();
  return made;
}

describe('by itself', () => {
  it('has TikTok pull a video where it may', async () => {
    await using nod = await world();
    const { id } = await nod.submitVideo();
    expect(await nod.finish(id)).toMatchObject({ status: 'published', attempts: 1 });
    expect(nod.tiktok.state.publishes).toMatchObject([{ sourceUrls: [expect.stringContaining(PUBLIC)] }]);
  });

  it('uploads what TikTok may not pull, and the next ones at once, for a day', async () => {
    await using nod = await world();
    nod.tiktok.app.urlProperties = [];
    const first = await nod.submitVideo();
    expect(await nod.finish(first.id)).toMatchObject({ status: 'published', attempts: 2 });
    expect(initsOf(nod.tiktok)).toBe(2);
    const restarted = nod.openAnother();
    const second = await nod.submitVideo();
    expect(await nod.finish(second.id, restarted)).toMatchObject({ status: 'published', attempts: 1 });
    expect(initsOf(nod.tiktok)).toBe(3);
    nod.verify();
    nod.tiktok.clock.advance(24 * HOUR_MS);
    await nod.connect();
    const third = await nod.submitVideo();
    expect(await nod.finish(third.id)).toMatchObject({ status: 'published' });
    expect(nod.tiktok.state.publishes.map(({ upload }) => upload !== undefined)).toEqual([true, true, false]);
  });

  it('uploads where its address is not public', async () => {
    await using nod = await world({ publicUrl: undefined });
    const { id } = await nod.submitVideo();
    await nod.finish(id);
    expect(nod.tiktok.state.publishes).toMatchObject([{ sourceUrls: [], upload: { count: 1 } }]);
  });

  it('uploads after TikTok has said that it could not pull, and once in all', async () => {
    await using nod = await world();
    nod.tiktok.fault('fail:video_pull_failed');
    const { id } = await nod.submitVideo();
    expect(await nod.finish(id)).toMatchObject({ status: 'published', attempts: 2 });
    const [pulled, uploaded] = nod.tiktok.state.publishes;
    expect(pulled).toMatchObject({ status: 'FAILED' });
    expect(uploaded).toMatchObject({ status: 'PUBLISH_COMPLETE', upload: { count: 1 } });
  });

  it('has photos pulled, whatever TikTok says', async () => {
    await using nod = await world();
    nod.tiktok.app.urlProperties = [];
    const { id } = await nod.submit();
    expect(await nod.finish(id)).toMatchObject({
      status: 'failed',
      failure: { reason: 'url_not_verified' },
    });
    expect(await nod.nod.transfers.obstacle()).toBe('not_verified');
  });

  it('uploads anew what TikTok has failed inside with, and only then', async () => {
    await using nod = await world({ videoTransfer: 'upload' });
    nod.tiktok.fault('fail:internal');
    const { id } = await nod.submitVideo();
    expect(await nod.finish(id)).toMatchObject({ status: 'published', attempts: 2 });
    expect(withBytes(nod.tiktok).map(({ status }) => status)).toEqual(['FAILED', 'PUBLISH_COMPLETE']);
  });
});

it('has TikTok pull and never uploads where it is told so', async () => {
  await using nod = await world({ videoTransfer: 'pull' });
  nod.tiktok.app.urlProperties = [];
  const { id } = await nod.submitVideo();
  expect(await nod.finish(id)).toMatchObject({ status: 'failed', failure: { reason: 'url_not_verified' } });
  expect(initsOf(nod.tiktok)).toBe(1);
});

it.each(['http://127.0.0.1:8080', 'https://localhost'])(
  'says at the start that nobody pulls from %s',
  async (publicUrl) => {
    await using nod = await createCoreWorld({ videoTransfer: 'auto', publicUrl });
    await nod.nod.start();
    const warnings = nod.lines.filter((line) => line.includes('PUBLIC_URL'));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('Videos are uploaded; photos');
  },
);

it.each([
  ['https://nod.example.com', true],
  ['https://nod.example.com:8443', true],
  ['http://nod.example.com', false],
  ['http://localhost:8080', false],
  ['https://nod', false],
  ['https://10.0.0.7', false],
  ['https://93.184.216.34', false],
  ['https://[2001:db8::1]', false],
  ['https://nod.local', false],
  ['https://nod.home.arpa', false],
  ['not an address', false],
])('TikTok pulls from %s: %s', (address, expected) => {
  expect(isPullable(address)).toBe(expected);
});
