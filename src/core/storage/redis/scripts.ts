import { createHash } from 'node:crypto';

/** What Redis runs in one piece, so that nobody sees a record without its index entries. */
export interface Script {
  readonly name: string;
  readonly isWrite: boolean;
  readonly source: string;
  readonly sha: string;
}

/** The hash tag keeps all keys in one slot of a cluster: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags */
export const ROOT = '{nod}:';

/** What the records are to be written in: this version of them, or not at all while they are moved. */
export const CURRENT = '1';

/**
 * What the scripts share. Records are only ever decoded to see what their fields hold, never written back: cjson knows no
 * empty arrays and no integers beyond 2^53.
 *
 * An index is a sorted set for each combination of the values of its `where` fields. Its members end with the key; those
 * with an order of their own begin with the number that the record got when it was made, in whose order ties come.
 */
const SHARED = String.raw`
local ROOT = '${ROOT}'

local function decode(raw)
  if not raw then return nil end
  local isRead, data = pcall(cjson.decode, raw)
  if not isRead then
    -- cjson refuses a half of a character, which JavaScript may well write.
    isRead, data = pcall(cjson.decode, (string.gsub(raw, '\\u[dD][89a-fA-F]%x%x', '\\ufffd')))
  end
  if not isRead or type(data) ~= 'table' or type(data.value) ~= 'table' then return nil end
  return data.value
end

local function valueAt(record, path)
  local value = record
  for name in string.gmatch(path, '[^.]+') do
    if type(value) ~= 'table' then return nil end
    value = value[name]
  end
  if value == cjson.null then return nil end
  return value
end

-- A value with its kind before it: n for numbers, among them true and false, and s for texts.
local function tagged(value)
  if type(value) == 'boolean' then return value and 'n1' or 'n0' end
  if type(value) == 'number' then return 'n' .. string.format('%.17g', value) end
  if type(value) == 'table' then return 's' .. cjson.encode(value) end
  return 's' .. value
end

-- Where a record is in an index: which set of it, as which member, with which score. Nothing where it is in none.
local function placeIn(definition, key, record, number)
  if record == nil then return nil end
  if definition.without and valueAt(record, definition.without) ~= nil then return nil end
  local set = {}
  for _, path in ipairs(definition.where) do
    local value = valueAt(record, path)
    if value == nil then return nil end
    local text = tagged(value)
    set[#set + 1] = #text .. ':' .. text
  end
  local place = { set = table.concat(set), member = key, score = '0' }
  if definition.by then
    local value = valueAt(record, definition.by)
    if value == nil then return nil end
    local text = tagged(value)
    place.member = string.format('%016d', number) .. key
    if string.sub(text, 1, 1) == 'n' then
      place.score = string.sub(text, 2)
    else
      -- Texts come behind all numbers, in the order of their bytes.
      place.score = '+inf'
      place.member = string.gsub(string.sub(text, 2), '%z', '\0\1') .. '\0\0' .. place.member
    end
  end
  return place
end

local function keyIn(definition, score, member)
  if not definition.by then return member end
  if score ~= 'inf' then return string.sub(member, 17) end
  local _, last = string.find(member, '\0\0', 1, true)
  return string.sub(member, last + 17)
end

local function indexesOf(namespace)
  local found = redis.call('HGETALL', ROOT .. 'indexes:' .. namespace)
  local indexes = {}
  for i = 1, #found, 2 do
    local id = string.match(found[i + 1], '^%d+')
    indexes[#indexes + 1] = {
      definition = cjson.decode(found[i]),
      sets = ROOT .. 'index:' .. namespace .. ':' .. id .. ':',
      values = ROOT .. 'values:' .. namespace .. ':' .. id,
      isFilled = #found[i + 1] > #id,
    }
  end
  return indexes
end

local function enter(index, place)
  redis.call('ZADD', index.sets .. place.set, place.score, place.member)
  if index.definition.isCounted then redis.call('SADD', index.values, place.set) end
end

local function leave(index, set, member)
  redis.call('ZREM', index.sets .. set, member)
  if index.definition.isCounted and redis.call('EXISTS', index.sets .. set) == 0 then
    redis.call('SREM', index.values, set)
  end
end

-- Takes a record out of an index that cannot be read any more, and so does not say where it is.
local function leaveAll(index, key)
  local cursor = '0'
  repeat
    local page = redis.call('SCAN', cursor, 'MATCH', index.sets .. '*', 'COUNT', 1000)
    cursor = page[1]
    for _, name in ipairs(page[2]) do
      local members = redis.call('ZRANGE', name, '0', '-1', 'WITHSCORES')
      for i = 1, #members, 2 do
        if keyIn(index.definition, members[i + 1], members[i]) == key then
          leave(index, string.sub(name, #index.sets + 1), members[i])
        end
      end
    end
  until cursor == '0'
end

-- Brings all indexes from what a record was to what it is.
local function reindex(namespace, key, raw, record, number)
  local before = decode(raw)
  for _, index in ipairs(indexesOf(namespace)) do
    local old = placeIn(index.definition, key, before, number)
    local new = placeIn(index.definition, key, record, number)
    local isSame = old and new and old.set == new.set and old.member == new.member
    if old and not isSame then leave(index, old.set, old.member) end
    if raw and not before then leaveAll(index, key) end
    if new and not (isSame and old.score == new.score and index.isFilled) then enter(index, new) end
  end
end

local function remove(namespace, key, name, raw)
  local number = redis.call('HGET', ROOT .. 'order:' .. namespace, key) or '0'
  reindex(namespace, key, raw, nil, tonumber(number))
  redis.call('DEL', name)
  redis.call('ZREM', ROOT .. 'keys:' .. namespace, key)
  redis.call('HDEL', ROOT .. 'order:' .. namespace, key)
end

local function add(namespace, key, name, value)
  local number = redis.call('INCR', ROOT .. 'last:' .. namespace)
  redis.call('SADD', ROOT .. 'namespaces', namespace)
  redis.call('ZADD', ROOT .. 'keys:' .. namespace, '0', key)
  redis.call('HSET', ROOT .. 'order:' .. namespace, key, string.format('%d', number))
  redis.call('SET', name, value)
  return number
end

local function refusal()
  local state = redis.call('GET', ROOT .. 'state')
  if state == '${CURRENT}' then return nil end
  return redis.error_reply('NODSTATE the records are not to be written: ' .. (state or 'there are none'))
end

-- A process that was held up may not know that another one has taken over: https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html
local function fencedOff(fence)
  if fence == '' or redis.call('GET', ROOT .. 'lease-count') == fence then return nil end
  return redis.error_reply('NODFENCED another process has taken over')
end

local unreadable = ROOT .. 'unreadable'

-- A write whose answer was lost is sent again, and must not be done twice.
local function isDone(id)
  return redis.call('GET', ROOT .. 'done:' .. id)
end

local function done(id, outcome, keptMs)
  redis.call('SET', ROOT .. 'done:' .. id, outcome, 'PX', keptMs)
  return outcome
end
`;

