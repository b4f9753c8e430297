import { hash } from 'node:crypto'
import type { Script } from './client.ts'

/*
 * Each write is one script, so an item, its owner, its record and the meta are written together or not at all: no other
 * client sees a part of it, and none is left by a writer or a server that is killed.
 * https://redis.io/docs/latest/develop/programmability/eval-intro/
 * LaunchDarkly's writers watch their hash, so that a script in between makes them look again.
 */
const COMMON = `
local inited, auditKeys, writer = KEYS[1], KEYS[6], ARGV[1]
local hashes = {
  features = KEYS[2], segments = KEYS[3], owners = KEYS[4], audit = KEYS[5], recalls = KEYS[7], rollouts = KEYS[8]
}

local function decoded(json)
  if not json then return nil end
  local isJson, item = pcall(cjson.decode, json)
  if isJson and type(item) == 'table' then return item end
end

local function ownerIn(json)
  local item = decoded(json)
  return item and item.owner
end

local function ownerKey(kind, key)
  return kind == 'segments' and 'segments/' .. key or key
end

local function own(kind, key)
  redis.call('HSET', hashes.owners, ownerKey(kind, key), '{"version":1,"owner":"' .. writer .. '"}')
end

-- As digestOf in mark.ts has it.
local function fold(sum, sign, kind, key, json)
  local hex = redis.sha1hex(kind .. '\\n' .. key .. '\\n' .. json)
  for part = 1, 5 do
    sum[part] = (sum[part] + sign * tonumber(string.sub(hex, part * 8 - 7, part * 8), 16)) % 4294967296
  end
end

local function sumOf(digest)
  local sum = {}
  for part = 1, 5 do sum[part] = tonumber(string.sub(digest, part * 8 - 7, part * 8), 16) end
  return sum
end

local function contentSum()
  local sum = { 0, 0, 0, 0, 0 }
  for _, kind in ipairs({ 'features', 'segments' }) do
    local all = redis.call('HGETALL', hashes[kind])
    for at = 1, #all, 2 do fold(sum, 1, kind, all[at], all[at + 1]) end
  end
  return sum
end

local function readMark()
  local mark = decoded(redis.call('GET', inited))
  if mark and mark.digest then return mark end
end

local function isCounted(mark)
  return mark.features == redis.call('HLEN', hashes.features) and mark.segments == redis.call('HLEN', hashes.segments)
end

-- One that says so already is left alone.
local function writeMark(mark, sum)
  local digest = string.format('%08x%08x%08x%08x%08x', unpack(sum))
  if mark and mark.digest == digest and isCounted(mark) then return end
  redis.call('SET', inited, string.format(
    '{"dataVersion":%.0f,"digest":"%s","features":%d,"segments":%d}',
    (mark and mark.dataVersion or 0) + 1, digest,
    redis.call('HLEN', hashes.features), redis.call('HLEN', hashes.segments)
  ))
end
`

/**
 * Conditional writes: ARGV has the writer, then for each the kind, key, JSON, version, what is expected (`older`, `absent` or
 * a version), and the key and JSON of its record, or nothing twice. Answers for each `written`, `stale`, `none` (an owner's
 * flag is not there), or the owner who refuses. Of no writes, makes the meta name what is there.
 */
