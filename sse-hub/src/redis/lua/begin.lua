-- Begins an epoch: appends its marker, if that is later than all that was appended.
-- KEYS: stream. ARGV: id of the marker, or '' to append nothing; the last id that is known of; nonce.
-- Answers {outcome, id of the last entry before, time in ms}.
local before, ended = last(KEYS[1])
local time = redis.call('TIME')
local ms = time[1] * 1000 + math.floor(time[2] / 1000)
if ended then
  return {'closed', before, ms}
end
if ARGV[1] == '' then
  return {'moved', before, ms}
end
local added = redis.pcall('XADD', KEYS[1], ARGV[1], 'begin', before, 'heard', ARGV[2], 'nonce', ARGV[3])
if type(added) == 'table' then
  if string.find(added.err, 'equal or smaller', 1, true) then
    return {'moved', before, ms}
  end
  return added
end
return {'begun', before, ms}
