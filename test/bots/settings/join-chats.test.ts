import { expect, it } from 'vitest';
import { textOf } from '../paper-bot.ts';
import { ANA, CHIARA, createWindow, LAB, problemOf, STUDIO, startSettings } from './settings-world.ts';

const CODE = /[2-9A-Z]{4}-[2-9A-Z]{4}/;

const codeIn = (text: string | undefined): string => CODE.exec(text ?? '')?.[0] ?? '';

it('joins a group to a server by a code, and tells both', async () => {
  const { press, command, stand, says, workspaces, told, discord } = await startSettings();
  await workspaces.share(STUDIO.workspace, STUDIO.chat, 'open-id');
  const message = await stand(STUDIO, { isPrivate: true });
  await press(STUDIO, 's:join:issue', { message });
  const code = codeIn(says(STUDIO));
  expect(says(STUDIO)).toContain(`Telegram  /join ${code}`);
  await command(LAB, 'join', { argument: code.toLowerCase() });
  const shared =
    '✓ Studio (Discord) and Lab (Telegram) are joined.\nThey share 1 TikTok account, reviews, settings and the history. The rules are those of Studio (Discord).';
  expect(says(LAB)).toBe(shared);
  expect(says(STUDIO)).toBe(`${shared}\nAna entered the code.`);
  expect(discord.messages).toHaveLength(2);
  expect(await workspaces.idsOf(LAB.workspace)).toEqual([STUDIO.workspace, LAB.workspace]);
  expect(await told(STUDIO)).toEqual(['Ana joined Lab (Telegram) with Studio (Discord)']);
});

it('shows a code to the presser alone', async () => {
  const { press, telegram, says, stand, discord } = await startSettings();
  const message = await stand(LAB);
  expect(await press(LAB, 's:join:issue', { message })).toBe('The code is in a message to you alone.');
  expect(telegram.whispered).toMatchObject([{ person: ANA }]);
  expect(codeIn(textOf(telegram.whispered[0]?.card))).not.toBe('');
  expect(telegram.show()).toEqual(['card']);
  const place = await stand(STUDIO, { isPrivate: true });
  await press(STUDIO, 's:join:issue', { message: await stand(STUDIO), openPrivately: async () => place });
  expect(discord.show().map((text) => CODE.test(text))).toEqual([true, false]);
  expect(says(STUDIO)).toBe('card');
});

it('shows the code in the note of the press where nobody can be told alone', async () => {
  const { press, command, telegram, says } = await startSettings({ whispers: false });
  const note = await press(LAB, 's:join:issue');
  expect(telegram.show()).toEqual(['card']);
  await command(STUDIO, 'join', { argument: codeIn(note) });
  expect(says(STUDIO)).toContain('The rules are those of Lab (Telegram).');
});

it('takes a code that is typed into a window, and says on the card what is wrong with one', async () => {
  const { press, answer, stand, says, joins } = await startSettings();
  const message = await stand(STUDIO, { isPrivate: true });
  const { asked, ask } = createWindow();
  await press(STUDIO, 's:join:ask', { message, ask });
  expect(asked).toMatchObject([{ subject: 'code:discord:1', title: 'Code from the other chat' }]);
  await answer(STUDIO, 'code:discord:1', 'ABCD-EFGH', message);
  expect(says(STUDIO)).toMatch(/^Settings\nThis code is wrong, used or expired\./);
  const { code } = await joins.issue({ workspace: LAB.workspace, chat: LAB.chat, person: ANA });
  await answer(STUDIO, 'code:discord:1', code, message);
  expect(says(STUDIO)).toContain('are joined');
});

it('does not use a code up where it cannot be entered', async () => {
  const { command, joins, workspaces } = await startSettings();
  const { code } = await joins.issue({ workspace: 'telegram:-9', chat: 'telegram:-9', person: ANA });
  await workspaces.join(LAB.workspace, LAB.chat, STUDIO.workspace);
  for (const frame of [LAB, STUDIO])
    expect(await problemOf(command(frame, 'join', { argument: code }))).toBe('already_joined');
  expect(await joins.redeem(code, { place: LAB.workspace })).toMatchObject({ workspace: 'telegram:-9' });
});

