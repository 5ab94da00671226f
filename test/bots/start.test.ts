import pino from 'pino';
import { expect, it } from 'vitest';
import { type Bot, ChatRefusedError, type StartOptions } from '../../src/bots/platform.ts';
import { createStarter } from '../../src/bots/start.ts';
import { createPaperBot } from './paper-bot.ts';

/** A chat whose platform answers when the test wants it to. */
function chatOf(platform: Bot['platform']) {
  const taken = Promise.withResolvers<void>();
  let connection: ReturnType<Bot['connection']> = 'connecting';
  let options: StartOptions = {};
  const bot: Bot = {
    ...createPaperBot({ platform }).bot,
    connection: () => connection,
    openUrl: () => (connection === 'connected' ? `https://${platform}.example` : undefined),
    start(_, given = {}) {
      options = given;
      return taken.promise;
    },
  };
  return {
    bot,
    come() {
      connection = 'connected';
      taken.resolve();
    },
    stayAway() {
      connection = 'away';
      options.onAway?.();
    },
    refuse() {
      connection = 'refused';
      taken.reject(new ChatRefusedError(`${platform} refuses its token.`));
    },
    fail: (error: Error) => taken.reject(error),
  };
}

function setUp({ patienceMs }: { patienceMs?: number } = {}) {
  const telegram = chatOf('telegram');
  const discord = chatOf('discord');
  const late = Promise.withResolvers<unknown>();
  const fatal = Promise.withResolvers<Error>();
  const starter = createStarter({
    bots: [telegram.bot, discord.bot],
    onLate: late.resolve,
    onFatal: fatal.resolve,
    ...(patienceMs !== undefined && { patienceMs }),
    log: pino({ level: 'silent' }),
  });
  return { telegram, discord, starter, late: late.promise, fatal: fatal.promise };
}

const receive = async () => {};
const COME = { platform: 'telegram', connection: 'connected', url: 'https://telegram.example' };

it('waits for chats that come, and for none that is away', async () => {
  const { telegram, discord, starter, late } = setUp();
  const started = starter.start(receive, {});
  discord.stayAway();
  telegram.come();
  await started;
  expect(starter.states()).toMatchObject([COME, { platform: 'discord', connection: 'away', url: undefined }]);
  discord.come();
  expect(await late).toMatchObject({ platform: 'discord', url: 'https://discord.example' });
});

it('waits some seconds at most for a chat of which nothing is heard', async () => {
  const { telegram, starter, late } = setUp({ patienceMs: 1 });
  await starter.start(receive, {});
  expect(starter.states()).toMatchObject([{ connection: 'connecting' }, { connection: 'connecting' }]);
  telegram.come();
  expect(await late).toMatchObject(COME);
});

it('goes on without a chat that refuses our bot, and says why it does', async () => {
  const { telegram, discord, starter } = setUp();
  const started = starter.start(receive, {});
  discord.refuse();
  telegram.come();
  await started;
  expect(starter.states()).toMatchObject([COME, { problem: 'discord refuses its token.' }]);
});

it('fails where all refuse our bot, and where something is a bug', async () => {
  const refused = setUp();
  const started = refused.starter.start(receive, {});
  refused.discord.refuse();
  refused.telegram.refuse();
  await expect(started).rejects.toThrow('telegram refuses its token.');
  const broken = setUp();
  const failing = broken.starter.start(receive, {});
  broken.telegram.fail(new TypeError('A bug.'));
  await expect(failing).rejects.toThrow('A bug.');
});

it('ends when the last chat refuses our bot after the start', async () => {
  const { telegram, discord, starter, fatal } = setUp({ patienceMs: 1 });
  await starter.start(receive, {});
  telegram.refuse();
  discord.refuse();
  expect(await fatal).toHaveProperty('message', 'discord refuses its token.');
});
