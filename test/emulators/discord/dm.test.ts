import { expect, it } from 'vitest';
import { startDiscordEmulator } from './index.ts';
import { createCall } from './wire-client.ts';

const start = async () => {
  const discord = await startDiscordEmulator();
  const call = createCall(discord);
  const open = (id: string) => call('POST', '/users/@me/channels', { recipient_id: id });
  const write = (user: { id: string }) =>
    call('POST', `/channels/${discord.dm(user).id}/messages`, { content: 'hi' });
  return { discord, open, write };
};

it('opens one direct channel with a person, however often it is asked', async () => {
  const { discord, open, write } = await start();
  await using _ = discord;
  const first = await open(discord.ana.id);
  expect(first).toMatchObject({ status: 200, body: { type: 1, recipients: [{ id: discord.ana.id }] } });
  expect((await open(discord.ana.id)).body).toEqual(first.body);
  expect((await write(discord.ana)).status).toBe(200);
});

it('refuses to write to who takes no messages, shares no guild or is a bot', async () => {
  const { discord, open, write } = await start();
  await using _ = discord;
  const [stranger, robot] = [
    discord.user({ name: 'Stranger' }),
    discord.user({ name: 'Robot', isBot: true }),
  ];
  discord.addMember(discord.studio, robot);
  expect(await open('123456789012345678')).toMatchObject({ status: 404, body: { code: 10013 } });
  expect(await open(discord.applicationId)).toMatchObject({ status: 400, body: { code: 50007 } });
  expect((await open(stranger.id)).status).toBe(200);
  expect(await write(stranger)).toMatchObject({ status: 403, body: { code: 50278 } });
  expect(await write(robot)).toMatchObject({ status: 403, body: { code: 50007 } });
  discord.setDmsClosed(discord.ana, true);
  expect(await write(discord.ana)).toMatchObject({ status: 403, body: { code: 50007 } });
});
