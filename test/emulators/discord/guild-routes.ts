// Faithful: guilds, members, roles, channels and direct channels as routes show them; fresh links
// (https://discord.com/developers/docs/resources/guild). Simplified: refresh-urls is known from practice only; it
// revives nothing ephemeral here. Missing: changing anything.
import { CreatePrivateChannelRequestSchema } from 'discord-api-spec/zod';
import { violation } from './component-rules.ts';
import { openDm } from './dm.ts';
import { ApiFailure, invalidForm, unknownMember, unknownUser } from './failure.ts';
import { checkForm } from './form-errors.ts';
import { IDENTIFIES_PER_DAY, identifiesLeft, joinedGuilds } from './gateway.ts';
import { guildWire, memberWire } from './guild-wire.ts';
import { type Call, noContent, ok, type Reply, type Route } from './routes.ts';
import { shardsFor } from './shards.ts';
import { openThread, reachChannel, reachGuild, sendRight } from './standing.ts';

const DAY_MS = 24 * 60 * 60_000;

const get = (name: string, pattern: string, run: Route['run']): Route => ({
  name,
  method: 'GET',
  pattern,
  bucket: 'others',
  run,
});

export const guildRoutes: Route[] = [
  get('getGatewayBot', '/gateway/bot', getGatewayBot),
  get('getCurrentUser', '/users/@me', ({ emulation: { state } }) =>
    ok({ ...state.bot, mfa_enabled: true, locale: 'en-US', verified: true, email: null }),
  ),
  get('getUser', '/users/{user}', ({ emulation: { state }, param }) => {
    const user = param('user') === state.bot.id ? state.bot : state.users.get(param('user'))?.user;
    if (!user) throw unknownUser();
    return ok(user);
  }),
  get('getCurrentApplication', '/applications/@me', ({ emulation: { state } }) =>
    ok({
      id: state.applicationId,
      name: state.bot.username,
      description: '',
      icon: null,
      bot: state.bot,
      flags: 0,
    }),
  ),
  get('getGuild', '/guilds/{guild}', ({ emulation, param }) =>
    ok(guildWire(reachGuild(emulation, param('guild')))),
  ),
  get('getGuildRoles', '/guilds/{guild}/roles', ({ emulation, param }) =>
    ok([...reachGuild(emulation, param('guild')).roles.values()]),
  ),
  get('getGuildChannels', '/guilds/{guild}/channels', ({ emulation, param }) => {
    const guild = reachGuild(emulation, param('guild'));
    return ok(
      [...emulation.state.channels.values()]
        .filter(({ guildId }) => guildId === guild.id)
        .map(({ channel }) => channel),
    );
  }),
  get('getGuildMember', '/guilds/{guild}/members/{user}', ({ emulation, param }) => {
    const guild = reachGuild(emulation, param('guild'));
    const member = guild.members.get(param('user'));
    if (!member) throw emulation.state.users.has(param('user')) ? unknownMember() : unknownUser();
    return ok(memberWire(emulation, member));
  }),
  get('getChannel', '/channels/{channel}', ({ emulation, param }) =>
    ok(reachChannel(emulation, param('channel')).channel),
  ),
  {
    name: 'modifyChannel',
    method: 'PATCH',
    pattern: '/channels/{channel}',
    bucket: 'others',
    run: unarchive,
  },
  {
    name: 'leaveGuild',
    method: 'DELETE',
    pattern: '/users/@me/guilds/{guild}',
    bucket: 'others',
    run: ({ emulation, param }) => {
      const guild = reachGuild(emulation, param('guild'));
      guild.members.delete(emulation.state.bot.id);
      emulation.sessions.dispatch('GUILD_DELETE', { id: guild.id });
      return noContent;
    },
  },
  { name: 'createDm', method: 'POST', pattern: '/users/@me/channels', bucket: 'others', run: createDm },
  {
    name: 'refreshUrls',
    method: 'POST',
    pattern: '/attachments/refresh-urls',
    bucket: 'others',
    run: refreshUrls,
  },
];

function getGatewayBot({ emulation }: Call): Reply {
  const oldest = emulation.state.identifies.find((at) => at > emulation.clock.now() - DAY_MS);
  return ok({
    url: emulation.gatewayUrl(),
    shards: shardsFor(
      joinedGuilds(emulation).map(({ id }) => id),
      emulation.options.serversPerShard,
    ),
    session_start_limit: {
      total: IDENTIFIES_PER_DAY,
      remaining: Math.max(0, identifiesLeft(emulation)),
      reset_after: oldest === undefined ? 0 : Math.ceil(oldest + DAY_MS - emulation.clock.now()),
      max_concurrency: emulation.options.maxConcurrency,
    },
  });
}

function createDm({ emulation, body }: Call): Reply {
  const { recipient_id: id } = checkForm(CreatePrivateChannelRequestSchema, body);
  if (!id) throw invalidForm([violation(['recipient_id'], 'BASE_TYPE_REQUIRED', 'This field is required')]);
  if (id === emulation.state.bot.id) throw new ApiFailure(400, 50007, 'Cannot send messages to this user');
  if (!emulation.state.users.has(id)) throw unknownUser();
  return ok(openDm(emulation, id).channel);
}

function refreshUrls({ emulation, body }: Call): Reply {
  const urls: unknown =
    typeof body === 'object' && body !== null && 'attachment_urls' in body ? body.attachment_urls : [];
  const list = Array.isArray(urls) ? urls.map(String) : [];
  if (list.length < 1 || list.length > 50)
    throw invalidForm([
      violation(['attachment_urls'], 'BASE_TYPE_BAD_LENGTH', 'Must be between 1 and 50 in length.'),
    ]);
  return ok({
    refreshed_urls: list.map((original) => ({
      original,
      refreshed: emulation.files.refresh(original) ?? null,
    })),
  });
}

/** Whoever may send into an archived thread may open it again, unless it is locked. */
function unarchive({ emulation, param }: Call): Reply {
  const seen = reachChannel(emulation, param('channel'));
  const entry = reachChannel(emulation, param('channel'), [sendRight(seen)]);
  openThread(emulation, entry);
  return ok(entry.channel);
}