/** ARGV: namespace, key, id, how long its outcome is kept (ms), whether it is sent again, version ('' for none), value, whether it can do without, lease ('' where anybody may). */
export const WRITE = script(
  'write',
  true,
  `
local namespace, key, id, keptMs, isAgain, version, value, isExpendable, fence = unpack(ARGV)
local outcome = isDone(id)
if outcome then return outcome end
local refused = refusal() or fencedOff(fence)
if refused then return refused end
local raw = redis.call('GET', KEYS[1])
local number
if version == '' then
  if isExpendable == '' and redis.call('HEXISTS', unreadable, namespace .. ' ' .. key) == 1 then return 'unreadable' end
  if raw then return isAgain == '' and 'no' or done(id, 'no', keptMs) end
  number = add(namespace, key, KEYS[1], value)
else
  local current = decode(raw)
  if not current or current.version ~= tonumber(version) then
    return isAgain == '' and 'no' or done(id, 'no', keptMs)
  end
  number = tonumber(redis.call('HGET', ROOT .. 'order:' .. namespace, key) or '0')
  redis.call('SET', KEYS[1], value)
end
reindex(namespace, key, raw, decode(value), number)
return done(id, 'yes', keptMs)
`,
);

/** ARGV: namespace, key, id, how long its outcome is kept (ms), lease ('' where anybody may). */
export const DELETE = script(
  'delete',
  true,
  `
local namespace, key, id, keptMs, fence = unpack(ARGV)
local outcome = isDone(id)
if outcome then return outcome end
local refused = refusal() or fencedOff(fence)
if refused then return refused end
if redis.call('HDEL', unreadable, namespace .. ' ' .. key) == 1 then return done(id, 'yes', keptMs) end
local raw = redis.call('GET', KEYS[1])
if not raw then return 'no' end
remove(namespace, key, KEYS[1], raw)
return done(id, 'yes', keptMs)
`,
);

