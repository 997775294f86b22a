package redis

import "github.com/redis/rueidis"

// The scripts of Replicas. What they know:
//
//	members   sorted set: instances, by the millisecond at which they end
//	peers     hash: instance -> who it is, as JSON
//	names     hash: name -> instance
//	owners    hash: shard -> "generation:instance", and "open": from when on shards can be taken
//	facts     hash: lease (milliseconds), shards
//	shard:N   hash: number (of the last write), session (JSON), low
//	shard:N:claimed  sorted set: "event:generation", by event
//	shard:N:settled  sorted set: events
//	identify  hash: turns by lane, and what is left of the day
//
// Numbers of 16 digits are written by %.0f: Lua's own way rounds them.
const prelude = `
local function text(n) return string.format('%.0f', n) end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function owner(key, shard)
  local o = redis.call('HGET', key, shard)
  if not o then return 0, '' end
  local at = string.find(o, ':', 1, true)
  return tonumber(string.sub(o, 1, at - 1)), string.sub(o, at + 1)
end
local function alive(key, instance)
  local ends = redis.call('ZSCORE', key, instance)
  return ends and tonumber(ends) > now
end
local function drop(key, instance)
  local all = redis.call('HGETALL', key)
  for i = 1, #all, 2 do
    if all[i] ~= 'open' then
      local at = string.find(all[i + 1], ':', 1, true)
      if string.sub(all[i + 1], at + 1) == instance then
        redis.call('HSET', key, all[i], string.sub(all[i + 1], 1, at))
      end
    end
  end
end
local function forget(peers, names, instance)
  redis.call('HDEL', peers, instance)
  local all = redis.call('HGETALL', names)
  for i = 1, #all, 2 do
    if all[i + 1] == instance then redis.call('HDEL', names, all[i]) end
  end
end
`

var beatScript = rueidis.NewLuaScript(prelude + `
local members, peers, names, owners, facts = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local me, name, who, lease, shards, life, topic = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6], ARGV[7]
for _, dead in ipairs(redis.call('ZRANGEBYSCORE', members, '-inf', now)) do
  redis.call('ZREM', members, dead)
  forget(peers, names, dead)
end
local rival = redis.call('HGET', names, name)
if rival and rival ~= me and alive(members, rival) then
  return {'rival', redis.call('HGET', peers, rival), text(redis.call('ZSCORE', members, rival) - now)}
end
if redis.call('ZCARD', members) == 0 then redis.call('DEL', facts) end
local fresh = not alive(members, me)
redis.call('HSETNX', facts, 'lease', lease)
if shards > 0 then redis.call('HSETNX', facts, 'shards', shards) end
lease = tonumber(redis.call('HGET', facts, 'lease'))
-- Whoever had a shard before all was lost has it no longer than that.
redis.call('HSETNX', owners, 'open', text(now + lease))
if fresh then drop(owners, me) end
redis.call('ZADD', members, text(now + lease), me)
local changed = redis.call('HGET', peers, me) ~= who
redis.call('HSET', peers, me, who)
redis.call('HSET', names, name, me)
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, life) end
if fresh or changed then redis.call('PUBLISH', topic, '') end
local list = {}
local living = redis.call('ZRANGE', members, 0, -1, 'WITHSCORES')
for i = 1, #living, 2 do
  local p = redis.call('HGET', peers, living[i])
  if p then
    list[#list + 1] = p
    list[#list + 1] = text(living[i + 1] - now)
  end
end
return {'ok', fresh and 1 or 0, lease, tonumber(redis.call('HGET', facts, 'shards') or 0), math.max(0, redis.call('HGET', owners, 'open') - now), list, redis.call('HGETALL', owners)}
`)

var leaveScript = rueidis.NewLuaScript(prelude + `
redis.call('ZREM', KEYS[1], ARGV[1])
forget(KEYS[2], KEYS[3], ARGV[1])
drop(KEYS[4], ARGV[1])
redis.call('PUBLISH', ARGV[2], '')
return {'ok'}
`)

