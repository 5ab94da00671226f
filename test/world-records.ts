import { join } from 'node:path';
import type { Stores } from '../src/core/storage/database.ts';
import { openRecords } from '../src/open-records.ts';
import type { World } from './world.ts';

/** Opens the records of a world where its Nod has them: in a file, or in Redis. */
export function openWorldRecords(
  { environment, dataDir }: Pick<World, 'environment' | 'dataDir'>,
  { isReadOnly = false }: { isReadOnly?: boolean } = {},
): Promise<Stores> {
  const { REDIS_URL: redisUrl }: Readonly<Record<string, string | undefined>> = environment;
  return openRecords({
    config: { redisUrl, isDataExpected: false },
    file: join(dataDir, 'nod.db'),
    isReadOnly,
  });
}
