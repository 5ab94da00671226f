import { describe, expect, it, onTestFinished } from 'vitest';
import { admitConnected, createPlaceAccess } from '../../../src/core/access/place-access.ts';
import { openStores } from '../../../src/core/stores.ts';
import type { Workspace } from '../../../src/core/workspaces.ts';

const DAY_MS = 24 * 3_600_000;
const KIM = { id: 'telegram:5', name: 'Kim' };

const newcomer = (workspace = 'telegram:5') => ({
  ...{ workspace, title: 'Kim', isPrivate: true, chat: workspace, person: KIM },
});

function startAccess({ isOpen = false } = {}) {
  const stores = openStores({ file: ':memory:' });
  onTestFinished(() => stores.close());
  const clock = { now: 0 };
  const access = createPlaceAccess({ places: stores.store('access'), isOpen, now: () => clock.now });
  return { access, clock, workspaces: stores.store<Workspace>('workspaces') };
}

describe('a private Nod', () => {
  it('lets nobody in who was not allowed, and takes it back', async () => {
    const { access } = startAccess();
    expect(await access.isAllowed('telegram:5')).toBe(false);
    await access.request(newcomer());
    for (const [state, isAllowed] of [
      ['allowed', true],
      ['withdrawn', false],
      ['blocked', false],
      ['postponed', false],
    ] as const) {
      await access.decide('telegram:5', state);
      expect(await access.isAllowed('telegram:5')).toBe(isAllowed);
    }
    expect(await access.decide('telegram:6', 'allowed')).toBeUndefined();
  });

  it('asks once about each place, and a week after “not now” once more', async () => {
    const { access, clock } = startAccess();
    expect(await access.request(newcomer())).toMatchObject({ state: 'asked' });
    expect(await access.request(newcomer())).toBeUndefined();
    await access.decide('telegram:5', 'postponed');
    clock.now += 7 * DAY_MS - 1;
    expect(await access.request(newcomer())).toBeUndefined();
    clock.now += 1;
    expect(await access.request(newcomer())).toMatchObject({ state: 'asked' });
    for (const state of ['withdrawn', 'blocked'] as const) {
      await access.decide('telegram:5', state);
      clock.now += 30 * DAY_MS;
      expect(await access.request(newcomer())).toBeUndefined();
    }
  });

  it('keeps no more than fifty open requests, whoever sends them', async () => {
    const { access } = startAccess();
    for (let id = 1; id <= 60; id += 1) await access.request(newcomer(`telegram:${id}`));
    expect(await access.list('asked')).toHaveLength(50);
  });

  it('lets in whoever had an account, or shared one, before there were operators', async () => {
    const { access, workspaces } = startAccess();
    const place = { chat: 'telegram:-1', title: 'Editors', openIds: [] };
    await workspaces.create('telegram:-1', { ...place, openIds: ['open'] });
    await workspaces.create('telegram:-2', { ...place, joined: 'telegram:-1' });
    await workspaces.create('telegram:-3', place);
    await workspaces.create('telegram:-4', { ...place, openIds: ['open'] });
    await access.admit({ ...newcomer('telegram:-4') });
    await access.decide('telegram:-4', 'withdrawn');
    await admitConnected({ access, workspaces });
    const allowed = (await access.list('allowed')).map(({ workspace }) => workspace);
    expect(allowed.sort()).toEqual(['telegram:-1', 'telegram:-2']);
  });
});

it('serves everybody in an open Nod but whom the operator keeps out', async () => {
  const { access } = startAccess({ isOpen: true });
  expect(await access.isAllowed('telegram:5')).toBe(true);
  await access.admit(newcomer());
  for (const state of ['withdrawn', 'blocked'] as const) {
    await access.decide('telegram:5', state);
    expect(await access.isAllowed('telegram:5')).toBe(false);
  }
});
