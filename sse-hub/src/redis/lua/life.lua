-- The begin of a topic that has no log, as an id: `0-` and the life of the data in Redis.
-- The life is in a hash, with the run of Redis in which it was made. It is lost together with the logs. Another run may
-- have older logs, so that is another life, unless a restart loses nothing.
-- A life is a number like those of epochs, 64 in each ms, so it is later than all entries that were lost.
local function begin(key, run, keeps_all)
  local life, its_run = unpack(redis.call('HMGET', key, 'life', 'run'))
  if life and (run == '' or its_run == run or keeps_all == '1') then
    return '0-' .. life
  end
  local time = redis.call('TIME')
  local new = string.format('%.0f', time[1] * 64000 + math.floor(time[2] * 64 / 1000))
  local made = redis.pcall('HSET', key, 'life', new, 'run', run)
  if type(made) == 'table' then
    -- The memory is full. Logs can be read all the same.
    return '0-' .. (life or 0)
  end
  return '0-' .. new
end

