import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createWorkspaces, type Workspace } from '../../../src/core/accounts/workspaces.ts';
import { defaultTimeZone } from '../../../src/core/compose/parse-time.ts';
import { defaultPolicy } from '../../../src/core/review/review.ts';
import { openStores } from '../../../src/core/storage/database.ts';
import { problemOf, temporaryDirectory } from '../media/files.ts';

const GROUP = { workspace: 'telegram:-5', chat: 'telegram:-5:0', chatTitle: 'Editors', isPrivate: false };
const SERVER = { workspace: 'discord:1', chat: 'discord:11', chatTitle: 'Studio', isPrivate: false };
const OTHER = { workspace: 'discord:2', chat: 'discord:22', chatTitle: 'Friends', isPrivate: false };
const PRIVATE = { workspace: 'telegram:1', chat: 'telegram:1:0', chatTitle: 'Ana', isPrivate: true };

async function met() {
  const stores = openStores({ file: join(temporaryDirectory(), 'nod.db') });
  onTestFinished(() => stores.close());
  const workspaces = createWorkspaces({ workspaces: stores.store<Workspace>('workspaces') });
  for (const place of [GROUP, SERVER, OTHER, PRIVATE]) await workspaces.meet(place);
  return workspaces;
}

/** The server has joined the group. */
async function joined() {
  const workspaces = await met();
  await workspaces.share(GROUP.workspace, GROUP.chat, 'open-ana');
  await workspaces.share(SERVER.workspace, SERVER.chat, 'open-ben');
  await workspaces.join(SERVER.workspace, 'discord:12', GROUP.workspace);
  return workspaces;
}

describe('a place', () => {
  it('is known by its title once something has happened in it', async () => {
    const workspaces = await met();
    const place = { id: GROUP.workspace, title: 'Editors', chat: GROUP.chat };
    expect(await workspaces.placesOf(GROUP.workspace)).toEqual([place]);
    await workspaces.meet({ ...GROUP, chat: 'telegram:-5:9', chatTitle: 'Renamed' });
    expect(await workspaces.placesOf(GROUP.workspace)).toEqual([{ ...place, title: 'Renamed' }]);
    // Discord tells no name of a server that it has not told about yet.
    await workspaces.meet({ ...GROUP, chatTitle: '#posts', workspaceTitle: '' });
    expect(await workspaces.placesOf(GROUP.workspace)).toMatchObject([{ title: 'Renamed' }]);
    expect(await workspaces.placesOf('telegram:9')).toEqual([]);
  });

  it('keeps its accounts when it is met after an account was connected', async () => {
    const workspaces = await met();
    await workspaces.share('discord:5', 'discord:55', 'open-ana');
    await workspaces.meet({ ...SERVER, workspace: 'discord:5', chat: 'discord:56' });
    expect(await workspaces.openIdsOf('discord:5')).toEqual(['open-ana']);
    expect((await workspaces.settingsOf('discord:5')).policy.approvals).toBe(1);
  });

  it('asks for one approval where it is a team, and for none where it is private or unknown', async () => {
    const workspaces = await met();
    const timeZone = defaultTimeZone();
    const team = { policy: defaultPolicy({ isPrivate: false }), timeZone, weeklyDigest: false };
    const alone = { ...team, policy: defaultPolicy({ isPrivate: true }) };
    expect(await workspaces.settingsOf(GROUP.workspace)).toEqual(team);
    expect(await workspaces.settingsOf(PRIVATE.workspace)).toEqual(alone);
    expect(await workspaces.settingsOf('telegram:9')).toEqual(alone);
  });

  it('has rules of its own, one changed without the other', async () => {
    const workspaces = await met();
    await workspaces.change(GROUP.workspace, () => ({ timeZone: 'Europe/Lisbon' }));
    await workspaces.change(GROUP.workspace, ({ policy }) => ({ policy: { ...policy, approvals: 3 } }));
    expect(await workspaces.settingsOf(GROUP.workspace)).toMatchObject({
      timeZone: 'Europe/Lisbon',
      policy: { approvals: 3, managersVote: true },
    });
    expect((await workspaces.settingsOf(SERVER.workspace)).policy.approvals).toBe(1);
  });

  it('keeps both of two changes that are made at once', async () => {
    const workspaces = await met();
    await Promise.all([
      workspaces.change(GROUP.workspace, ({ policy }) => ({ policy: { ...policy, approvals: 2 } })),
      workspaces.change(GROUP.workspace, ({ policy }) => ({ policy: { ...policy, authorVotes: true } })),
    ]);
    const { policy } = await workspaces.settingsOf(GROUP.workspace);
    expect(policy).toMatchObject({ approvals: 2, authorVotes: true });
  });

  it('changes nothing where the change is refused', async () => {
    const workspaces = await met();
    const refused = workspaces.change(GROUP.workspace, () => {
      throw new Error('no');
    });
    await expect(refused).rejects.toThrow('no');
    expect((await workspaces.settingsOf(GROUP.workspace)).policy.approvals).toBe(1);
  });

  it('has its reviews where a post was posted, or in the chat that was set', async () => {
    const workspaces = await met();
    const chats = async () => (await workspaces.reviewPlacesOf(GROUP.workspace, 'telegram:-5:7')).chats;
    expect(await chats()).toEqual(['telegram:-5:7']);
    await workspaces.setReviewChat(GROUP.workspace, 'telegram:-5:3');
    expect(await chats()).toEqual(['telegram:-5:3']);
    await workspaces.setReviewChat(GROUP.workspace, undefined);
    expect(await chats()).toEqual(['telegram:-5:7']);
  });
});

