import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it, vi } from 'vitest';
import { findFreePort } from '../free-port.ts';
import { uploadWith } from '../web/uploads/upload-stage.ts';
import { createWorld } from '../world.ts';
import { runNod } from './process.ts';
import { bytesOf, LINK, startStage } from './stage.ts';
import { startVotesStage } from './votes-stage.ts';

type Settings = Readonly<Record<string, string>>;

const withMetrics = async () => ({ METRICS: '1', METRICS_PORT: String(await findFreePort()) });

async function scrape({ METRICS_PORT }: Settings): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${METRICS_PORT}/metrics`);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  return response.text();
}

/** The numbers by their names and labels. */
function samplesIn(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

/** Every series but those of the process, without buckets. */
const seriesIn = (text: string): string[] =>
  [...samplesIn(text).keys()].filter((name) => /^nod_/.test(name) && !/_bucket\{/.test(name)).sort();

const INIT = '/v2/post/publish/content/init/';
const CREATOR = '/v2/post/publish/creator_info/query/';

it('counts a whole post from its file to its link, with the votes of both chats', async () => {
  const environment = await withMetrics();
  await using stage = await startVotesStage({ environment });
  const { discord, telegram, ben, dora } = stage;
  const review = await stage.review();
  discord.react(review.onDiscord, '✅', ben);
  await stage.shows(review, /Ben · 1 of 2/);
  expect(samplesIn(await scrape(environment)).get('nod_posts{status="in_review"}')).toBe(1);
  await telegram.react(review.onTelegram, dora, '👍');
  await stage.shows(review, /Live on TikTok/);

  await vi.waitFor(async () => {
    const text = await scrape(environment);
    expect(Object.fromEntries(samplesIn(text))).toMatchObject({
      'nod_posts{status="published"}': 1,
      'nod_post_steps_total{status="processing"}': 1,
      'nod_post_steps_total{status="published"}': 1,
      [`nod_tiktok_calls_total{endpoint="${INIT}",outcome="ok"}`]: 1,
      [`nod_tiktok_call_seconds_count{endpoint="${INIT}"}`]: 1,
      [`nod_tiktok_calls_total{endpoint="${CREATOR}",outcome="ok"}`]: expect.any(Number),
      nod_pull_seconds_count: 1,
      'nod_conversions_total{kind="photo",outcome="ok"}': 1,
      'nod_conversion_seconds_count{kind="photo"}': 1,
      'nod_votes_total{chat="discord",vote="approve",result="counted"}': 1,
      'nod_votes_total{chat="telegram",vote="approve",result="counted"}': 1,
      'nod_chat_messages_total{chat="discord",action="send",outcome="ok"}': expect.any(Number),
      'nod_chat_messages_total{chat="discord",action="edit",outcome="ok"}': expect.any(Number),
      'nod_chat_messages_total{chat="telegram",action="send",outcome="ok"}': expect.any(Number),
      'nod_chat_messages_total{chat="telegram",action="edit",outcome="ok"}': expect.any(Number),
      'nod_chat_connected{chat="discord"}': 1,
      'nod_chat_connected{chat="telegram"}': 1,
      'nod_healthy{part="database"}': 1,
      'nod_healthy{part="disk"}': expect.any(Number),
      'nod_healthy{part="event_loop"}': expect.any(Number),
      'nod_healthy{part="tiktok"}': 1,
      'nod_queue_length{queue="posts_due"}': 0,
      'nod_queue_length{queue="posts_running"}': 0,
      'nod_queue_length{queue="cards"}': 0,
      'nod_queue_length{queue="conversions"}': 0,
      'nod_queue_length{queue="telegram_events"}': 0,
      'nod_queue_length{queue="discord_events"}': 0,
      nod_uploads: 0,
      'nod_disk_bytes{of="media"}': expect.any(Number),
      'nod_disk_bytes{of="database"}': expect.any(Number),
      'nod_disk_bytes{of="media_limit"}': 20_000_000_000,
      process_resident_memory_bytes: expect.any(Number),
      nodejs_eventloop_lag_p99_seconds: expect.any(Number),
    });
  });
  const text = await scrape(environment);
  // Nothing that people bring along becomes a label.
  expect([...samplesIn(text).keys()].join()).not.toMatch(/light|\bben\b|dora|studio|[0-9a-f]{16}|\d{9,}/i);
  expect(seriesIn(text).length).toBeLessThan(200);
});

it('counts files that come through an upload page, and calls that TikTok does not answer', async () => {
  const environment = await withMetrics();
  await using stage = await startStage({ environment });
  stage.tiktok.fault('drop-request', { endpoint: 'creator_info/query' });
  await stage.sendFile('tiktok-h264.mp4', { declaredBytes: 31_000_000 });
  const draft = await stage.draft('31.0 MB');
  await stage.tap(draft, 'Add a big file');
  const [page] =
    /https?:[^"\s]+\/upload\/[\w-]{32}/.exec(JSON.stringify(await stage.card('Upload files of up to'))) ?? [];
  const { upload, done } = uploadWith(await bytesOf('tiktok-h264.mp4'), {
    endpoint: `${page}/files`,
    name: 'tiktok-h264.mp4',
  });
  upload.start();
  await done;
  await stage.draft('Video for TikTok');
  const samples = samplesIn(await scrape(environment));
  expect(samples.get('nod_uploads_total{outcome="arrived"}')).toBe(1);
  expect(samples.get('nod_conversions_total{kind="video",outcome="ok"}')).toBe(1);
  expect(samples.get(`nod_tiktok_calls_total{endpoint="${CREATOR}",outcome="no_answer"}`)).toBe(1);
});

it('counts the chunks of an upload to TikTok', async () => {
  const environment = { ...(await withMetrics()), VIDEO_TRANSFER: 'upload' };
  await using stage = await startStage({ environment });
  await stage.telegram.sendDocument(stage.anaChat, stage.ana, {
    bytes: await bytesOf('tiktok-h264.mp4'),
    fileName: 'tiktok-h264.mp4',
    mimeType: 'video/mp4',
  });
  await stage.post(await stage.draft('Video for TikTok'));
  await stage.card(LINK);
  const samples = samplesIn(await scrape(environment));
  expect(samples.get('nod_tiktok_calls_total{endpoint="upload",outcome="taken"}')).toBe(1);
  expect(samples.get('nod_pull_seconds_count')).toBe(1);
});

it('serves no metrics where they are not wanted, nor ever on the port that is public', async () => {
  const environment = await withMetrics();
  await using quiet = await createWorld({ environment: { ...environment, METRICS: 'false' } });
  await using _quietApp = await quiet.start();
  await expect(scrape(environment)).rejects.toThrow('fetch failed');
  expect((await fetch(`${quiet.publicUrl}/metrics`)).status).toBe(404);
  await using world = await createWorld({ environment });
  await using _app = await world.start();
  expect(await scrape(environment)).toContain('nod_posts');
  expect((await fetch(`${world.publicUrl}/metrics`)).status).toBe(404);
  expect((await fetch(`http://127.0.0.1:${environment.METRICS_PORT}/healthz`)).status).toBe(404);
});

it('names METRICS_PORT where that port is taken', async () => {
  const environment = await withMetrics();
  const other = createServer().listen(Number(environment.METRICS_PORT), '127.0.0.1');
  await once(other, 'listening');
  await using world = await createWorld({ environment });
  await using nod = runNod({ environment: world.environment });
  expect(await nod.ended).toEqual({ code: 1, signal: null });
  expect(nod.output.err.trim()).toBe(
    `Port ${environment.METRICS_PORT} is taken by another program: end that one, or set METRICS_PORT to a port that is free.`,
  );
  other.close();
});
