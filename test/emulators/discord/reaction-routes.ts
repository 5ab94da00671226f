// Faithful: own, others' and all reactions, pages of users by id, permissions
// (https://discord.com/developers/docs/resources/message#create-reaction).
import { violation } from './component-rules.ts';
import { invalidForm } from './failure.ts';
import { userOf } from './guild-wire.ts';
import type { PermissionName } from './permissions.ts';
import { addReaction, clearReactions, reactionsWith, readEmoji, removeReaction } from './reactions.ts';
import { type Call, noContent, ok, type Reply, type Route } from './routes.ts';
import { compareIds } from './snowflake.ts';
import { reachChannel, reachMessage, refuseArchived } from './standing.ts';

const REACTIONS = '/channels/{channel}/messages/{message}/reactions';
const bucket = 'reactions';

export const reactionRoutes: Route[] = [
  { name: 'createReaction', method: 'PUT', pattern: `${REACTIONS}/{emoji}/@me`, bucket, run: create },
  {
    name: 'deleteOwnReaction',
    method: 'DELETE',
    pattern: `${REACTIONS}/{emoji}/@me`,
    bucket,
    run: (call) => remove(call, call.emulation.state.bot.id),
  },
  {
    name: 'deleteUserReaction',
    method: 'DELETE',
    pattern: `${REACTIONS}/{emoji}/{user}`,
    bucket,
    run: (call) => remove(call, call.param('user'), ['MANAGE_MESSAGES']),
  },
  { name: 'getReactions', method: 'GET', pattern: `${REACTIONS}/{emoji}`, bucket: 'others', run: list },
  {
    name: 'deleteAllReactions',
    method: 'DELETE',
    pattern: REACTIONS,
    bucket,
    run: (call) => {
      clearReactions(call.emulation, reach(call, ['MANAGE_MESSAGES']));
      return noContent;
    },
  },
  {
    name: 'deleteAllReactionsForEmoji',
    method: 'DELETE',
    pattern: `${REACTIONS}/{emoji}`,
    bucket,
    run: (call) => {
      clearReactions(call.emulation, reach(call, ['MANAGE_MESSAGES']), readEmoji(call.param('emoji')));
      return noContent;
    },
  },
];

const reach = ({ emulation, param }: Call, needed: PermissionName[] = []) =>
  reachMessage(emulation, { channelId: param('channel'), messageId: param('message'), needed });

function create(call: Call): Reply {
  const { emulation, param } = call;
  const stored = reach(call, ['READ_MESSAGE_HISTORY']);
  refuseArchived(reachChannel(emulation, param('channel')));
  const emoji = readEmoji(param('emoji'));
  // Only the first reaction of its kind needs the permission.
  if (!reactionsWith(stored, emoji)) reachChannel(emulation, param('channel'), ['ADD_REACTIONS']);
  addReaction(emulation, stored, { userId: emulation.state.bot.id, emoji });
  return noContent;
}

function remove(call: Call, userId: string, needed: PermissionName[] = []): Reply {
  removeReaction(call.emulation, reach(call, needed), { userId, emoji: readEmoji(call.param('emoji')) });
  return noContent;
}

function list(call: Call): Reply {
  const { emulation, param, query } = call;
  const stored = reach(call, ['READ_MESSAGE_HISTORY']);
  const limit = Number(query.get('limit') ?? 25);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100)
    throw invalidForm([violation(['limit'], 'NUMBER_TYPE_MAX', 'int value should be between 1 and 100.')]);
  const isBurst = query.get('type') === '1';
  const after = query.get('after') ?? '0';
  const users = [...(reactionsWith(stored, readEmoji(param('emoji')))?.users ?? [])]
    .filter(([, own]) => own.some((reaction) => reaction.isBurst === isBurst))
    .map(([id]) => id)
    .filter((id) => compareIds(id, after) > 0)
    .sort(compareIds);
  return ok(users.slice(0, limit).map((id) => userOf(emulation.state, id)));
}
