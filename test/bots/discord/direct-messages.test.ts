import { expect, it } from 'vitest';
import { card, startHarness } from './harness.ts';

const person = ({ id }: { id: string }) => ({ id: `discord:${id}`, name: 'Somebody' });

it('tells one person alone, by a direct message', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const bot = harness.createBot();
  const message = await bot.send(chat, card('In review'));
  expect(await bot.tellPrivately(message, person(discord.ana), card('Rejected: too dark'))).toBe(true);
  expect(discord.render(discord.dm(discord.ana))).toContain('│ Rejected: too dark');
  expect(discord.messages(discord.posts)).toHaveLength(1);
});

it('reaches nobody who takes no direct messages, shares no server or is elsewhere', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const bot = harness.createBot();
  const message = await bot.send(chat, card('In review'));
  const stranger = discord.user({ name: 'Stranger' });
  discord.setDmsClosed(discord.ana, true);
  expect(await bot.tellPrivately(message, person(discord.ana), card('a'))).toBe(false);
  expect(await bot.tellPrivately(message, person(stranger), card('a'))).toBe(false);
  expect(await bot.tellPrivately(message, person({ id: '123456789012345678' }), card('a'))).toBe(false);
  expect(await bot.tellPrivately(message, { id: 'telegram:1', name: 'Ana' }, card('a'))).toBe(false);
  await harness.logged('A direct message was not delivered');
});

it('reaches nobody while Discord does not answer', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const bot = harness.createBot();
  const message = await bot.send(chat, card('In review'));
  discord.fault('5xx', { route: 'createDm', times: 4 });
  expect(await bot.tellPrivately(message, person(discord.ana), card('a'))).toBe(false);
  discord.fault('429', { route: 'createDm', retryAfterSeconds: 60 });
  expect(await bot.tellPrivately(message, person(discord.ana), card('a'))).toBe(false);
});
