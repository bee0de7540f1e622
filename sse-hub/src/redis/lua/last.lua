-- The id of the last entry that was ever appended, and whether that entry ends the topic. '0-0' if there is no stream.
local function last(key)
  local entry = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
  if entry then
    return entry[1], entry[2][1] == 'end'
  end
  if redis.call('EXISTS', key) == 0 then
    return '0-0', false
  end
  -- All entries are trimmed, but the stream still has its last id.
  local info = redis.call('XINFO', 'STREAM', key)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then
      return info[i + 1], false
    end
  end
end

