import type { MessageReactionUpdated, ReactionType } from 'grammy/types';
import { expect, it } from 'vitest';
import { fromReaction, fromRights } from '../../../src/bots/telegram/reactions.ts';

const chat = { id: -7, type: 'group' as const, title: 'Team' };
const ana = { id: 1, is_bot: false, first_name: 'Ana' };

function reacted(changes: Partial<MessageReactionUpdated>) {
  const change = { chat, message_id: 5, date: 0, old_reaction: [], new_reaction: [], user: ana };
  return fromReaction(1, { ...change, ...changes });
}

/** As Telegram might spell it some day; the types know its list of today. */
const spelled = (emoji: string): ReactionType => JSON.parse(JSON.stringify({ type: 'emoji', emoji }));

it('knows a thumb in every look, and no other emoji', () => {
  for (const emoji of ['👍', '👍️', '👍🏽'])
    expect(reacted({ new_reaction: [spelled(emoji)] }), emoji).toMatchObject([{ marks: { approve: true } }]);
  expect(reacted({ new_reaction: [spelled('👎🏿')] })).toMatchObject([{ marks: { reject: true } }]);
  for (const emoji of ['👌', '💯', '✅', '👍👎'])
    expect(reacted({ new_reaction: [spelled(emoji)] }), emoji).toEqual([]);
  expect(reacted({ new_reaction: [{ type: 'custom_emoji', custom_emoji_id: '👍' }] })).toEqual([]);
  const inAnotherLook = reacted({ new_reaction: [spelled('👍')], old_reaction: [spelled('👍🏽')] });
  expect(inAnotherLook).toMatchObject([{ marks: { approve: true, reject: false } }]);
});

it('hears nothing from bots, from nobody, and from other places than groups', () => {
  const new_reaction = [spelled('👍')];
  expect(reacted({ new_reaction, user: { ...ana, is_bot: true } })).toEqual([]);
  const { user: _, ...nobody } = { chat, message_id: 5, date: 0, old_reaction: [], user: ana };
  expect(fromReaction(1, { ...nobody, new_reaction })).toEqual([]);
  const ownChat = { id: 1, type: 'private' as const, first_name: 'Ana' };
  expect(reacted({ new_reaction, chat: ownChat })).toEqual([]);
  expect(reacted({ new_reaction, chat: { id: -8, type: 'channel', title: 'News' } })).toEqual([]);
});

it('names the group when an anonymous administrator changes our status, and keeps quiet about anything less', () => {
  const bot = { id: 9, is_bot: true, first_name: 'Nod' };
  const anonymous = { id: 1087968824, is_bot: true, first_name: 'Group' };
  const member = { status: 'member' as const, user: bot };
  const left = { status: 'left' as const, user: bot };
  const change = { chat, date: 0, old_chat_member: left, new_chat_member: member };
  expect(fromRights(1, { ...change, from: ana })).toMatchObject([
    { type: 'rights', person: { id: 'telegram:1', name: 'Ana' } },
  ]);
  expect(fromRights(1, { ...change, from: anonymous })).toMatchObject([
    { person: { id: 'telegram:-7', name: 'Team' } },
  ]);
  expect(fromRights(1, { ...change, from: ana, old_chat_member: member })).toEqual([]);
});
