import { expect, it } from 'vitest';
import { createReleaseGate } from '../records.ts';
import { type Harness, startHarness } from './harness.ts';

const type = ({ discord }: Harness, focused: string, value: string, options = {}) =>
  discord.autocomplete({
    user: discord.ana,
    channel: discord.posts,
    name: 'tiktok',
    subcommand: 'post',
    focused,
    value,
    options,
  });

it('offers what may be chosen, by what is typed and chosen so far', async () => {
  await using harness = await startHarness();
  const { events } = await harness.startBot(async (event) => {
    if (event.type === 'suggest') await event.offer([{ label: 'Only me', value: 'SELF_ONLY' }]);
  });
  expect(await type(harness, 'privacy', 'on', { account: 'key' })).toEqual([
    { name: 'Only me', value: 'SELF_ONLY' },
  ]);
  expect(await events.one('suggest')).toMatchObject({
    option: 'privacy',
    typed: 'on',
    account: 'key',
    workspace: `discord:${harness.discord.studio.id}`,
  });
  await type(harness, 'account', 'a');
  expect(events.all[1]).toMatchObject({ option: 'account', typed: 'a' });
  expect(events.all[1]).not.toHaveProperty('account', expect.anything());
});

it('offers no more and no longer than Discord takes', async () => {
  await using harness = await startHarness();
  await harness.startBot(async (event) => {
    if (event.type !== 'suggest') return;
    const many = Array.from({ length: 40 }, (_, index) => ({ label: 'x'.repeat(200), value: `v${index}` }));
    await event.offer([{ label: '', value: 'empty' }, ...many]);
    await event.offer([{ label: 'Late', value: 'late' }]);
  });
  const choices = await type(harness, 'account', '');
  expect(choices).toHaveLength(25);
  expect(choices[0]?.name).toHaveLength(100);
  expect(choices.map(({ value }) => value)).not.toContain('late');
});

it('offers nothing when no suggestion comes in time, or something goes wrong', async () => {
  await using harness = await startHarness();
  const gate = createReleaseGate();
  let isBroken = false;
  await harness.startBot(async () => {
    if (isBroken) throw new Error('The disk is full.');
    await gate.opened;
  });
  expect(await type(harness, 'account', '')).toEqual([]);
  isBroken = true;
  expect(await type(harness, 'account', '')).toEqual([]);
  gate.open();
});

it('suggests while something else of the chat is being handled', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const gate = createReleaseGate();
  const { events } = await harness.startBot(async (event) => {
    if (event.type === 'suggest') await event.offer([{ label: 'Ana', value: 'key' }]);
    else await gate.opened;
  });
  await discord.runCommand({
    user: discord.ana,
    channel: discord.posts,
    name: 'tiktok',
    subcommand: 'help',
  });
  await events.one('command');
  expect(await type(harness, 'account', '')).toEqual([{ name: 'Ana', value: 'key' }]);
  gate.open();
});