it('makes codes for joined chats only where their rules come from', async () => {
  const { press, command, stand, says, workspaces, joins } = await startSettings();
  const { code } = await joins.issue({ workspace: LAB.workspace, chat: LAB.chat, person: ANA });
  await workspaces.join(LAB.workspace, LAB.chat, STUDIO.workspace);
  const notes: (string | undefined)[] = [];
  const answer = async (note?: string) => void notes.push(note);
  expect(await problemOf(press(LAB, 's:join:issue', { answer }))).toBe('not_root');
  expect(notes).toEqual([expect.stringContaining('Studio (Discord)')]);
  await press(STUDIO, 's:join:issue', { message: await stand(STUDIO, { isPrivate: true }) });
  expect(codeIn(says(STUDIO))).not.toBe('');
  // A code from before it joined would have others join the whole.
  const far = { workspace: 'telegram:-9', chat: 'telegram:-9', chatTitle: 'Far', isPrivate: false };
  await workspaces.meet(far);
  const asked = command({ ...far, id: '1', person: ANA }, 'join', { argument: code });
  expect(await problemOf(asked)).toBe('code_unknown');
  expect(await workspaces.idsOf(far.workspace)).toEqual([far.workspace]);
});

it('refuses unknown codes and its own, and explains what no code says', async () => {
  const { command, joins, says } = await startSettings();
  expect(await problemOf(command(LAB, 'join', { argument: 'nonsense' }))).toBe('code_unknown');
  const { code } = await joins.issue({ workspace: LAB.workspace, chat: LAB.chat, person: ANA });
  expect(await problemOf(command(LAB, 'join', { argument: code }))).toBe('join_itself');
  await command(LAB, 'join');
  expect(says(LAB)).toContain('Enter its code here with /join.');
});

it('looks no code up after five wrong ones in a place, and says when to come back', async () => {
  const { command, press, answer, joins, says, stand, workspaces } = await startSettings();
  const { code } = await joins.issue({ workspace: STUDIO.workspace, chat: STUDIO.chat, person: CHIARA });
  for (let guess = 0; guess < 5; guess += 1)
    expect(await problemOf(command(LAB, 'join', { argument: `guess ${guess}` }))).toBe('code_unknown');
  expect(await problemOf(command(LAB, 'join', { argument: code }))).toBe('too_many_codes');
  const message = await stand(LAB, { isPrivate: true });
  await press(LAB, 's:join:ask', { message, ask: createWindow().ask });
  await answer(LAB, `code:${LAB.workspace}`, code, message);
  expect(says(LAB)).toMatch(/^Settings\nToo many codes were tried\. Try again in an hour\./);
  expect(await workspaces.idsOf(LAB.workspace)).toHaveLength(1);
});

it('separates from either side, and tells the other', async () => {
  for (const [frame, other, person] of [
    [LAB, STUDIO, ANA],
    [STUDIO, LAB, CHIARA],
  ] as const) {
    const { press, workspaces, says, told } = await startSettings();
    await workspaces.join(LAB.workspace, LAB.chat, STUDIO.workspace);
    await press(frame, 's:join:separate:telegram.-5');
    const state =
      'Lab (Telegram) and Studio (Discord) are separate. Each has its own accounts and rules again.';
    expect(says(frame)).toMatch(new RegExp(`^Settings\n${RegExp.escape(state)}`));
    expect(says(other)).toBe(`${person.name} has separated two chats.\n${state}`);
    for (const each of [frame, other]) {
      expect(await workspaces.idsOf(each.workspace)).toEqual([each.workspace]);
      expect(await told(each)).toEqual([`${person.name} separated Lab (Telegram) from Studio (Discord)`]);
    }
  }
});

it('separates nothing that is not joined here', async () => {
  const { press, workspaces, told } = await startSettings();
  await press(LAB, 's:join:separate:discord.1');
  await workspaces.join(LAB.workspace, LAB.chat, STUDIO.workspace);
  const outside = { workspace: 'telegram:-9', chat: 'telegram:-9', chatTitle: 'Far', isPrivate: false };
  await workspaces.meet(outside);
  await workspaces.join(outside.workspace, outside.chat, STUDIO.workspace);
  // One part does not separate another.
  await press(LAB, 's:join:separate:telegram.-9');
  expect(await workspaces.idsOf(LAB.workspace)).toHaveLength(3);
  expect(await told(LAB)).toEqual([]);
});
