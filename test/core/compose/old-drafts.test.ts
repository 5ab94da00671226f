import { describe, expect, it } from 'vitest';
import type { Draft } from '../../../src/core/compose/draft.ts';
import type { OldDraft } from '../../../src/core/compose/old-drafts.ts';
import { openDraftsWith } from '../../../src/core/compose/open-drafts.ts';
import type { Problem } from '../../../src/core/problems.ts';
import type { Fresh } from '../../../src/core/storage/database.ts';
import { type CoreWorld, createCoreWorld } from '../core-world.ts';
import { creator, file, granted } from '../drafts.ts';
import { ANA, CHAT, EVERYONE, HOUR_MS, WORKSPACE } from '../posts.ts';

const unreachable: Problem = { code: 'tiktok_unreachable' };
const unclear: Problem = { code: 'when_unclear', text: 'soon' };

/** Writes a draft as an older Nod did. */
async function writeOld({ nod, now }: CoreWorld, fields: Partial<OldDraft> = {}): Promise<Fresh<OldDraft>> {
  const record = {
    id: 'old',
    workspace: WORKSPACE,
    chat: CHAT,
    author: ANA,
    files: [file('1')],
    caption: 'Hello',
    settings: EVERYONE,
    disclosing: false,
    createdAt: now(),
    updatedAt: now(),
    ...fields,
  };
  await nod.stores.store<OldDraft>('drafts').create('old', record);
  return record;
}

const READ: [what: string, old: Partial<OldDraft>, today: Pick<Draft, 'account' | 'plan'>][] = [
  ['no account in its place', { creatorProblem: { code: 'no_account' } }, { account: { state: 'none' } }],
  ['nothing granted', { account: granted }, { account: { ...granted, state: 'not_granted' } }],
  [
    'an account that can post',
    { account: granted, creator },
    { account: { ...granted, state: 'ready', creator } },
  ],
  [
    'an account that cannot',
    { account: granted, creatorProblem: unreachable },
    { account: { ...granted, state: 'unavailable', problem: unreachable } },
  ],
  [
    'a time',
    { account: granted, publishAt: 9e12 },
    { account: { ...granted, state: 'not_granted' }, plan: { at: 9e12 } },
  ],
  [
    'a time, and then one that cannot be',
    { account: granted, publishAt: 9e12, planProblem: unclear },
    { account: { ...granted, state: 'not_granted' }, plan: { problem: unclear } },
  ],
];

describe('a draft that an older Nod wrote', () => {
  it.each(READ)('is there after the start with what it had: %s', async (_, old, today) => {
    await using world = await createCoreWorld();
    const { account, creator, creatorProblem, publishAt, planProblem, ...same } = await writeOld(world, old);
    const nod = world.openAnother();
    await nod.start();
    expect(await nod.drafts.get('old')).toEqual({ ...same, ...today, version: 1 });
    expect(await Array.fromAsync(nod.drafts.entries())).toEqual([['old', await nod.drafts.get('old')]]);
  });

  it('gets its account after the start where none was looked for', async () => {
    await using world = await createCoreWorld();
    const openId = await world.connect();
    await writeOld(world);
    const nod = world.openAnother();
    const { promise: found, resolve } = Promise.withResolvers<Draft>();
    nod.listen({
      postChanged: () => {},
      draftChanged: (id) =>
        void nod.drafts.get(id).then((draft) => draft?.account.state === 'ready' && resolve(draft)),
    });
    await nod.start();
    expect(await found).toMatchObject({ account: { openId } });
  });

  it('becomes the post that it was submitted as just before the stop', async () => {
    await using world = await createCoreWorld();
    const openId = await world.connect();
    const publishAt = world.now() + HOUR_MS;
    const account = { ...granted, openId };
    const submitted = { postMode: 'DIRECT_POST', at: world.now() } as const;
    await writeOld(world, { account, creator, publishAt, submitted });
    const nod = world.openAnother();
    await nod.start();
    expect(await nod.posts.get('old')).toMatchObject({
      status: 'queued',
      publishAt,
      account: { nickname: 'Ana' },
      content: { openId, settings: EVERYONE },
    });
    expect(await nod.drafts.get('old')).toBeUndefined();
  });

  it('is found by its account, before and after it is written again', async () => {
    await using world = await createCoreWorld();
    const openId = await world.connect();
    await writeOld(world, { account: { ...granted, openId }, creatorProblem: unreachable });
    const nod = world.openAnother();
    await nod.start();
    expect(await openDraftsWith(nod.drafts, openId)).toMatchObject([{ account: { state: 'unavailable' } }]);
    await nod.draftRefresh.refreshWith(openId);
    const [draft] = await openDraftsWith(world.nod.stores.store<Draft>('drafts'), openId);
    expect(draft).toMatchObject({ version: 2, account: { state: 'ready', openId } });
    expect(draft).not.toHaveProperty('creatorProblem');
  });
});