const APPLY = `${COMMON}
local mark = readMark()
local sum = mark and isCounted(mark) and sumOf(mark.digest)
local isChanged = #ARGV == 1
if isChanged then sum = false end

local function isThere(key)
  local segment = string.match(key, '^segments/(.*)$')
  return redis.call('HEXISTS', segment and hashes.segments or hashes.features, segment or key) == 1
end

local function isExpected(expected, version, item)
  local before = item and item.version
  if expected == 'absent' then return not item end
  if expected == 'older' then return type(before) ~= 'number' or before < tonumber(version) end
  return before == tonumber(expected)
end

local function apply(kind, key, json, version, expected, recordKey, record)
  local isContent = kind == 'features' or kind == 'segments'
  if kind == 'owners' and not isThere(key) then return 'none' end
  local there = redis.call('HGET', hashes[kind], key)
  -- Of a flag that LaunchDarkly's writers have removed the owner is left.
  local owner = isContent and there and ownerIn(redis.call('HGET', hashes.owners, ownerKey(kind, key)))
  if owner and owner ~= writer then return owner end
  -- What cannot be read is not there for readers, so it is not for writers.
  if not isExpected(expected, version, decoded(there)) then return 'stale' end
  if recordKey ~= '' then
    redis.call('HSET', hashes.audit, recordKey, record)
    redis.call('ZADD', auditKeys, 0, recordKey)
  end
  redis.call('HSET', hashes[kind], key, json)
  if kind == 'audit' then redis.call('ZADD', auditKeys, 0, key) end
  if isContent then
    isChanged = true
    if not owner then own(kind, key) end
    if sum and there then fold(sum, -1, kind, key, there) end
    if sum then fold(sum, 1, kind, key, json) end
  end
  return 'written'
end

local outcomes = {}
for at = 2, #ARGV, 7 do
  outcomes[#outcomes + 1] = apply(unpack(ARGV, at, at + 6))
end
-- Where ld-relay fills there is no mark of ours: its next change would make it an old one.
if mark and isChanged then writeMark(mark, sum or contentSum()) end
return outcomes
`

/**
 * Everything at once: ARGV has the writer, the digest of all that follows, how many features, then key and JSON of each, and
 * of each segment. No JSON: the item stays as it is. Answers the kind, key and owner of each that the other owner refuses.
 */
const FILL = `${COMMON}
local sum = sumOf(ARGV[2])
local owners, refused = {}, {}
local owned = redis.call('HGETALL', hashes.owners)
for at = 1, #owned, 2 do owners[owned[at]] = ownerIn(owned[at + 1]) end

local function fill(kind, from, to)
  local there, given = {}, {}
  local all = redis.call('HGETALL', hashes[kind])
  for at = 1, #all, 2 do there[all[at]] = all[at + 1] end
  for at = from, to, 2 do
    local key, json = ARGV[at], ARGV[at + 1]
    local owner = there[key] and owners[ownerKey(kind, key)]
    given[key] = true
    if json == '' or (owner and owner ~= writer) then
      if json ~= '' then
        for _, said in ipairs({ kind, key, owner }) do refused[#refused + 1] = said end
        fold(sum, -1, kind, key, json)
      end
      if there[key] then fold(sum, 1, kind, key, there[key]) end
    else
      if there[key] ~= json then redis.call('HSET', hashes[kind], key, json) end
      if not owner then own(kind, key) end
    end
  end
  for key, json in pairs(there) do
    local owner = owners[ownerKey(kind, key)]
    if not given[key] then
      if owner and owner ~= writer then
        fold(sum, 1, kind, key, json)
      else
        redis.call('HDEL', hashes[kind], key)
        redis.call('HDEL', hashes.owners, ownerKey(kind, key))
      end
    end
  end
end

local lastFeature = 3 + 2 * tonumber(ARGV[3])
fill('features', 4, lastFeature)
fill('segments', lastFeature + 1, #ARGV)
writeMark(readMark(), sum)
return refused
`

/** Makes a filled store of what is there. Answers 0 when the other owner wrote of it, or nobody known. */
const MARK_FILLED = `${COMMON}
if redis.call('EXISTS', inited) == 1 then return 1 end
for _, kind in ipairs({ 'features', 'segments' }) do
  for _, key in ipairs(redis.call('HKEYS', hashes[kind])) do
    if ownerIn(redis.call('HGET', hashes.owners, ownerKey(kind, key))) ~= writer then return 0 end
  end
end
writeMark(nil, contentSum())
return 1
`

const scriptOf = (text: string): Script => ({ text, sha1: hash('sha1', text) })

export const applyScript: Script = scriptOf(APPLY)
export const fillScript: Script = scriptOf(FILL)
export const markFilledScript: Script = scriptOf(MARK_FILLED)
