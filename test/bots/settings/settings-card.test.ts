import { expect, it } from 'vitest';
import { buttonRow, type Card } from '../../../src/bots/platform.ts';
import {
  changesText,
  codeCard,
  codeNote,
  joinedCard,
  joinedNews,
  type SettingsView,
  settingsCard,
} from '../../../src/bots/settings/settings-card.ts';
import { defaultPolicy, type ReviewPolicy } from '../../../src/core/review/review.ts';
import { pressesOf, printed } from '../cards/subjects.ts';

const NOW = Date.UTC(2026, 10, 22, 17, 2);
const BEN = { id: 'telegram:2', name: 'Ben' };
const CHIARA = { id: 'discord:30', name: 'Chiara' };
const EDITORS = { id: 'discord:40', name: 'Editors' };
const LAB = { id: 'telegram:-5', title: 'Lab', chat: 'telegram:-5' };
const STUDIO = { id: 'discord:1', title: 'Studio', chat: 'discord:10' };

function view(policy: Partial<ReviewPolicy> = {}, changes: Partial<SettingsView> = {}): SettingsView {
  return {
    workspace: LAB.id,
    chat: LAB.chat,
    isPrivate: false,
    places: [LAB],
    isOperator: false,
    now: NOW,
    stats: false,
    settings: {
      policy: { ...defaultPolicy({ isPrivate: false }), ...policy },
      timeZone: 'Europe/Berlin',
      weeklyDigest: false,
    },
    ...changes,
  };
}

/** With the menus of roles and people as one button each. */
function print(card: Card): string {
  const rows = card.rows.map((row) =>
    row.type === 'picker'
      ? buttonRow({ label: `${row.prompt}: ${row.picked.join(', ')}`, press: row.press })
      : row,
  );
  return printed({ ...card, rows });
}

const inStudio = { workspace: STUDIO.id, chat: STUDIO.chat, places: [STUDIO] };

it('shows the rules of a group', () => {
  expect(print(settingsCard(view({ approvals: 2, people: [BEN] })))).toBe(
    [
      'Settings',
      '',
      'Approvals  2 before a post goes out',
      'Administrators of this group  may approve',
      'Approvers by name  Ben',
      'The author’s own vote  does not count',
      'One rejection  ends a review',
      'A review stays open for  72 h',
      'Reviews of posts from here are shown  where each was posted',
      'Time zone  Europe/Berlin, 18:02 now',
      '',
      'Changes apply to posts that are submitted from now on, and to reviews that nobody could decide.',
      'To name somebody, reply to a message of theirs with /approver.',
      '[Off] [1] [● 2] [3] [4] [5] [6] [7] [8] [9] [10]',
      '[✕ Ben]',
      '[☑ Administrators approve]',
      '[☐ Author’s own vote counts]',
      '[☑ One rejection is final]',
      '[24 h] [● 72 h] [7 days]',
      '[Show reviews here]',
      '[Time zone…]',
      '[Join another chat…] [I have a code…]',
    ].join('\n'),
  );
});

it('shows the rules of a server, with menus of its own people and buttons for others', () => {
  const policy = { roles: [EDITORS], people: [BEN, CHIARA], managersVote: false, openHours: 168 };
  expect(print(settingsCard(view(policy, inStudio)))).toBe(
    [
      'Settings',
      '',
      'Approvals  1 before a post goes out',
      'People with Manage Server  may not approve',
      'Roles that may approve  Editors',
      'Approvers by name  Ben and Chiara',
      'The author’s own vote  does not count',
      'One rejection  ends a review',
      'A review stays open for  7 days',
      'Reviews of posts from here are shown  where each was posted',
      'Time zone  Europe/Berlin, 18:02 now',
      '',
      'Changes apply to posts that are submitted from now on, and to reviews that nobody could decide.',
      '[Off] [● 1 approval] [2 approvals] [3 approvals] [4 approvals] [5 approvals] [6 approvals] [7 approvals] [8 approvals] [9 approvals] [10 approvals]',
      '[Roles that may approve: discord:40]',
      '[Approvers by name: discord:30]',
      '[✕ Ben]',
      '[☐ People with Manage Server approve] [☐ Author’s own vote counts] [☑ One rejection is final]',
      '[Open for 24 h] [Open for 72 h] [● Open for 7 days]',
      '[Show reviews here]',
      '[Time zone…]',
      '[Join another chat…] [I have a code…]',
    ].join('\n'),
  );
});

it('shows only what matters while reviews are off', () => {
  expect(print(settingsCard(view({ approvals: 0, people: [BEN] })))).toBe(
    [
      'Settings',
      '',
      'Approvals  off, posts go out without a review',
      'Time zone  Europe/Berlin, 18:02 now',
      '',
      'Changes apply to posts that are submitted from now on.',
      '[● Off] [1] [2] [3] [4] [5] [6] [7] [8] [9] [10]',
      '[Time zone…]',
      '[Join another chat…] [I have a code…]',
    ].join('\n'),
  );
});

