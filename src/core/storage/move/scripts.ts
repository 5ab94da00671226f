import { CURRENT, script } from '../redis/scripts.ts';
import { ARRIVED, ARRIVING, LEAVING } from '../redis/states.ts';

/** ARGV of both: id of this process, how long it counts as running (ms). */
const RUNNING = `
local id, countsMs = unpack(ARGV)
local now = redis.call('TIME')[1] * 1000
redis.call('ZREMRANGEBYSCORE', ROOT .. 'running', '-inf', string.format('%.0f', now))
for _, other in ipairs(redis.call('ZRANGE', ROOT .. 'running', '0', '-1')) do
  if other ~= id then return 'running' end
end
local function run() redis.call('ZADD', ROOT .. 'running', string.format('%.0f', now + countsMs), id) end
`;

/** Counts this process as one that works on the records. */
export const KEEP_RUNNING = script('keep running', true, `${RUNNING}run()`);

/** Takes the records over, where there are none and no Nod runs. Answers what is to be done, or what is in the way. */
export const BEGIN_ARRIVAL = script(
  'begin arrival',
  true,
  `${RUNNING}
local state = redis.call('GET', ROOT .. 'state')
if state and state ~= '${ARRIVING}' and state ~= '${ARRIVED}' then
  if state ~= '${CURRENT}' or redis.call('SCARD', ROOT .. 'namespaces') > 0 then return 'taken' end
end
run()
redis.call('SET', ROOT .. 'state', '${ARRIVING}')
return 'copy'
`,
);

/** From here on no Nod writes them any more, whatever it has open. */
export const BEGIN_DEPARTURE = script(
  'begin departure',
  true,
  `${RUNNING}
local state = redis.call('GET', ROOT .. 'state')
if not state then return 'empty' end
if state ~= '${CURRENT}' and state ~= '${LEAVING}' then return state end
run()
redis.call('SET', ROOT .. 'state', '${LEAVING}')
return 'copy'
`,
);

/** ARGV: the state that is expected, the next one. */
export const SET_STATE = script(
  'set state',
  true,
  `
local expected, next = unpack(ARGV)
if redis.call('GET', ROOT .. 'state') ~= expected then return 0 end
redis.call('SET', ROOT .. 'state', next)
return 1
`,
);

/** ARGV: namespace, key and value of each record, one after the other; those that are there already are left as they are. */
export const IMPORT = script(
  'import',
  true,
  `
if redis.call('GET', ROOT .. 'state') ~= '${ARRIVING}' then return redis.error_reply('NODSTATE nothing arrives here') end
for at = 1, #ARGV, 3 do
  local namespace, key, value = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  if redis.call('HEXISTS', ROOT .. 'order:' .. namespace, key) == 0 then
    add(namespace, key, ROOT .. namespace .. '::' .. key, value)
  end
end
return #ARGV / 3
`,
);

/** ARGV: the name of a hash. Its fields and values, one after the other, whichever protocol the connection has. */
export const READ_HASH = script('read hash', false, `return redis.call('HGETALL', ROOT .. ARGV[1])`);
