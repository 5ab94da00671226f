import { expect, test } from 'vitest';
import type { VitalSigns } from '../../src/core/health/health-watch.ts';
import { type Health, healthOf } from '../../src/web/index.ts';
import { createWorld } from './world.ts';

const SOUND: VitalSigns = { database: 'ok', disk: 'ok', eventLoop: 'ok', tiktok: 'ok' };
const HERE = { platform: 'telegram', connection: 'connected' } as const;
const AWAY = { platform: 'discord', connection: 'away' } as const;
const COMING = { platform: 'discord', connection: 'connecting' } as const;

async function answerOf(health: Health) {
  await using world = await createWorld({ web: { health: () => health } });
  const response = await world.app.request('/healthz');
  return { code: response.status, headers: response.headers, body: await response.text() };
}

test.each<[Health['status'], number]>([
  ['starting', 503],
  ['ok', 200],
  ['degraded', 200],
  ['broken', 503],
])('answers %s with %i', async (status, code) => {
  const answer = await answerOf({ status, chats: { telegram: 'connected' }, ...SOUND });
  expect(answer.code).toBe(code);
  expect(JSON.parse(answer.body)).toEqual({ status, chats: { telegram: 'connected' }, ...SOUND });
  expect(answer.headers.get('cache-control')).toBe('no-store');
});

test.each<[Health['status'], string, Partial<VitalSigns>]>([
  ['ok', 'all is well', {}],
  ['ok', 'TikTok was not asked of late', { tiktok: 'unknown' }],
  ['degraded', 'TikTok is away', { tiktok: 'away' }],
  ['degraded', 'it is busy', { eventLoop: 'busy' }],
  ['degraded', 'the disk is nearly full', { disk: 'low' }],
  ['broken', 'the disk is full', { disk: 'full' }],
  ['broken', 'the disk does not answer', { disk: 'stuck' }],
  ['broken', 'the disk is read-only', { disk: 'read_only' }],
  ['broken', 'the database is full', { database: 'full' }],
  ['broken', 'the database is locked', { database: 'locked' }],
  ['broken', 'the database fails while TikTok is away', { database: 'failing', tiktok: 'away' }],
])('is %s where %s', (status, _, signs) => {
  expect(healthOf([HERE], { isStarted: true, ...SOUND, ...signs }).status).toBe(status);
});

test.each<[Health['status'], string, Parameters<typeof healthOf>[0], boolean]>([
  ['starting', 'no chat has come yet', [COMING], false],
  ['starting', 'one is away and the other still comes', [{ ...AWAY, platform: 'telegram' }, COMING], false],
  ['degraded', 'one has come and the other keeps it waiting', [HERE, COMING], false],
  ['degraded', 'one has come and the other is away', [HERE, AWAY], true],
  ['degraded', 'all are away', [AWAY], true],
  ['degraded', 'one refuses us', [HERE, { platform: 'discord', connection: 'refused' }], true],
  ['ok', 'all have come', [HERE], true],
])('is %s where of the chats %s', (status, _, chats, isStarted) => {
  expect(healthOf(chats, { isStarted, ...SOUND }).status).toBe(status);
});

test('tells strangers words and no numbers', async () => {
  const { body } = await answerOf(healthOf([HERE, AWAY], { isStarted: true, ...SOUND, disk: 'low' }));
  expect(body).toMatch(/^[{}":,A-Za-z_]+$/);
});
