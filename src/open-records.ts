import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { openStores, type RunStatement, type Stores } from './core/storage/database.ts';

/** Opens the records where the settings have them: in a file, or in Redis, whose client is loaded only then. */
export async function openRecords({
  config: { redisUrl, isDataExpected },
  file,
  isReadOnly = false,
  onStatement,
  onFailure,
  log,
}: {
  config: Pick<Config, 'redisUrl' | 'isDataExpected'>;
  file: string;
  isReadOnly?: boolean;
  onStatement?: ((statement: RunStatement) => void) | undefined;
  /** Told of every statement that the database could not run. */
  onFailure?: ((error: unknown) => void) | undefined;
  log?: Pick<Logger, 'info' | 'warn' | 'error'>;
}): Promise<Stores> {
  if (redisUrl === undefined)
    return openStores({
      file,
      isReadOnly,
      onStatement,
      onFailure,
      onUnreadable: (record) =>
        log?.error(record, 'A record cannot be read; it was moved to the table “unreadable” of the database'),
    });
  const { openRedisStores } = await import('./core/storage/redis/open-stores.ts');
  const stores = await openRedisStores({
    url: redisUrl,
    isReadOnly,
    isDataExpected: isDataExpected && !isReadOnly,
    onStatement,
    onFailure,
    onUnreadable: (record) =>
      log?.error(record, 'A record cannot be read; it was moved to the hash “{nod}:unreadable” in Redis'),
    onUnchecked: (lines) =>
      log?.warn({ lines }, 'Redis keeps its settings to itself: make sure that these lines are among them'),
  });
  if (stores.isNew) log?.info('A first start: Redis has no records');
  return stores;
}