it('offers a private chat no reviews, which nobody else could decide, unless they are on', () => {
  const alone = { isPrivate: true, workspace: 'telegram:1', chat: 'telegram:1', places: [] };
  const off = print(settingsCard(view({ approvals: 0 }, alone)));
  expect(off).not.toContain('Approvals');
  expect(off.endsWith('\n[Time zone…]')).toBe(true);
  const on = print(settingsCard(view({ approvals: 1 }, alone)));
  expect(on).toContain('[Off] [● 1]');
  expect(on).not.toMatch(/Join|Reviews of posts/);
});

it('says whose rules hold in joined chats, and lets each be separated', () => {
  const places = [STUDIO, LAB];
  const joined = print(settingsCard(view({}, { places })));
  expect(joined).toContain(
    'Administrators of this group and people with Manage Server on Discord  may approve',
  );
  expect(joined).toContain(
    'Joined with  Studio (Discord)\nThe rules are those of Studio (Discord); a change here changes them there.',
  );
  expect(joined.endsWith('\n[Time zone…]\n[Separate this chat]')).toBe(true);
  const root = print(settingsCard(view({}, { ...inStudio, places })));
  expect(root).toContain('Joined with  Lab (Telegram)\nThe rules of this chat hold there as well.');
  expect(root.endsWith('\n[Join another chat…]\n[Separate Lab (Telegram)]')).toBe(true);
});

it('says where reviews are shown', () => {
  const at = (reviewChat: string) => print(settingsCard(view({}, { places: [{ ...LAB, reviewChat }] })));
  expect(at('telegram:-5')).toContain('from here are shown  here');
  expect(at('telegram:-5')).not.toContain('[Show reviews here]');
  expect(at('telegram:-5:7')).toContain('from here are shown  in another channel or topic');
  expect(at('telegram:-5:7')).toContain('[Show reviews here] [Show reviews where posted]');
});

it('counts the rejections that it takes', () => {
  const lines = print(settingsCard(view({ approvals: 3, rejectionIsFinal: false, authorVotes: true })));
  expect(lines).toContain('3 rejections  end a review');
  expect(lines).toContain('The author’s own vote  counts');
});

it('keeps every button within 64 bytes', () => {
  const person = { id: 'discord:12345678901234567890', name: 'Zoë' };
  const place = { id: 'telegram:-1001234567890123', title: 'Far', chat: 'telegram:-1001234567890123' };
  const policy = { people: [person], roles: [EDITORS] };
  for (const changes of [{}, inStudio, { places: [LAB, place] }]) {
    const presses = pressesOf(settingsCard(view(policy, changes)));
    expect(presses.length).toBeGreaterThan(15);
    for (const press of presses) expect(Buffer.byteLength(press)).toBeLessThanOrEqual(64);
  }
});

it('shows a code with the way to use it', () => {
  expect(print(codeCard('ABCD-EFGH', { back: true }))).toBe(
    [
      'Code for another chat  ABCD-EFGH',
      '',
      'It is good for one hour and for one chat. Who manages that chat enters it there:',
      'Discord  /tiktok join ABCD-EFGH',
      'Telegram  /join ABCD-EFGH',
      '',
      'Then both share TikTok accounts and reviews, by the rules of this chat.',
      'Give it to nobody else: whoever has it can join a chat of theirs.',
      '[Settings]',
    ].join('\n'),
  );
  expect(codeNote('ABCD-EFGH').length).toBeLessThanOrEqual(200);
});

it('says what joined chats share', () => {
  const shared = { places: [STUDIO, LAB], accounts: 2 };
  expect(print(joinedCard(shared))).toBe(
    [
      '✓ Studio (Discord) and Lab (Telegram) are joined.',
      'They share 2 TikTok accounts, reviews, settings and the history. The rules are those of Studio (Discord).',
      '[Settings]',
    ].join('\n'),
  );
  expect(print(joinedNews({ ...shared, person: BEN }))).toContain('\nBen entered the code.');
});

it('puts a change into words', () => {
  const { settings } = view({ people: [BEN] });
  const { policy } = settings;
  const after = (changes: Partial<ReviewPolicy>) =>
    changesText(settings, { ...settings, policy: { ...policy, ...changes } });
  expect(after({})).toBeUndefined();
  expect(after({ approvals: 0 })).toBe('approvals: 1 → off');
  expect(after({ people: [BEN, CHIARA] })).toBe('people who may approve: Ben → Ben, Chiara');
  expect(after({ managersVote: false, openHours: 168 })).toBe(
    'managers may approve: yes → no, reviews stay open: 72 h → 7 days',
  );
  expect(changesText(settings, { ...settings, timeZone: 'UTC' })).toBe('time zone: Europe/Berlin → UTC');
});
