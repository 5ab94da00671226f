import type { Redis } from 'ioredis';
import { ROOT } from '../../storage/redis/scripts.ts';
import type { LimitOptions, WindowLimiter } from '../../tiktok/window-limiter.ts';

/** KEYS: the calls. ARGV: limit or '' to read, window (ms). How long to wait, or how many count. By the clock of Redis, which all share. */
const COUNT = `
local limit, window = unpack(ARGV)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%d', now - window))
-- Those ahead of the clock, which was set back, would count for too long.
redis.call('ZREMRANGEBYSCORE', KEYS[1], string.format('(%d', now), '+inf')
local used = redis.call('ZCARD', KEYS[1])
if limit == '' then return used end
if used >= tonumber(limit) then
  local oldest = redis.call('ZRANGE', KEYS[1], '0', '0', 'WITHSCORES')
  return tonumber(oldest[2]) + window - now
end
redis.call('ZADD', KEYS[1], string.format('%d', now), time[1] .. ' ' .. time[2] .. ' ' .. used)
redis.call('PEXPIRE', KEYS[1], window)
return 0
`;

/** The same strict sliding window, of the calls of all processes. */
export function createSharedLimiter(
  client: Redis,
  { name, limit, windowMs }: Omit<LimitOptions, 'now'>,
): WindowLimiter {
  const keyOf = (key: string): string => `${ROOT}calls:${name}:${key}`;
  return {
    take: async (key) => Number(await client.eval(COUNT, 1, keyOf(key), limit, windowMs)),
    read: async (key) => ({ used: Number(await client.eval(COUNT, 1, keyOf(key), '', windowMs)), limit }),
  };
}
