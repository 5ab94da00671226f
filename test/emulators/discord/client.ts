// Part of the emulator's own tests: a real discord.js client.
import { Client, type ClientOptions, Events, GatewayIntentBits, type RESTOptions } from 'discord.js';
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
    rest: { api: discord.apiUrl, makeRequest: overFetch, ...options.rest },
  });
  const ready = new Promise<void>((resolve) => client.once(Events.ClientReady, () => resolve()));
  await client.login(discord.token);
  await ready;
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.destroy() });
}

/**
 * The library sends through undici's global dispatcher, which belongs to whichever undici this process has loaded last; that
 * one may take no form of ours.
 */
const overFetch: RESTOptions['makeRequest'] = (url, { method, headers, body, signal }) =>
  fetch(url, { method, headers, body, signal } as RequestInit).catch((error) => {
    // The library looks for the system's code, which fetch wraps.
    throw error instanceof TypeError && error.cause instanceof Error ? error.cause : error;
  });
