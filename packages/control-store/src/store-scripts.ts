/**
 * The control store's operations as Lua scripts: each runs alone on the server, so each is atomic.
 *
 * KEYS as `storeScriptKeys` gives them. ARGV begins with what `PRELUDE` names; the rest is each script's own.
 * Every script answers a list whose first element says how it ended.
 */
import { RedisScript } from "./redis-client.ts";
import type { RedisKeys } from "./redis-keys.ts";

export function storeScriptKeys(keys: RedisKeys): readonly string[] {
  return [keys.meta, keys.records, keys.feed, keys.leases, keys.idempotency, keys.idempotencyAge, keys.audit];
}

/**
 * Refuses a replica. Begins a new epoch where the server is not the one, or not the run of it, in which the epoch began:
 * its replication id differs then. Ends leases that have run out, some at a time.
 */
const PRELUDE = `
local META, RECORDS, FEED, LEASES, IDEMPOTENCY, IDEMPOTENCY_AGE, AUDIT = unpack(KEYS)
local newEpoch, channel = ARGV[1], ARGV[2]
local graceMs, feedEventCount, feedBytesLimit = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local sweepCount = tonumber(ARGV[6])
local nextArgument = 7
local function take()
  nextArgument = nextArgument + 1
  return ARGV[nextArgument - 1]
end

local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
local replication = redis.call('INFO', 'replication')
if not string.find(replication, 'role:master', 1, true) then
  return redis.error_reply('READONLY The control store is not written on a replica')
end
local replid = string.match(replication, 'master_replid:(%w+)')
local epoch = redis.call('HGET', META, 'epoch')
local seq = tonumber(redis.call('HGET', META, 'seq') or 0)
if not epoch or redis.call('HGET', META, 'replid') ~= replid then
  epoch = newEpoch
  redis.call('HSET', META, 'epoch', epoch, 'replid', replid, 'feedBytes', 0)
  redis.call('DEL', FEED)
  for _, node in ipairs(redis.call('ZRANGEBYSCORE', LEASES, '-inf', nowMs + graceMs)) do
    redis.call('ZADD', LEASES, nowMs + graceMs, node)
  end
end

local function oldestSeq()
  local first = redis.call('XRANGE', FEED, '-', '+', 'COUNT', 1)[1]
  return first and tonumber(string.match(first[1], '^%d+')) or seq + 1
end

local function append(changes)
  seq = seq + 1
  redis.call('HSET', META, 'seq', seq)
  redis.call('XADD', FEED, string.format('%.0f-0', seq), 'changes', changes)
  local bytes = redis.call('HINCRBY', META, 'feedBytes', #changes)
  while bytes > feedBytesLimit or redis.call('XLEN', FEED) > feedEventCount do
    local first = redis.call('XRANGE', FEED, '-', '+', 'COUNT', 1)[1]
    if first[1] == string.format('%.0f-0', seq) then break end
    redis.call('XDEL', FEED, first[1])
    bytes = redis.call('HINCRBY', META, 'feedBytes', -#first[2][2])
  end
  -- A user who may not publish leaves watchers to their own looks; an error here would leave half a commit.
  redis.pcall('PUBLISH', channel, 'feed')
end

local function remove(nodes)
  local changes = {}
  for _, node in ipairs(nodes) do
    redis.call('ZREM', LEASES, node)
    if redis.call('HDEL', RECORDS, node) == 1 then
      changes[#changes + 1] = '{"key":' .. cjson.encode(node) .. ',"record":null}'
    end
  end
  if #changes > 0 then append('[' .. table.concat(changes, ',') .. ']') end
end

local function sweep()
  remove(redis.call('ZRANGEBYSCORE', LEASES, '-inf', nowMs, 'LIMIT', 0, sweepCount))
end
`;

/** → `ok`, epoch, seq. */
export const POSITION = new RedisScript(`${PRELUDE}
sweep()
return { 'ok', epoch, string.format('%.0f', seq) }
`);

/**
 * ARGV epoch, seq, most events, most bytes of them → `ok`, or `gap` where the feed does not go on from there; epoch, oldest and
 * newest seq; milliseconds until a lease ends (-1: none); then seq and changes of each event in turn.
 */
export const FEED = new RedisScript(`${PRELUDE}
sweep()
local wantedEpoch, after, eventCount, bytesLimit = take(), tonumber(take()), tonumber(take()), tonumber(take())
local oldest = oldestSeq()
local isGap = wantedEpoch ~= epoch or after > seq or after < oldest - 1
local answer = { isGap and 'gap' or 'ok', epoch, string.format('%.0f', oldest), string.format('%.0f', seq) }
if isGap then return answer end
local nearest = redis.call('ZRANGE', LEASES, 0, 0, 'WITHSCORES')[2]
answer[5] = nearest and string.format('%.0f', math.max(0, nearest - nowMs)) or '-1'
local bytes = 0
local events = redis.call('XRANGE', FEED, string.format('(%.0f-0', after), '+', 'COUNT', eventCount)
for index, event in ipairs(events) do
  bytes = bytes + #event[2][2]
  if index > 1 and bytes > bytesLimit then break end
  answer[#answer + 1] = string.match(event[1], '^%d+')
  answer[#answer + 1] = event[2][2]
end
return answer
`);

