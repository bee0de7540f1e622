-- KEYS: the hash of the life (see life.lua), streams.
-- ARGV: the run of Redis, or '' if unknown; '1' if a restart loses nothing.
-- Returns the id of the last entry of each stream, or that of the begin if there is no stream.
local answer = {}
local first = begin(KEYS[1], ARGV[1], ARGV[2])
for i = 2, #KEYS do
  local id = last(KEYS[i])
  answer[i - 1] = id == '0-0' and first or id
end
return answer
