import { describe, expect, it, onTestFinished } from 'vitest';
import { admitConnected, createPlaceAccess } from '../../../src/core/access/place-access.ts';
import type { Workspace } from '../../../src/core/accounts/workspaces.ts';
import { openStores } from '../../../src/core/storage/database.ts';

const DAY_MS = 24 * 3_600_000;
const KIM = { id: 'telegram:5', name: 'Kim' };

const newcomer = (workspace = 'telegram:5') => ({
  workspace,
  title: 'Kim',
  isPrivate: true,
  chat: workspace,
  person: KIM,
});

function startAccess({ isOpen = false } = {}) {
  const stores = openStores({ file: ':memory:' });
  onTestFinished(() => stores.close());
  const clock = { now: 0 };
  const reopen = (options: { isOpen: boolean }) =>
    createPlaceAccess({ places: stores.store('access'), now: () => clock.now, ...options });
  return { access: reopen({ isOpen }), reopen, clock, workspaces: stores.store<Workspace>('workspaces') };
}

describe('a private Nod', () => {
  it('asks about a place that used it while it was open', async () => {
    const { access, reopen } = startAccess({ isOpen: true });
    await access.meet(newcomer());
    const closed = reopen({ isOpen: false });
    expect(await closed.isAllowed('telegram:5')).toBe(false);
    expect(await closed.request(newcomer())).toMatchObject({ state: 'asked' });
    await closed.meet(newcomer('telegram:6'));
    expect(await closed.get('telegram:6')).toBeUndefined();
  });

  it('lets nobody in who was not allowed, and takes it back', async () => {
    const { access } = startAccess();
    expect(await access.isAllowed('telegram:5')).toBe(false);
    await access.request(newcomer());
    for (const [state, isAllowed] of [
      ['postponed', false],
      ['blocked', false],
      ['allowed', true],
      ['withdrawn', false],
    ] as const) {
      expect((await access.decide('telegram:5', state)).isDecided).toBe(true);
      expect(await access.isAllowed('telegram:5')).toBe(isAllowed);
    }
    expect(await access.decide('telegram:6', 'allowed')).toEqual({ isDecided: false, place: undefined });
  });

  it.each([
    ['allowed', ['allowed', 'postponed', 'blocked']],
    ['withdrawn', ['postponed', 'blocked', 'withdrawn']],
    ['blocked', ['postponed', 'blocked', 'withdrawn']],
  ] as const)('takes no decision of an old card about a place that is %s', async (state, late) => {
    const { access } = startAccess();
    await access.request(newcomer());
    if (state === 'withdrawn') await access.decide('telegram:5', 'allowed');
    await access.decide('telegram:5', state);
    for (const decision of late)
      expect(await access.decide('telegram:5', decision)).toMatchObject({
        isDecided: false,
        place: { state },
      });
  });

  it('does one of the decisions that are taken at once', async () => {
    const { access } = startAccess();
    await access.request(newcomer());
    const decisions = await Promise.all([
      access.decide('telegram:5', 'allowed'),
      access.decide('telegram:5', 'blocked'),
    ]);
    // The one that comes second finds a place that was decided about.
    expect(decisions.filter(({ isDecided }) => isDecided)).toHaveLength(1);
  });

  it('asks once a week about each place, also after “not now”', async () => {
    const { access, clock } = startAccess();
    expect(await access.request(newcomer())).toMatchObject({ state: 'asked' });
    expect(await access.request(newcomer())).toBeUndefined();
    await access.decide('telegram:5', 'postponed');
    clock.now += 7 * DAY_MS - 1;
    expect(await access.request(newcomer())).toBeUndefined();
    clock.now += 1;
    expect(await access.request(newcomer())).toMatchObject({ state: 'asked' });
    clock.now += 7 * DAY_MS;
    expect(await access.request(newcomer())).toMatchObject({ state: 'asked' });
    for (const states of [['allowed'], ['withdrawn']] as const) {
      for (const state of states) await access.decide('telegram:5', state);
      clock.now += 30 * DAY_MS;
      expect(await access.request(newcomer())).toBeUndefined();
    }
  });

  it('keeps no more than fifty open requests a week, though all come at once', async () => {
    const { access, clock } = startAccess();
    const many = Array.from({ length: 120 }, (_, index) => newcomer(`telegram:${index + 1}`));
    const requests = await Promise.all(many.map(access.request));
    expect(requests.filter((request) => request === 'full')).toHaveLength(70);
    expect(await access.list('asked')).toHaveLength(50);
    clock.now += 7 * DAY_MS;
    expect(await access.request(newcomer('telegram:200'))).toMatchObject({ state: 'asked' });
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
  await access.meet(newcomer());
  expect(await access.list('met')).toHaveLength(1);
  await access.decide('telegram:5', 'blocked');
  await access.meet(newcomer());
  expect(await access.isAllowed('telegram:5')).toBe(false);
});
