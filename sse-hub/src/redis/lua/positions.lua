-- KEYS: streams. Returns the id of the last entry of each.
local answer = {}
for i, key in ipairs(KEYS) do
  answer[i] = last(key)
end
return answer
