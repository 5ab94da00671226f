import pino from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Card, SendOptions } from '../../../src/bots/platform.ts';
import { createDigests } from '../../../src/bots/results/digest.ts';
import { createPlaceAccess } from '../../../src/core/access/place-access.ts';
import { createWorkspaces, type Workspace } from '../../../src/core/accounts/workspaces.ts';
import type { Post } from '../../../src/core/publish/post.ts';
import { openStores } from '../../../src/core/storage/database.ts';
import { postIn, printed } from '../cards/subjects.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const at = (time: string): number => Date.parse(time);
/** A Thursday. */
const BEGIN = at('2026-11-19T12:00:00Z');
const MONDAY = at('2026-11-23T08:00:00Z');
const EDITORS = 'telegram:-5';
const STUDIO = 'discord:1';

/** Editors in Berlin, who want a digest, and what is said in the chats. */
async function startDigests({ stats = true } = {}) {
  const stores = openStores({ file: ':memory:' });
  onTestFinished(() => stores.close());
  const clock = { now: BEGIN };
  const now = () => clock.now;
  const log = pino({ level: 'silent' });
  const posts = stores.store<Post>('posts');
  const places = stores.store<Workspace>('workspaces');
  const workspaces = createWorkspaces({ workspaces: places });
  const access = createPlaceAccess({ places: stores.store('access'), isOpen: true, now });
  const told: { chat: string; text: string; options: SendOptions | undefined }[] = [];
  const sender = {
    tell: (chat: string, card: Card, _: unknown, options?: SendOptions) =>
      void told.push({ chat, text: printed(card), options }),
  };
  const open = () => createDigests({ workspaces, access, posts, sender, stats, now, log });
  for (const [workspace, title] of [
    [EDITORS, 'Editors'],
    [STUDIO, 'Studio'],
  ] as const)
    await workspaces.meet({ workspace, chat: `${workspace}:7`, chatTitle: title, isPrivate: false });
  await workspaces.change(EDITORS, () => ({ timeZone: 'Europe/Berlin', weeklyDigest: true }));
  let count = 0;

  async function post(settledAt = BEGIN, workspace: string = EDITORS): Promise<void> {
    count += 1;
    const results = [{ at: settledAt + HOUR_MS, views: count, likes: 1, comments: 1, shares: 1 }];
    const live = postIn({
      status: 'published',
      settledAt,
      publishId: `p${count}`,
      postIds: [String(count)],
      checks: 0,
      checkedAt: settledAt,
      results,
    });
    await posts.create(`post-${count}`, { ...live, id: `post-${count}`, workspace });
  }

  /** A round every hour until then, each by a Nod that has just started. */
  async function until(time: number): Promise<void> {
    for (; clock.now < time; clock.now = Math.min(time, clock.now + HOUR_MS)) await open().round();
    await open().round();
  }

  return { clock, workspaces, places, told, post, until, open };
}

describe('the weekly digest', () => {
  it('is sent on Monday at nine, silently, to the chat of the place', async () => {
    const { until, post, told, clock } = await startDigests();
    await post();
    await until(MONDAY - 1);
    expect(told).toEqual([]);
    clock.now = MONDAY;
    await until(MONDAY);
    expect(told).toMatchObject([{ chat: `${EDITORS}:7`, options: { silent: true } }]);
    expect(told[0]?.text).toContain('Last week on TikTok · 1 post');
  });

  it('is sent once, whatever restarts, and has the posts of its own week', async () => {
    const { until, post, told } = await startDigests();
    await post();
    await post(MONDAY + HOUR_MS);
    await post(MONDAY + 2 * HOUR_MS);
    await until(MONDAY + 8 * DAY_MS);
    expect(told.map(({ text }) => text.split('\n')[0])).toEqual([
      'Last week on TikTok · 1 post',
      'Last week on TikTok · 2 posts',
    ]);
  });

  it('is sent by one of two that look at once', async () => {
    const { until, post, told, clock, open } = await startDigests();
    await post();
    await until(MONDAY - 1);
    clock.now = MONDAY;
    await Promise.all([open().round(), open().round()]);
    expect(told).toHaveLength(1);
  });

  it('is not sent where nothing was posted', async () => {
    const { until, told } = await startDigests();
    await until(MONDAY + 8 * DAY_MS);
    expect(told).toEqual([]);
  });

  it('comes late after an outage, but not after more than a day', async () => {
    const { until, post, told, clock } = await startDigests();
    await post();
    await post(MONDAY + HOUR_MS);
    await until(BEGIN);
    clock.now = MONDAY + DAY_MS - 1;
    await until(clock.now);
    expect(told).toHaveLength(1);
    clock.now = MONDAY + 8 * DAY_MS + 1;
    await until(clock.now);
    expect(told).toHaveLength(1);
  });

  it('comes no second time in a week whose time zone changes, or when it is turned off and on', async () => {
    const { until, post, told, workspaces } = await startDigests();
    await post();
    await until(MONDAY);
    await workspaces.change(EDITORS, () => ({ timeZone: 'America/Los_Angeles' }));
    await until(MONDAY + 3 * HOUR_MS);
    await workspaces.change(EDITORS, () => ({ weeklyDigest: false }));
    await workspaces.change(EDITORS, () => ({ weeklyDigest: true }));
    await until(MONDAY + 2 * DAY_MS);
    expect(told).toHaveLength(1);
    await post(MONDAY + 3 * DAY_MS);
    await until(MONDAY + 8 * DAY_MS);
    expect(told).toHaveLength(2);
  });

  it('follows the time zone that a place has chosen', async () => {
    const { until, post, told, workspaces } = await startDigests();
    await until(BEGIN);
    await workspaces.change(EDITORS, () => ({ timeZone: 'America/New_York' }));
    await post();
    await until(MONDAY);
    expect(told).toEqual([]);
    await until(at('2026-11-23T14:00:00Z'));
    expect(told).toHaveLength(1);
  });

  it('is off at first, and off again', async () => {
    const { until, post, told, workspaces } = await startDigests();
    await workspaces.change(EDITORS, () => ({ weeklyDigest: false }));
    await post();
    await post(BEGIN, STUDIO);
    expect(await workspaces.settingsOf(STUDIO)).toMatchObject({ weeklyDigest: false });
    await until(MONDAY + DAY_MS);
    expect(told).toEqual([]);
  });

  it('is one for places that are joined, where their rules are from', async () => {
    const { until, post, told, workspaces } = await startDigests();
    await workspaces.change(STUDIO, () => ({ timeZone: 'Europe/Berlin', weeklyDigest: true }));
    await workspaces.join(STUDIO, `${STUDIO}:7`, EDITORS);
    await post();
    await post(BEGIN, STUDIO);
    await until(MONDAY);
    expect(told.map(({ chat }) => chat)).toEqual([`${EDITORS}:7`]);
    expect(told[0]?.text).toContain('2 posts');
  });

  it('is planned once, and the place is not written between the weeks', async () => {
    const { until, places } = await startDigests();
    await until(BEGIN + HOUR_MS);
    const before = await places.get(EDITORS);
    await until(MONDAY - 1);
    expect(await places.get(EDITORS)).toEqual(before);
  });
});
