// Faithful: who the bot is and whom it may write to. Simplified: one bot with privacy mode on.
import type { UserFromGetMe } from 'grammy/types';
import { createWatch } from '../watch.ts';
import { createVirtualClock } from './clock.ts';
import { createFaults } from './faults.ts';
import { createFiles, type LocalServer } from './files.ts';
import { createFlood, type FloodLimits } from './flood.ts';
import { createMessages } from './messages.ts';
import { createState } from './state.ts';
import { createUpdates } from './updates.ts';

export type EmulatorOptions = {
  /** Another token than the default test token; its number before the colon is the bot's id. */
  token?: string;
  botUsername?: string;
  /** Off by default, as with BotFather's default privacy mode: the bot sees only what is meant for it in groups. */
  canReadAllGroupMessages?: boolean;
  flood?: Partial<FloodLimits>;
  /** How long a callback query can be answered. */
  callbackLifetimeMs?: number;
  /** A server of one's own that runs with `--local`; Telegram's cloud by default. */
  local?: LocalServer;
};

/** Puts together the parts that methods and people share. */
export function createEmulation(options: EmulatorOptions = {}) {
  const token = options.token ?? '123456:TEST-token_of_the_emulator-abcdefgh';
  const bot: UserFromGetMe = {
    id: Number(token.split(':')[0]),
    is_bot: true,
    first_name: 'Nod',
    username: options.botUsername ?? 'nod_test_bot',
    can_join_groups: true,
    can_read_all_group_messages: options.canReadAllGroupMessages ?? false,
    supports_guest_queries: false,
    supports_inline_queries: false,
    can_connect_to_business: false,
    has_main_web_app: false,
    has_topics_enabled: false,
    allows_users_to_create_topics: false,
    can_manage_bots: false,
    supports_join_request_queries: false,
  };
  const clock = createVirtualClock();
  const watch = createWatch();
  const state = createState(bot);
  const updates = createUpdates({ clock, watch, firstId: 100_001 });
  const limits: FloodLimits = { chatPerSecond: 30, groupPerMinute: false, ...options.flood };
  return {
    token,
    clock,
    watch,
    state,
    updates,
    files: createFiles({ clock, token, local: options.local }),
    messages: createMessages({ state, clock, watch }),
    flood: createFlood({ clock, limits }),
    faults: createFaults({ updates, watch }),
    callbackLifetimeMs: options.callbackLifetimeMs ?? 150_000,
    lint: (note: string) => {
      if (!state.lint.includes(note)) state.lint.push(note);
    },
  };
}

export type Emulation = ReturnType<typeof createEmulation>;
