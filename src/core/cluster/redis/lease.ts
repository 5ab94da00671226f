import type { Redis } from 'ioredis';
import { ROOT } from '../../storage/redis/scripts.ts';

/** Another process leads when nothing was heard of the one before for so long. */
export const LEASE_MS = 5_000;
/** How often a process says that it is there. */
const BEAT_MS = 1_000;
/** So much earlier a process that hears nothing of Redis takes its lease for over. */
const MARGIN_MS = 1_000;

const LEASE = `${ROOT}lease`;
/** Counts the leases: the number of the last one, which is what fences a process that does not know that it has ended. */
const LEASE_COUNT = `${ROOT}lease-count`;
/** The number of the last lease whose process has given it back in peace. */
const LEASE_LEFT = `${ROOT}lease-left`;
const VOTES_READ = `${ROOT}votes-read`;
const PROCESSES = `${ROOT}processes`;

/** KEYS: lease, count, processes, lease left. ARGV: process, its run, its own lease or 0, whether it may lead, its address, how long all of it holds (ms). Its lease, whether nobody has given the one before back, and who has gone. */
const BEAT = `
local id, run, own, mayLead, address, ttl = unpack(ARGV)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[3], string.format('%d', now + ttl), run)
if mayLead == '' then return { 0 } end
local number = 0
-- Nobody has led since, so an own lease that has ended while Redis was away goes on.
if own ~= '0' and redis.call('GET', KEYS[2]) == own then number = tonumber(own)
else
  local held = redis.call('GET', KEYS[1])
  -- A process that was started again is the only one in its folder.
  if not held or string.match(held, '%S+$') == id then number = redis.call('INCR', KEYS[2]) end
end
if number == 0 then return { 0 } end
local isTakeOver = number > 1 and redis.call('GET', KEYS[4]) ~= string.format('%d', number - 1)
redis.call('SET', KEYS[1], number .. ' ' .. address .. ' ' .. id, 'PX', ttl)
local gone = redis.call('ZRANGE', KEYS[3], '-inf', string.format('%d', now), 'BYSCORE')
for _, one in ipairs(gone) do redis.call('ZREM', KEYS[3], one) end
return { number, isTakeOver and 1 or 0, unpack(gone) }
`;

/** KEYS: lease, processes, lease left. ARGV: the run, its own lease. */
const LEAVE = `
redis.call('ZREM', KEYS[2], ARGV[1])
local held = redis.call('GET', KEYS[1])
if held and string.match(held, '^%d+') == ARGV[2] then
  redis.call('DEL', KEYS[1])
  redis.call('SET', KEYS[3], ARGV[2])
end
return 0
`;

/**
 * Says that this process is there, and leads where it may and nobody else does. The lease has a number that counts up;
 * with it the records refuse a process whose lease has ended.
 */
export function createLease({
  client,
  id,
  runId,
  address,
  mayLead,
  onLed,
  onLost,
  onGone,
  failed,
}: {
  client: Redis;
  /** Of this process, and of the next one in its place. */
  id: string;
  /** Of this run of it. */
  runId: string;
  /** Where the others reach this one. */
  address: string;
  mayLead: boolean;
  /** This process leads from now on, and maybe because the one before it ended without a word. */
  onLed: (how: { isTakeOver: boolean }) => void;
  /** Another one does. */
  onLost: () => void;
  /** Other processes have ended without a word. */
  onGone: () => void;
  failed: (error: unknown) => void;
}) {
  let own = 0;
  /** On the clock of the machine that is never set. */
  let heldUntil = Number.NEGATIVE_INFINITY;
  let areVotesRead = false;
  let isStopping = false;
  let beating: Promise<void> | undefined;
  const timer = setInterval(() => void beat(), BEAT_MS);

  function beat(): Promise<void> {
    beating ??= beatOnce()
      .catch(failed)
      .finally(() => {
        beating = undefined;
      });
    return beating;
  }

  async function beatOnce(): Promise<void> {
    const sentAt = performance.now();
    const reply = await client.eval(
      BEAT,
      4,
      LEASE,
      LEASE_COUNT,
      PROCESSES,
      LEASE_LEFT,
      id,
      runId,
      own,
      mayLead ? '1' : '',
      address,
      LEASE_MS,
    );
    const [number, isTakeOver, ...gone] = Array.isArray(reply) ? reply : [];
    if (isStopping) return;
    const before = own;
    own = Number(number ?? 0);
    if (own > 0) heldUntil = sentAt + LEASE_MS - MARGIN_MS;
    else heldUntil = Number.NEGATIVE_INFINITY;
    if (own > 0 && before === 0) onLed({ isTakeOver: isTakeOver === 1 });
    else if (own === 0 && before > 0) onLost();
    if (isHeld() && areVotesRead) await client.set(VOTES_READ, Date.now());
    if (gone.length > 0) onGone();
  }

  /** Where it leads and Redis has said so lately: a process that was held up must look again before it does anything. */
  const isHeld = (): boolean => performance.now() < heldUntil;

  /** The number of the own lease, held or not; 0 without one. */
  const number = (): number => own;

  /** The records refuse what it writes: another process leads, which a call that is under way may tell much later. */
  function refused(): void {
    if (own === 0 || isStopping) return;
    own = 0;
    heldUntil = Number.NEGATIVE_INFINITY;
    onLost();
  }

  function votesAreRead(): void {
    areVotesRead = true;
  }

  /** Ends the lease, so that another process need not wait for its time. */
  async function stop(): Promise<void> {
    isStopping = true;
    clearInterval(timer);
    await beating;
    heldUntil = Number.NEGATIVE_INFINITY;
    await client.eval(LEAVE, 3, LEASE, PROCESSES, LEASE_LEFT, runId, own);
  }

  return { beat, isHeld, number, refused, votesAreRead, stop };
}

/** Where the process is reached that leads; undefined where none does. */
export async function readLeader(client: Redis): Promise<string | undefined> {
  return (await client.get(LEASE))?.split(' ')[1];
}

/** Up to when the last process that led has read all votes (epoch milliseconds). */
export const readVotesUntil = async (client: Redis): Promise<number> => Number(await client.get(VOTES_READ));
