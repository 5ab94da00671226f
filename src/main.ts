import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { loadEnvFile } from 'node:process';
import pino, { type Logger } from 'pino';
import { startApp } from './app.ts';
import { type Config, ConfigError, readConfig } from './config.ts';
import { chatLine, welcomeText } from './welcome.ts';

if (existsSync('.env')) loadEnvFile('.env');

const config = readSettings();
if (config !== undefined) await run(config, pino({ level: config.logLevel }));

function readSettings(): Config | undefined {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
    return undefined;
  }
}

/** Runs until a signal or a fatal error; a second signal ends the process at once. */
async function run(config: Config, log: Logger): Promise<void> {
  const stopping = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopping.abort(name));
  function onFatal(error: Error): void {
    log.fatal({ err: error }, error.message);
    process.exitCode = 1;
    stopping.abort('a fatal error');
  }

  try {
    await using app = await startApp({
      config,
      log,
      onFatal,
      onLateChat: (chat, { claimCode }) => console.log(chatLine(chat, { claimCode })),
      signal: stopping.signal,
      isClaimWanted: process.argv.includes('--claim'),
    });
    if (!stopping.signal.aborted) {
      log.info({ url: app.url, publicUrl: config.publicUrl }, 'Nod is ready');
      console.log(welcomeText(app, config));
      await once(stopping.signal, 'abort');
    }
    log.info({ why: stopping.signal.reason }, 'Nod is stopping');
  } catch (error) {
    log.fatal({ err: error }, error instanceof Error ? error.message : 'Nod failed');
    process.exitCode = 1;
  }
}