var takeScript = rueidis.NewLuaScript(prelude + `
local members, owners, state, claimed, settled = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local me, shard, seen, above = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
if not alive(members, me) then return {'gone'} end
local open = redis.call('HGET', owners, 'open')
if not open or tonumber(open) > now then return {'fallow'} end
local generation, had = owner(owners, shard)
if generation ~= seen then return {'changed'} end
if had ~= me and had ~= '' and alive(members, had) then return {'held'} end
generation = math.max(generation + 1, above + 1, clock[1] * 1000000 + clock[2])
redis.call('HSET', owners, shard, text(generation) .. ':' .. me)
redis.call('HSET', state, 'number', 0)
for i = 7, #ARGV do
  if not redis.call('ZSCORE', settled, ARGV[i]) then redis.call('ZREM', claimed, ARGV[i] .. ':' .. ARGV[6]) end
end
redis.call('PUBLISH', ARGV[5], '')
return {'ok', text(generation), had, redis.call('HGET', state, 'session') or '', redis.call('HGET', state, 'low') or '0',
  redis.call('ZRANGE', claimed, 0, -1), redis.call('ZRANGE', settled, 0, -1)}
`)

var writeScript = rueidis.NewLuaScript(prelude + `
local members, owners, state, claimed, settled = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local me, shard, generation, number, session, low = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6])
local free, claim, settle = tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12])
if redis.call('HGET', owners, shard) ~= generation .. ':' .. me then return {'stale'} end
local before = tonumber(redis.call('HGET', state, 'number') or 0)
if number <= before then return {'stale'} end
if claim > 0 and not alive(members, me) then return {'stale'} end
redis.call('HSET', state, 'number', text(number))
if session ~= '' then
  redis.call('HSET', state, 'session', session, 'low', text(low))
  redis.call('DEL', claimed, settled)
end
local was = tonumber(redis.call('HGET', state, 'low') or 0)
if low > was then
  redis.call('HSET', state, 'low', text(low))
else
  low = was
end
if session == '' then
  redis.call('ZREMRANGEBYSCORE', claimed, '-inf', text(low))
  redis.call('ZREMRANGEBYSCORE', settled, '-inf', text(low))
end
local function mine(seq)
  local c = redis.call('ZRANGE', claimed, seq, seq, 'BYSCORE')[1]
  return c, c == seq .. ':' .. generation
end
local out = {'ok', before}
for i = 13, 12 + free do
  local seq = ARGV[i]
  local _, ours = mine(seq)
  if ours and not redis.call('ZSCORE', settled, seq) then redis.call('ZREM', claimed, seq .. ':' .. generation) end
end
for i = 13 + free, 12 + free + claim do
  local seq = ARGV[i]
  local granted = 1
  if tonumber(seq) > low then
    local has, ours = mine(seq)
    if not has then
      redis.call('ZADD', claimed, seq, seq .. ':' .. generation)
    elseif not ours then
      granted = 0
    end
  end
  out[#out + 1] = granted
end
for i = 13 + free + claim, 12 + free + claim + settle do
  local seq = ARGV[i]
  if mine(seq) then redis.call('ZADD', settled, seq, seq) end
end
for i = 3, 5 do redis.call('PEXPIRE', KEYS[i], ARGV[8]) end
if ARGV[7] == '1' then
  redis.call('HSET', owners, shard, generation .. ':')
  redis.call('PUBLISH', ARGV[9], '')
end
return out
`)

var identifyScript = rueidis.NewLuaScript(prelude + `
local key = KEYS[1]
local me, lane, what, every, hold = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local remaining, total, reset, same = tonumber(ARGV[6]), ARGV[7], now + ARGV[8], tonumber(ARGV[9])
local function get(name) return tonumber(redis.call('HGET', key, name) or 0) end
local function set(name, n) redis.call('HSET', key, name, text(n)) end
local holder = redis.call('HGET', key, 'holder:' .. lane)
redis.call('PEXPIRE', key, 172800000)
if what ~= 'ask' then
  if holder == me then
    redis.call('HDEL', key, 'holder:' .. lane, 'until:' .. lane)
    if what == 'done' then
      set('next:' .. lane, now + every)
      redis.call('HINCRBY', key, 'remaining', -1)
    end
  end
  return {'ok', 0}
end
if remaining >= 0 then
  local known = get('reset')
  if known > now and math.abs(known - reset) < same then remaining = math.min(remaining, get('remaining')) end
  set('remaining', remaining)
  redis.call('HSET', key, 'total', total)
  set('reset', reset)
end
local ends = get('reset')
if ends > 0 and ends <= now then
  ends = now + 86400000
  set('reset', ends)
  set('remaining', get('total'))
end
if ends > 0 and get('remaining') <= 0 then return {'ok', ends - now} end
if holder and holder ~= me then
  local left = get('until:' .. lane) - now
  if left > 0 then return {'ok', left} end
end
local wait = get('next:' .. lane) - now
if wait > 0 then return {'ok', wait} end
redis.call('HSET', key, 'holder:' .. lane, me)
set('until:' .. lane, now + hold)
return {'ok', 0}
`)