/** ARGV: namespace, key, what was read there. Answers how many records are set aside by now; 0 where it is another one. */
export const SET_ASIDE = script(
  'set aside',
  true,
  `
local namespace, key, read = unpack(ARGV)
local refused = refusal()
if refused then return refused end
local isThere = redis.call('GET', KEYS[1]) == read
-- The answer may have been lost.
if not isThere and redis.call('HGET', unreadable, namespace .. ' ' .. key) ~= read then return 0 end
redis.call('HSET', unreadable, namespace .. ' ' .. key, read)
if isThere then remove(namespace, key, KEYS[1], read) end
return redis.call('HLEN', unreadable)
`,
);

/** Keys and values, one after the other. A key without a record is a trace of a hand that took it away. */
const GATHER = `
local function gather(members, keyOf)
  local found, lost = {}, {}
  for _, member in ipairs(members) do
    local key = keyOf(member)
    local value = redis.call('GET', KEYS[1] .. key)
    if value then
      found[#found + 1] = key
      found[#found + 1] = value
    else
      lost[#lost + 1] = member
    end
  end
  return found, lost
end
`;

/** ARGV: namespace, least key, greatest key, 'REV' or '', how many, whether nothing may be written. */
export const RANGE = script(
  'range',
  false,
  `${GATHER}
local namespace, least, greatest, direction, limit, isReadOnly = unpack(ARGV)
local name = ROOT .. 'keys:' .. namespace
while true do
  local members
  if direction == 'REV' then
    members = redis.call('ZRANGE', name, greatest, least, 'BYLEX', 'REV', 'LIMIT', '0', limit)
  else
    members = redis.call('ZRANGE', name, least, greatest, 'BYLEX', 'LIMIT', '0', limit)
  end
  local found, lost = gather(members, function(member) return member end)
  if #lost == 0 or isReadOnly ~= '' then return found end
  for _, member in ipairs(lost) do redis.call('ZREM', name, member) end
end
`,
);

/** ARGV: namespace, number of the index, set, 'BYLEX' or 'BYSCORE', least, greatest, 'REV' or '', offset, how many, definition. */
export const FIND = script(
  'find',
  false,
  `${GATHER}
local namespace, id, set, order, least, greatest, direction, offset, limit, json = unpack(ARGV)
local name = ROOT .. 'index:' .. namespace .. ':' .. id .. ':' .. set
local definition = cjson.decode(json)
while true do
  local members
  if direction == 'REV' then
    members = redis.call('ZRANGE', name, greatest, least, order, 'REV', 'LIMIT', offset, limit)
  else
    members = redis.call('ZRANGE', name, least, greatest, order, 'LIMIT', offset, limit)
  end
  local found, lost = gather(members, function(member)
    if not definition.by then return member end
    return keyIn(definition, redis.call('ZSCORE', name, member), member)
  end)
  if #lost == 0 then return found end
  for _, member in ipairs(lost) do redis.call('ZREM', name, member) end
end
`,
);

