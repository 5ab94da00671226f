import { expect, it } from 'vitest';
import { file, labelsOf, startDiscordStage, textOf } from './discord-stage.ts';

const COMMANDS = 50;
const DEADLINE_MS = 3_000;

it('acknowledges 50 commands at once while it converts, and loses none', async () => {
  await using stage = await startDiscordStage();
  const { discord, posts } = stage;
  const files = [file('demo/beach.png'), file('phone.jpg')];
  await stage.offer(Array.from({ length: 10 }, () => 'demo/beach.png'));
  const people = Array.from({ length: COMMANDS }, (_, index) => {
    const user = discord.user({ name: `Person ${index}` });
    discord.addMember(discord.studio, user);
    return user;
  });
  // From here on the first draft's files are being converted.
  await discord.until(() =>
    discord.state.requests.filter(({ route }) => route === 'cdn').length > 5 ? true : undefined,
  );
  const handles = await Promise.all(
    people.map((user, index) => stage.offer(files, { user, options: { caption: `Draft ${index}` } })),
  );
  const slowestMs = Math.max(...handles.map(({ acknowledgedAfterMs }) => acknowledgedAfterMs));
  expect(slowestMs, `the slowest was acknowledged after ${Math.round(slowestMs)} ms`).toBeLessThan(
    DEADLINE_MS,
  );
  const composers = await Promise.all(handles.map((handle) => stage.composer(handle, '2 photos')));
  expect(composers.map((composer) => /Draft \d+/.exec(textOf(composer))?.[0])).toEqual(
    people.map((_, index) => `Draft ${index}`),
  );
  const listed = await stage.run('posts', { user: people[7] ?? stage.ana, channel: posts });
  const list = await listed.waitForResponse((message) => labelsOf(message).length > 0);
  expect(labelsOf(list)).toEqual(['Continue draft: Draft 7']);
});
