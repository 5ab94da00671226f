import pino from 'pino';
import { expect, it } from 'vitest';
import { createComplaints } from '../../../src/core/storage/redis/ioredis.ts';

it('tells once of a Redis that is away, in whatever words it is heard of, and of each other reason once', () => {
  const reasons: unknown[] = [];
  const log = pino({}, { write: (line: string) => void reasons.push(JSON.parse(line).reason) });
  const complaints = createComplaints(log, 'It does not work');
  for (const message of [
    'read ECONNRESET',
    'connect ECONNREFUSED 127.0.0.1:6379',
    'LOADING Redis is loading the dataset in memory',
    'Connection is closed.',
    'NOAUTH Authentication required.',
    'NOAUTH Authentication required.',
  ])
    complaints.tell(new Error(message));
  expect(reasons).toEqual(['ECONNRESET', 'NOAUTH']);
  complaints.clear();
  complaints.tell(new Error('write EPIPE'));
  expect(reasons).toEqual(['ECONNRESET', 'NOAUTH', 'EPIPE']);
});
