import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { loadEnvFile } from 'node:process';
import pino, { type Logger } from 'pino';
import { startApp } from './app.ts';
import { ChatRefusedError } from './bots/platform.ts';
import { commandIn } from './commands.ts';
import { type Config, ConfigError, readConfig, readPlace, SETTINGS } from './config.ts';
import { LeaseLostError } from './core/cluster/cluster.ts';
import { StartError } from './core/start-error.ts';
import { misspeltSettings } from './misspelt-settings.ts';
import { readableLine } from './readable-log.ts';
import { chatLine, welcomeText } from './welcome.ts';

/** The process: starts Nod, or does what the command line says. */
export async function main(): Promise<void> {
  if (existsSync('.env')) loadEnvFile('.env');
  const command = commandIn(process.argv.slice(2));
  await (command === undefined ? start() : runCommand(command));
}

async function start(): Promise<void> {
  const config = readSettings();
  if (config !== undefined) await run(config, createLog(config));
}

/** Does one thing and ends; what it says stands beside its output. */
async function runCommand(command: NonNullable<ReturnType<typeof commandIn>>): Promise<void> {
  try {
    const said = await command(readPlace(process.env));
    if (said !== undefined) console.error(said);
  } catch (error) {
    const isSaid = error instanceof StartError || error instanceof ConfigError;
    console.error(isSaid ? error.message : error);
    process.exitCode = 1;
  }
}

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

/** Lines of JSON for programs, readable ones for who looks on. */
function createLog({ logLevel: level }: Config): Logger {
  if (!process.stdout.isTTY) return pino({ level });
  return pino({ level }, { write: (line) => void process.stdout.write(readableLine(line)) });
}

/** Runs until a signal or a fatal error; a second signal ends the process at once. */
async function run(config: Config, log: Logger): Promise<void> {
  const stopping = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopping.abort(name));
  function onFatal(error: Error): void {
    tell(error);
    // Another process does all of it by now, and nothing that is under way here may get in its way.
    if (error instanceof LeaseLostError) process.exit();
    stopping.abort('a fatal error');
  }

  /** What an operator can mend is one sentence. */
  function tell(error: unknown): void {
    process.exitCode = 1;
    if (error instanceof StartError) console.error(error.message);
    else if (error instanceof ChatRefusedError) log.fatal(error.message);
    else log.fatal({ err: error }, error instanceof Error ? error.message : 'Nod failed');
  }

  for (const { name, meant } of misspeltSettings(process.env, SETTINGS))
    log.warn(`${name} is set, which Nod does not know: is ${meant} meant?`);

  try {
    await using app = await startApp({
      config,
      log,
      onFatal,
      onLateChat: (chat, { claimCode }) => console.log(chatLine(chat, { claimCode })),
      signal: stopping.signal,
      isClaimWanted: process.argv.includes('--claim'),
      isNewKeyWanted: process.argv.includes('--new-key'),
    });
    if (!stopping.signal.aborted) {
      log.info({ url: app.url, publicUrl: config.publicUrl }, 'Nod is ready');
      // Node does it when it ends, to which a process that is killed never comes.
      flushCompileCache();
      console.log(welcomeText(app, config));
      await once(stopping.signal, 'abort');
    }
    log.info({ why: stopping.signal.reason }, 'Nod is stopping');
  } catch (error) {
    tell(error);
  }
}