describe('joining', () => {
  it('lets only one of two places join that join each other at once', async () => {
    const workspaces = await met();
    const outcomes = await Promise.allSettled([
      workspaces.join(SERVER.workspace, SERVER.chat, GROUP.workspace),
      workspaces.join(GROUP.workspace, GROUP.chat, SERVER.workspace),
    ]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await workspaces.areTogether(SERVER.workspace, GROUP.workspace)).toBe(true);
    expect(await workspaces.idsOf(SERVER.workspace)).toEqual([GROUP.workspace, SERVER.workspace]);
  });

  it('means nothing when a crash came between its two writes, and can be done again', async () => {
    const stores = openStores({ file: join(temporaryDirectory(), 'nod.db') });
    onTestFinished(() => stores.close());
    const store = stores.store<Workspace>('workspaces');
    const workspaces = createWorkspaces({ workspaces: store });
    for (const place of [GROUP, SERVER]) await workspaces.meet(place);
    await store.update(GROUP.workspace, (group) => ({ ...group, parts: [SERVER.workspace] }));
    expect(await workspaces.idsOf(GROUP.workspace)).toEqual([GROUP.workspace]);
    expect(await workspaces.areTogether(SERVER.workspace, GROUP.workspace)).toBe(false);
    await workspaces.join(SERVER.workspace, SERVER.chat, GROUP.workspace);
    expect(await workspaces.idsOf(SERVER.workspace)).toEqual([GROUP.workspace, SERVER.workspace]);
    await workspaces.separate(SERVER.workspace);
    expect(await workspaces.idsOf(SERVER.workspace)).toEqual([SERVER.workspace]);
  });
});

describe('places that have joined', () => {
  it('share rules, whichever of them changes them', async () => {
    const workspaces = await joined();
    await workspaces.change(SERVER.workspace, ({ policy }) => ({ policy: { ...policy, approvals: 4 } }));
    for (const { workspace } of [GROUP, SERVER])
      expect((await workspaces.settingsOf(workspace)).policy.approvals).toBe(4);
    expect(await workspaces.rootOf(SERVER.workspace)).toBe(GROUP.workspace);
  });

  it('share accounts, those of the one that was joined first', async () => {
    const workspaces = await joined();
    for (const { workspace } of [GROUP, SERVER])
      expect(await workspaces.openIdsOf(workspace)).toEqual(['open-ana', 'open-ben']);
    await workspaces.unshare(GROUP.workspace, 'open-ben');
    expect(await workspaces.openIdsOf(SERVER.workspace)).toEqual(['open-ana']);
    expect(await workspaces.sharing('open-ben')).toEqual([]);
    expect((await workspaces.sharing('open-ana')).map(({ id }) => id)).toEqual([GROUP.workspace]);
  });

  it('review in the place of the post first, then once in each other', async () => {
    const workspaces = await joined();
    await workspaces.setReviewChat(GROUP.workspace, 'telegram:-5:3');
    expect(await workspaces.reviewPlacesOf(SERVER.workspace, 'discord:13')).toEqual({
      chats: ['discord:13', 'telegram:-5:3'],
      places: [SERVER.workspace, GROUP.workspace],
    });
    expect(await workspaces.reviewPlacesOf(GROUP.workspace, 'telegram:-5:8')).toEqual({
      chats: ['telegram:-5:3', 'discord:12'],
      places: [GROUP.workspace, SERVER.workspace],
    });
  });

  it('may be more than two, whichever of them is joined', async () => {
    const workspaces = await joined();
    await workspaces.join(OTHER.workspace, OTHER.chat, SERVER.workspace);
    const ids = [GROUP.workspace, SERVER.workspace, OTHER.workspace];
    for (const id of ids) expect(await workspaces.idsOf(id)).toEqual(ids);
  });

  it('are on their own again after a separation, with what was theirs', async () => {
    const workspaces = await joined();
    await workspaces.change(GROUP.workspace, ({ policy }) => ({ policy: { ...policy, approvals: 4 } }));
    await workspaces.separate(SERVER.workspace);
    await workspaces.separate(SERVER.workspace);
    expect(await workspaces.openIdsOf(SERVER.workspace)).toEqual(['open-ben']);
    expect(await workspaces.openIdsOf(GROUP.workspace)).toEqual(['open-ana']);
    expect((await workspaces.settingsOf(SERVER.workspace)).policy.approvals).toBe(1);
    await workspaces.join(SERVER.workspace, SERVER.chat, GROUP.workspace);
    expect(await workspaces.idsOf(GROUP.workspace)).toEqual([GROUP.workspace, SERVER.workspace]);
  });

  it.each([
    ['itself', GROUP, GROUP, 'join_itself'],
    ['what has joined it', GROUP, SERVER, 'join_itself'],
    ['what it has joined', SERVER, GROUP, 'join_itself'],
    ['one more, having joined', SERVER, OTHER, 'already_joined'],
    ['one more, having been joined', GROUP, OTHER, 'already_joined'],
    ['from a private chat', PRIVATE, GROUP, 'join_private'],
    ['a private chat', OTHER, PRIVATE, 'join_private'],
    ['a place that nobody has met', OTHER, { workspace: 'discord:9' }, 'join_private'],
  ])('cannot join %s', async (_, place, other, code) => {
    const workspaces = await joined();
    const before = await workspaces.idsOf(place.workspace);
    expect(await problemOf(workspaces.join(place.workspace, 'discord:1', other.workspace))).toEqual({ code });
    expect(await workspaces.idsOf(place.workspace)).toEqual(before);
  });
});
