-- Appends an entry, if the log is in the epoch of the publisher and has reached the number that the publisher has seen
-- in it.
-- KEYS: stream, its hash (see begin.lua), idempotency key ('' for none).
-- ARGV: epoch, number seen in it, entries to keep, ms to keep the stream ('' forever), ms to keep the idempotency key,
-- fields and values of the entry.
-- Returns {outcome, id}.
local before, ended = last(KEYS[1])
local epoch, seq = string.match(before, '^(%d+)-(%d+)$')
local first = KEYS[3] ~= '' and redis.call('GET', KEYS[3])
if first then
  return {'again', first}
end
if ended then
  return {'closed', before}
end
-- As numbers, epochs are too large for Lua.
if epoch ~= ARGV[1] or tonumber(seq) < tonumber(ARGV[2]) then
  return {'moved', before}
end
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], ARGV[1] .. '-*', unpack(ARGV, 6))
if KEYS[3] ~= '' then
  redis.call('SET', KEYS[3], id, 'PX', ARGV[5])
end
if ARGV[4] ~= '' then
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
  redis.call('PEXPIRE', KEYS[2], ARGV[4])
end
return {'appended', id}
