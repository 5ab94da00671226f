import pino, { type Logger } from 'pino';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { createBullEngine } from '../../../../src/core/publish/engine/bullmq.ts';
import { createEmbeddedEngine } from '../../../../src/core/publish/engine/embedded.ts';
import type { Engine } from '../../../../src/core/publish/engine/engine.ts';
import { NO_REDIS, type RedisServer, startRedis } from '../../../redis-server.ts';

/** What calls for posts, as the tests of the contract open it. */
export interface EngineKind {
  readonly name: string;
  /** Why it is left out here. */
  readonly skipped: string | undefined;
  /** One on its own, which ends with the test. */
  readonly create: (options?: EngineOptions) => Engine;
}

interface EngineOptions {
  readonly now?: () => number;
  readonly log?: Logger;
}

/** Both kinds, for a file of tests that begins and ends them. */
export function startEngineKinds(): EngineKind[] {
  let server: RedisServer | undefined;
  beforeAll(async () => {
    if (NO_REDIS === undefined) server = await startRedis();
  });
  afterAll(() => server?.stop());
  return [
    { name: 'the embedded engine', skipped: undefined, create: ending(createEmbeddedEngine) },
    {
      name: 'the engine on BullMQ',
      skipped: NO_REDIS,
      create: ending((options) =>
        createBullEngine({ url: server?.newUrl() ?? '', now: options.now, log: options.log }),
      ),
    },
  ];
}

const ending =
  (create: (options: Required<EngineOptions>) => Engine): EngineKind['create'] =>
  ({ now = Date.now, log = pino({ level: 'silent' }) } = {}) => {
    const engine = create({ now, log });
    onTestFinished(() => engine.stop());
    return engine;
  };
