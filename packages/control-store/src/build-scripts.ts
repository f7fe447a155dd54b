/**
 * What is known of builds, as Lua scripts. BullMQ hands jobs out; whether a build is queued, whose it is, how often it was tried
 * and how it ended is told here, each step atomic, so that one outcome is written however often BullMQ hands out a job.
 *
 * KEYS: builds, open, ended, events of this version. ARGV begins with channel and version.
 * A build: `run` (names its job in BullMQ), `state`, `attempts`, `token`, `seq` (of its last event), `bytes` (of its events), `job`.
 */
import type { VersionId } from "@nano/protocol/brands";
import { RedisScript } from "./redis-client.ts";
import type { RedisKeys } from "./redis-keys.ts";

export function buildScriptKeys(keys: RedisKeys, version: VersionId): readonly string[] {
  return [keys.builds, keys.buildsOpen, keys.buildsEnded, keys.buildEvents + version];
}

const PRELUDE = `
local BUILDS, OPEN, ENDED, EVENTS = unpack(KEYS)
local channel, version = ARGV[1], ARGV[2]
local nextArgument = 3
local function take()
  nextArgument = nextArgument + 1
  return ARGV[nextArgument - 1]
end
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
local text = redis.call('HGET', BUILDS, version)
local build = text and cjson.decode(text)

local function save() redis.call('HSET', BUILDS, version, cjson.encode(build)) end
local function wake() redis.pcall('PUBLISH', channel, 'build:' .. version) end
local function isHeld(token) return build and build.state == 'building' and build.token == token end

local function append(event, eventCount, bytesLimit)
  build.seq = build.seq + 1
  build.bytes = build.bytes + #event
  redis.call('XADD', EVENTS, string.format('%.0f-0', build.seq), 'event', event)
  while build.bytes > bytesLimit or redis.call('XLEN', EVENTS) > eventCount do
    local first = redis.call('XRANGE', EVENTS, '-', '+', 'COUNT', 1)[1]
    if first[1] == string.format('%.0f-0', build.seq) then break end
    redis.call('XDEL', EVENTS, first[1])
    build.bytes = build.bytes - #first[2][2]
  end
end

-- Its events go with the builds that ended long ago; their keys have this one's hash tag, so they are on this node.
local function finish(endedCount, eventsPrefix, keepMs)
  build.state, build.token = 'ended', ''
  save()
  redis.call('ZREM', OPEN, version)
  redis.call('ZADD', ENDED, nowMs, version)
  redis.call('PEXPIRE', EVENTS, keepMs)
  local over = math.min(100, redis.call('ZCARD', ENDED) - endedCount)
  if over > 0 then
    for _, old in ipairs(redis.call('ZRANGE', ENDED, 0, over - 1)) do
      redis.call('DEL', eventsPrefix .. old)
      redis.call('HDEL', BUILDS, old)
      redis.call('ZREM', ENDED, old)
    end
  end
  wake()
end
`;

/**
 * ARGV new run, job, most open builds, whether this job is built only once (`1`) → `ok`, run; `ended` where it is over;
 * `full`, how many are open.
 */
export const ENQUEUE_BUILD = new RedisScript(`${PRELUDE}
local run, job, openCount, isOnce = take(), take(), tonumber(take()), take() == '1'
if build and build.state ~= 'ended' then return { 'ok', build.run } end
if build and isOnce and build.job == job then return { 'ended' } end
local count = redis.call('ZCARD', OPEN)
if count >= openCount then return { 'full', tostring(count) } end
redis.call('DEL', EVENTS)
redis.call('ZREM', ENDED, version)
redis.call('ZADD', OPEN, nowMs, version)
build = { run = run, state = 'queued', attempts = 0, token = '', seq = build and build.seq or 0, bytes = 0, job = job }
save()
return { 'ok', run }
`);

/**
 * ARGV run, token, most attempts, the outcome where there were as many, bounds of `finish` and `append` → `ok`, job;
 * `stale` where that run has ended; `spent` where it has ended now.
 */
export const TAKE_BUILD = new RedisScript(`${PRELUDE}
local run, token, attemptCount, lost = take(), take(), tonumber(take()), take()
if not build or build.run ~= run or build.state == 'ended' then return { 'stale' } end
if build.attempts >= attemptCount then
  append(lost, tonumber(take()), tonumber(take()))
  finish(tonumber(take()), take(), tonumber(take()))
  return { 'spent' }
end
build.state, build.token, build.attempts = 'building', token, build.attempts + 1
save()
return { 'ok', build.job }
`);

/** ARGV token, bounds of `append`, events → `ok`; or `lost`. */
export const REPORT_BUILD = new RedisScript(`${PRELUDE}
local token, eventCount, bytesLimit = take(), tonumber(take()), tonumber(take())
if not isHeld(token) then return { 'lost' } end
if nextArgument <= #ARGV then
  while nextArgument <= #ARGV do append(take(), eventCount, bytesLimit) end
  save()
  wake()
end
return { 'ok' }
`);

/** ARGV token, the outcome, bounds of `append` and `finish` → `ok`; or `lost`. */
export const FINISH_BUILD = new RedisScript(`${PRELUDE}
local token, outcome = take(), take()
if not isHeld(token) then return { 'lost' } end
append(outcome, tonumber(take()), tonumber(take()))
finish(tonumber(take()), take(), tonumber(take()))
return { 'ok' }
`);

/**
 * ARGV token, whether the attempt counts (`1`), most attempts, then for a log event: bounds of `append` and the event (empty: none)
 * → `ok`, attempts; `lost`; or `spent` where there is no attempt left, and nothing has changed.
 */
export const REQUEUE_BUILD = new RedisScript(`${PRELUDE}
local token, counts, attemptCount = take(), take() == '1', tonumber(take())
if not isHeld(token) then return { 'lost' } end
if counts and build.attempts >= attemptCount then return { 'spent' } end
local eventCount, bytesLimit, event = tonumber(take()), tonumber(take()), take()
if event ~= '' then append(event, eventCount, bytesLimit) end
build.state, build.token = 'queued', ''
if not counts then build.attempts = build.attempts - 1 end
save()
wake()
return { 'ok', tostring(build.attempts) }
`);

/** ARGV seq after which, most events → state (`unknown`: no such build), run, job, then seq and event in turn. */
export const READ_BUILD = new RedisScript(`${PRELUDE}
local after, eventCount = tonumber(take()), tonumber(take())
if not build then return { 'unknown', '', '' } end
local answer = { build.state, build.run, build.job }
for _, event in ipairs(redis.call('XRANGE', EVENTS, string.format('(%.0f-0', after), '+', 'COUNT', eventCount)) do
  answer[#answer + 1] = string.match(event[1], '^%d+')
  answer[#answer + 1] = event[2][2]
end
return answer
`);
