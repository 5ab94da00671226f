// Part of the emulator's own tests: a real discord.js client.
import { Client, type ClientOptions, Events, GatewayIntentBits } from 'discord.js';
import type { DiscordEmulator } from './index.ts';

/** Logs a client in and resolves when it is ready; disposing destroys it. */
export async function startClient(discord: DiscordEmulator, options: Partial<ClientOptions> = {}) {
  const client = new Client({
    intents: [
      GatewayIntentBits.Guilds,
      GatewayIntentBits.GuildMessages,
      GatewayIntentBits.GuildMessageReactions,
      GatewayIntentBits.DirectMessages,
      GatewayIntentBits.DirectMessageReactions,
    ],
    ...options,
    rest: { api: discord.apiUrl, ...options.rest },
  });
  const ready = new Promise<void>((resolve) => client.once(Events.ClientReady, () => resolve()));
  await client.login(discord.token);
  await ready;
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.destroy() });
}