/** ARGV: namespace, number of the index. Sets and how many records each has, one after the other. */
export const COUNT = script(
  'count',
  false,
  `
local namespace, id = unpack(ARGV)
local counts = {}
for _, set in ipairs(redis.call('SMEMBERS', ROOT .. 'values:' .. namespace .. ':' .. id)) do
  counts[#counts + 1] = set
  counts[#counts + 1] = redis.call('ZCARD', ROOT .. 'index:' .. namespace .. ':' .. id .. ':' .. set)
end
return counts
`,
);

/** ARGV: namespace, definition. From here on every write keeps the index. Answers its number, and whether it is filled. */
export const DEFINE = script(
  'define index',
  true,
  `
local namespace, definition = unpack(ARGV)
local name = ROOT .. 'indexes:' .. namespace
local known = redis.call('HGET', name, definition)
if known then return known end
local refused = refusal()
if refused then return refused end
local id = string.format('%d', redis.call('HLEN', name) + 1)
redis.call('HSET', name, definition, id)
return id
`,
);

/** ARGV: namespace, definition, the key to go on behind, as a bound, how many. The last key; nothing when all are entered. */
export const FILL = script(
  'fill index',
  true,
  `
local namespace, json, from, count = unpack(ARGV)
local refused = refusal()
if refused then return refused end
local known = redis.call('HGET', ROOT .. 'indexes:' .. namespace, json)
local id = string.match(known, '^%d+')
local index = {
  definition = cjson.decode(json),
  sets = ROOT .. 'index:' .. namespace .. ':' .. id .. ':',
  values = ROOT .. 'values:' .. namespace .. ':' .. id,
}
local keys = redis.call('ZRANGE', ROOT .. 'keys:' .. namespace, from, '+', 'BYLEX', 'LIMIT', '0', count)
for _, key in ipairs(keys) do
  local number = tonumber(redis.call('HGET', ROOT .. 'order:' .. namespace, key) or '0')
  local place = placeIn(index.definition, key, decode(redis.call('GET', KEYS[1] .. key)), number)
  if place then enter(index, place) end
end
if #keys == tonumber(count) then return keys[#keys] end
redis.call('HSET', ROOT .. 'indexes:' .. namespace, json, id .. ' filled')
return false
`,
);

/**
 * ARGV: namespace, definition, the key to go on behind, as a bound, how many. What an index would have, where none may be
 * made: the last key, or an empty text when it is the end, then set, score, member, key and value of each record.
 */
export const WALK = script(
  'walk',
  false,
  `
local namespace, json, from, count = unpack(ARGV)
local definition = cjson.decode(json)
local keys = redis.call('ZRANGE', ROOT .. 'keys:' .. namespace, from, '+', 'BYLEX', 'LIMIT', '0', count)
local found = { #keys == tonumber(count) and '(' .. keys[#keys] or '' }
for _, key in ipairs(keys) do
  local raw = redis.call('GET', KEYS[1] .. key)
  local number = tonumber(redis.call('HGET', ROOT .. 'order:' .. namespace, key) or '0')
  local place = placeIn(definition, key, decode(raw), number)
  if place then
    for _, part in ipairs({ place.set, place.score, place.member, key, raw }) do found[#found + 1] = part end
  end
end
return found
`,
);

/**
 * ARGV: id of the process, how long it counts as running (ms), whether data are expected. Begins the records where there
 * are none. Answers the state before, or an empty text.
 */
export const ENTER = script(
  'enter',
  true,
  `
local id, countsMs, isExpected = unpack(ARGV)
local state = redis.call('GET', ROOT .. 'state')
if state and state ~= '${CURRENT}' then return state end
if not state and isExpected ~= '' then return '' end
if not state then redis.call('SET', ROOT .. 'state', '${CURRENT}') end
local time = redis.call('TIME')
redis.call('ZADD', ROOT .. 'running', string.format('%.0f', time[1] * 1000 + tonumber(countsMs)), id)
return state or ''
`,
);

export function script(name: string, isWrite: boolean, body: string): Script {
  const source = `${SHARED}${body}`;
  return { name, isWrite, source, sha: createHash('sha1').update(source).digest('hex') };
}
