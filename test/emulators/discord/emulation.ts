// Faithful: who the bot is and what everybody may upload. Simplified: one application with one bot, whose ids are the
// same, as with applications of today.

import { createWatch } from '../watch.ts';
import { createVirtualClock } from './clock.ts';
import { createFaults } from './faults.ts';
import { createFiles } from './files.ts';
import type { PrivilegedIntent } from './intents.ts';
import { createMessages } from './messages.ts';
import { createRateLimits, DEFAULT_RATE_LIMITS, type RateLimits } from './rate-limits.ts';
import { createSessions } from './sessions.ts';
import { SERVERS_PER_SHARD } from './shards.ts';
import { createSnowflakes } from './snowflake.ts';
import { createState } from './state.ts';
import type { WireUser } from './wire.ts';

export type EmulatorOptions = {
  token?: string;
  botName?: string;
  /** Switched on in the developer portal; none by default. */
  privilegedIntents?: PrivilegedIntent[];
  heartbeatIntervalMs?: number;
  rateLimits?: Partial<RateLimits>;
  /** Beyond so many servers on a shard Discord wants more shards; 2,500 by default. */
  serversPerShard?: number;
  /** How many shards may begin a session within five seconds; 1 by default, as for all but the biggest bots. */
  maxConcurrency?: number;
  /** What everybody may upload; 20 MiB by default. */
  attachmentLimitBytes?: number;
};

/** Puts together the parts that routes, gateway and people share. */
export function createEmulation(given: EmulatorOptions = {}) {
  const clock = createVirtualClock();
  const ids = createSnowflakes({ clock });
  const watch = createWatch();
  const bot = newUser(ids.next(), given.botName ?? 'Nod', true);
  const state = createState({ bot, applicationId: bot.id });
  const sessions = createSessions({ clock, watch });
  const files = createFiles({ clock, ids });
  const options = {
    privilegedIntents: given.privilegedIntents ?? [],
    heartbeatIntervalMs: given.heartbeatIntervalMs ?? 41_250,
    attachmentLimitBytes: given.attachmentLimitBytes ?? 20 * 1024 * 1024,
    serversPerShard: given.serversPerShard ?? SERVERS_PER_SHARD,
    maxConcurrency: given.maxConcurrency ?? 1,
  };
  let gatewayUrl = '';
  return {
    token:
      given.token ??
      `${Buffer.from(bot.id).toString('base64url')}.GtEsT1.TEST-token-of-the-discord-emulator-42`,
    options,
    clock,
    ids,
    watch,
    state,
    sessions,
    files,
    messages: createMessages({ state, clock, ids, files, sessions, watch }),
    rateLimits: createRateLimits({ clock, limits: { ...DEFAULT_RATE_LIMITS, ...given.rateLimits } }),
    faults: createFaults({ watch }),
    gatewayUrl: () => gatewayUrl,
    setGatewayUrl(url: string) {
      gatewayUrl = url;
    },
    lint: (note: string) => {
      if (!state.lint.includes(note)) state.lint.push(note);
    },
  };
}

export type Emulation = ReturnType<typeof createEmulation>;

/** A user as Discord shows it to others. */
export const newUser = (id: string, username: string, isBot = false, globalName?: string): WireUser => ({
  id,
  username,
  global_name: globalName ?? null,
  discriminator: isBot ? '0001' : '0',
  avatar: null,
  public_flags: 0,
  flags: 0,
  primary_guild: null,
  ...(isBot ? { bot: true } : {}),
});