/**
 * ARGV idempotency key (empty: none), its age, their number, the receipt; count of preconditions, then key and record of each
 * (empty: none); count of kinds that are to be unchanged, then, where there are any, epoch and seq since when, and the kinds;
 * count of changes, then key and record of each (empty: removed); the changes as JSON; most audit entries, their count, the entries.
 * → `ok`, epoch, seq; or `conflict`, key.
 */
export const COMMIT = new RedisScript(`${PRELUDE}
sweep()
local idempotencyKey, ageMs, keyCount, receipt = take(), tonumber(take()), tonumber(take()), take()
if idempotencyKey ~= '' then
  local earlier = redis.call('HGET', IDEMPOTENCY, idempotencyKey)
  if earlier then
    -- WAIT is documented for what its own connection wrote: this makes it wait for all that came before.
    redis.call('HSET', META, 'repeatedAtMs', string.format('%.0f', nowMs))
    return { 'ok', epoch, string.match(earlier, '^%d+') }
  end
end
for _ = 1, tonumber(take()) do
  local key, record = take(), take()
  if (redis.call('HGET', RECORDS, key) or '') ~= record then return { 'conflict', key } end
end
local kindCount = tonumber(take())
if kindCount > 0 then
  local sinceEpoch, since = take(), tonumber(take())
  for _ = 1, kindCount do
    local kind = take()
    local touched = tonumber(redis.call('HGET', META, 'touched:' .. kind) or 0)
    if sinceEpoch ~= epoch or touched > since then return { 'conflict', kind .. '/*' } end
  end
end
local changeCount = tonumber(take())
local touched = {}
for _ = 1, changeCount do
  local key, record = take(), take()
  if record == '' then redis.call('HDEL', RECORDS, key) else redis.call('HSET', RECORDS, key, record) end
  touched[string.match(key, '^[^/]+')] = true
end
local changes = take()
if changeCount > 0 then append(changes) end
for kind in pairs(touched) do redis.call('HSET', META, 'touched:' .. kind, string.format('%.0f', seq)) end
local auditCount = tonumber(take())
for _ = 1, tonumber(take()) do redis.call('XADD', AUDIT, 'MAXLEN', auditCount, '*', 'entry', take()) end
if idempotencyKey ~= '' then
  redis.call('HSET', IDEMPOTENCY, idempotencyKey, string.format('%.0f', seq) .. ' ' .. receipt)
  redis.call('ZADD', IDEMPOTENCY_AGE, nowMs, idempotencyKey)
  local function forget(keys)
    for _, key in ipairs(keys) do
      redis.call('HDEL', IDEMPOTENCY, key)
      redis.call('ZREM', IDEMPOTENCY_AGE, key)
    end
  end
  forget(redis.call('ZRANGEBYSCORE', IDEMPOTENCY_AGE, '-inf', nowMs - ageMs, 'LIMIT', 0, sweepCount))
  local over = math.min(sweepCount, redis.call('ZCARD', IDEMPOTENCY_AGE) - keyCount)
  if over > 0 then forget(redis.call('ZRANGE', IDEMPOTENCY_AGE, 0, over - 1)) end
end
return { 'ok', epoch, string.format('%.0f', seq) }
`);

/** ARGV idempotency key. → `ok`, its receipt; `unknown`. */
export const RECEIPT = new RedisScript(`${PRELUDE}
local earlier = redis.call('HGET', IDEMPOTENCY, take())
if not earlier then return { 'unknown' } end
return { 'ok', string.match(earlier, '^%d+ ?(.*)$') }
`);

/** ARGV most entries → `ok`, then entries, newest first. */
export const AUDIT = new RedisScript(`${PRELUDE}
local answer = { 'ok' }
for _, entry in ipairs(redis.call('XREVRANGE', AUDIT, '+', '-', 'COUNT', tonumber(take()))) do
  answer[#answer + 1] = entry[2][2]
end
return answer
`);

/** ARGV key of a node, its record, how long it is kept, the change as JSON. → `ok`. */
export const RENEW_LEASE = new RedisScript(`${PRELUDE}
local key, record, ttlMs, changes = take(), take(), tonumber(take()), take()
redis.call('ZADD', LEASES, nowMs + ttlMs, key)
sweep()
if redis.call('HGET', RECORDS, key) ~= record then
  redis.call('HSET', RECORDS, key, record)
  append(changes)
end
return { 'ok' }
`);

/** ARGV key of a node. → `ok`. */
export const END_LEASE = new RedisScript(`${PRELUDE}
sweep()
remove({ take() })
return { 'ok' }
`);
