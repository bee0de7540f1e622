-- Begins an epoch: appends its marker, if that is later than all entries. The marker has the field `lost` if the log
-- lost entries, or may have, and no marker has reported it yet.
-- KEYS: stream; its hash, with `run`, the run in which the log was continued last, and `lost`, the last marker that
-- reported a loss; the hash of the life (see life.lua).
-- ARGV: id of the marker, or '' to append nothing; the highest known id; nonce; the run of Redis, or '' if unknown;
-- '1' if a restart loses nothing; '1' to append only a marker that reports a loss; the numbers of the epochs of the
-- marker and of the highest known id.
-- Returns {outcome, id of the last entry before or of the begin, time in ms}.

-- Compares ids. As numbers, they are too large for Lua.
local function is_later(one, other)
  local ms, seq = string.match(one, '^(%d+)-(%d+)$')
  local other_ms, other_seq = string.match(other, '^(%d+)-(%d+)$')
  if ms == other_ms then
    ms, other_ms = seq, other_seq
  end
  return #ms > #other_ms or #ms == #other_ms and ms > other_ms
end

-- Whether the log has this entry, or had it before it was trimmed: then the next entry continues from there. Also true
-- if the log was begun again, since its first marker reports that to all clients that have seen anything else.
local function has(key, id, last)
  local next = redis.call('XRANGE', key, id, '+', 'COUNT', 1)[1]
  if not next then
    return not is_later(id, last)
  end
  if next[1] == id or next[2][1] ~= 'begin' or string.sub(next[2][2], 1, 2) == '0-' then
    return true
  end
  return not is_later(id, next[2][2])
end

local before, ended = last(KEYS[1])
local time = redis.call('TIME')
local ms = time[1] * 1000 + math.floor(time[2] / 1000)
if ended then
  return {'closed', before, ms}
end
local run, told = unpack(redis.call('HMGET', KEYS[2], 'run', 'lost'))
local is_first = before == '0-0'
local first = begin(KEYS[3], ARGV[4], ARGV[5])
local lost, is_late
if is_first then
  before = first
  local life = tonumber(string.sub(first, 3))
  -- There was a log in this life: it left its hash, or the process knows it.
  lost = run or tonumber(ARGV[8]) > life
  is_late = ARGV[1] ~= '' and tonumber(ARGV[7]) <= life
else
  local is_other_run = ARGV[4] ~= '' and run ~= ARGV[4]
  lost = is_other_run and ARGV[5] ~= '1'
    or is_later(ARGV[2], told or '0-0') and not has(KEYS[1], ARGV[2], before)
end
if ARGV[6] == '1' and not lost then
  return {'kept', before, ms}
end
if ARGV[1] == '' or is_late then
  return {'moved', before, ms}
end
local marker = {'begin', before, 'nonce', ARGV[3]}
if lost then
  marker[5], marker[6] = 'lost', ''
end
local added = redis.pcall('XADD', KEYS[1], ARGV[1], unpack(marker))
if type(added) == 'table' then
  if string.find(added.err, 'equal or smaller', 1, true) then
    return {'moved', before, ms}
  end
  return added
end
if is_first then
  redis.call('DEL', KEYS[2])
end
if ARGV[4] ~= '' then
  redis.call('HSET', KEYS[2], 'run', ARGV[4])
end
if lost then
  redis.call('HSET', KEYS[2], 'lost', ARGV[1])
end
return {'begun', before, ms}
