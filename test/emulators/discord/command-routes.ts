// Faithful: replacing a scope's commands keeps the ids of those that stay, upserts by name and type, 200 creates a day
// (https://discord.com/developers/docs/interactions/application-commands#registering-a-command). Missing: permissions
// per command, reading one command.
import {
  ApplicationCommandCreateRequestSchema,
  ApplicationCommandUpdateRequestSchema,
} from 'discord-api-spec/zod';
import { checkCommand, checkCommands } from './command-rules.ts';
import type { CommandRequest } from './command-wire.ts';
import type { Emulation } from './emulation.ts';
import { ApiFailure, invalidForm, missingAccess } from './failure.ts';
import { checkForm } from './form-errors.ts';
import { type Call, noContent, ok, type Reply, type Route } from './routes.ts';
import { reachGuild } from './standing.ts';
import type { CommandEntry } from './state.ts';

const GLOBAL = '/applications/{application}/commands';
const GUILD = '/applications/{application}/guilds/{guild}/commands';
const DAY_MS = 24 * 60 * 60_000;
const CREATES_PER_DAY = 200;
const bucket = 'others';

export const commandRoutes: Route[] = [
  ...[GLOBAL, GUILD].flatMap<Route>((pattern) => [
    {
      name: pattern === GLOBAL ? 'setGlobalCommands' : 'setGuildCommands',
      method: 'PUT',
      pattern,
      bucket,
      run: replaceAll,
    },
    { name: 'createCommand', method: 'POST', pattern, bucket, run: createOne },
    {
      name: 'getCommands',
      method: 'GET',
      pattern,
      bucket,
      run: (call) => ok(inScope(call, scopeOf(call)).map((entry) => commandWire(call.emulation, entry))),
    },
    { name: 'deleteCommand', method: 'DELETE', pattern: `${pattern}/{command}`, bucket, run: deleteOne },
  ]),
];

/** The guild of the request, or undefined for global commands. */
function scopeOf({ emulation, param }: Call): string | undefined {
  if (param('application') !== emulation.state.applicationId) throw missingAccess();
  const guildId = param('guild');
  return guildId ? reachGuild(emulation, guildId).id : undefined;
}

const inScope = ({ emulation }: Call, guildId: string | undefined) =>
  emulation.state.commands.filter((entry) => entry.guildId === guildId);

function replaceAll(call: Call): Reply {
  const { emulation, body } = call;
  const guildId = scopeOf(call);
  if (!Array.isArray(body))
    throw new ApiFailure(400, 50035, 'Invalid Form Body', {
      errors: {
        _errors: [{ code: 'LIST_TYPE_CONVERT', message: 'Only iterables may be used in a ListType' }],
      },
    });
  const requests = checkEach(body);
  checkCommands(requests, { isGlobal: guildId === undefined });
  const next = requests.map((request) => upsert(call, request, guildId));
  emulation.state.commands = [
    ...emulation.state.commands.filter((entry) => entry.guildId !== guildId),
    ...next,
  ];
  emulation.watch.changed();
  return ok(next.map((entry) => commandWire(emulation, entry)));
}

/** Violations of a list carry the index of the command. */
function checkEach(body: unknown[]): CommandRequest[] {
  return body.map((item, index) => {
    try {
      return checkForm(ApplicationCommandUpdateRequestSchema, withNumericPermissions(item));
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      throw new ApiFailure(400, 50035, error.message, { errors: { [index]: error.extra.errors } });
    }
  });
}

/** The documented form is a string of a bit set, the published schema wants a number. */
function withNumericPermissions(item: unknown): unknown {
  if (typeof item !== 'object' || item === null || !('default_member_permissions' in item)) return item;
  const { default_member_permissions: bits } = item;
  if (typeof bits !== 'string' || !/^\d+$/.test(bits)) return item;
  return { ...item, default_member_permissions: Number(bits) };
}

function createOne(call: Call): Reply {
  const { emulation, body } = call;
  const guildId = scopeOf(call);
  const request = checkForm(ApplicationCommandCreateRequestSchema, withNumericPermissions(body));
  const violations = checkCommand(request, [], guildId === undefined);
  if (violations.length > 0) throw invalidForm(violations);
  const old = find(call, request, guildId);
  const entry = upsert(call, request, guildId);
  emulation.state.commands = [...emulation.state.commands.filter((other) => other !== old), entry];
  emulation.watch.changed();
  return { status: old ? 200 : 201, body: commandWire(emulation, entry) };
}

function deleteOne(call: Call): Reply {
  const guildId = scopeOf(call);
  const entry = inScope(call, guildId).find(({ id }) => id === call.param('command'));
  if (!entry) throw new ApiFailure(404, 10063, 'Unknown application command');
  call.emulation.state.commands = call.emulation.state.commands.filter((other) => other !== entry);
  return noContent;
}

const find = (call: Call, { name, type }: CommandRequest, guildId: string | undefined) =>
  inScope(call, guildId).find((entry) => entry.request.name === name && entry.type === (type ?? 1));

function upsert(call: Call, request: CommandRequest, guildId: string | undefined): CommandEntry {
  const { ids } = call.emulation;
  const old = find(call, request, guildId);
  if (old && JSON.stringify(old.request) === JSON.stringify(request)) return old;
  if (!old) countCreate(call.emulation, guildId);
  return {
    id: old?.id ?? ids.next(),
    version: ids.next(),
    type: request.type ?? 1,
    request,
    ...(guildId ? { guildId } : {}),
  };
}

function countCreate({ state, clock }: Emulation, guildId = 'global') {
  const recent = (state.commandCreates.get(guildId) ?? []).filter((at) => at > clock.now() - DAY_MS);
  if (recent.length >= CREATES_PER_DAY)
    throw new ApiFailure(
      429,
      30034,
      'Max number of daily application command creates has been reached (200)',
      { retry_after: 60, global: false },
      { 'Retry-After': '60' },
    );
  state.commandCreates.set(guildId, [...recent, clock.now()]);
}

/** A registered command as routes show it. */
export function commandWire({ state }: Emulation, { id, version, type, guildId, request }: CommandEntry) {
  const {
    default_member_permissions: permissions,
    contexts,
    integration_types,
    options,
    dm_permission,
    ...rest
  } = request;
  return {
    ...rest,
    id,
    application_id: state.applicationId,
    version,
    type,
    description: request.description ?? '',
    default_member_permissions:
      permissions === null || permissions === undefined ? null : String(permissions),
    nsfw: false,
    ...(options ? { options } : {}),
    ...(guildId
      ? { guild_id: guildId }
      : {
          contexts: contexts ?? null,
          integration_types: integration_types ?? [0],
          dm_permission: dm_permission ?? true,
        }),
  };
}
