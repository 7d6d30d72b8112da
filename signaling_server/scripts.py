"""The decisions of `rooms.py` for many nodes, as Lua that Redis runs one at a time.

A room is a hash: peer -> member as JSON, beside `#v` (a version, one more with every change) and
`#n` (the last order given out). Who changes a room also tells the nodes that have members in it,
in the same step. Members of a node whose lease ran out are ghosts: whoever looks at the room first
takes them out, unless they were left `until` a time on purpose, by a node that drained.
"""

PREFIX = "mentorkit:signaling:"

# KEYS: room, user. ARGV[1] is always the asking node.
_COMMON = """
local P = 'PREFIX'
local room, me = KEYS[1], ARGV[1]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local members, version, order = {}, 0, 0

local function tell(event, kind)
  event.k, event.v = kind, version
  local text, told = cjson.encode(event), {[me] = true}
  for _, member in pairs(members) do
    if not told[member.node] then
      told[member.node] = true
      redis.call('PUBLISH', P .. 'to:' .. member.node, text)
    end
  end
  if event.also and not told[event.also] then
    redis.call('PUBLISH', P .. 'to:' .. event.also, text)
  end
end

local function bump()
  version = redis.call('HINCRBY', room, '#v', 1)
end

local function take_out(member, reason)
  redis.call('HDEL', room, member.peer)
  redis.call('HDEL', P .. 'user:' .. member.user, member.room)
  members[member.peer] = nil
  bump()
  tell({room = member.room, member = member, reason = reason}, 'left')
end

local function store(member)
  members[member.peer] = member
  redis.call('HSET', room, member.peer, cjson.encode(member))
  redis.call('HSET', P .. 'user:' .. member.user, member.room, member.peer)
  redis.call('PEXPIRE', P .. 'user:' .. member.user, 86400000)
  redis.call('PEXPIRE', room, 86400000)
end

local function listed()
  local list = {}
  for _, member in pairs(members) do list[#list + 1] = member end
  return list
end

local function answer(result)
  if next(members) == nil then redis.call('DEL', room) end
  result.v = version
  result.members = listed()
  return cjson.encode(result)
end

local flat = redis.call('HGETALL', room)
for i = 1, #flat, 2 do
  if flat[i] == '#v' then version = tonumber(flat[i + 1])
  elseif flat[i] == '#n' then order = tonumber(flat[i + 1])
  else members[flat[i]] = cjson.decode(flat[i + 1]) end
end
for _, member in ipairs(listed()) do
  local held = member.node == me or redis.call('EXISTS', P .. 'node:' .. member.node) == 1
  if not held and (member['until'] or 0) <= now then take_out(member, 'lost') end
end
""".replace("PREFIX", PREFIX)

# ARGV: node, newcomer, epoch, capacity, rooms per user, resume peer, resume secret
JOIN = (
    _COMMON
    + """
if redis.call('GET', P .. 'epoch') ~= ARGV[3] then return cjson.encode({code = 'unavailable'}) end
local newcomer = cjson.decode(ARGV[2])
local former = members[ARGV[6]]
if former and former.user == newcomer.user and former.secret == ARGV[7] then
  local before = former.node
  former.node, former.name, former['until'] = me, newcomer.name, nil
  -- A process that died is not listening any more, although its lease has not run out.
  local alive = before ~= me and redis.call('EXISTS', P .. 'node:' .. before) == 1
    and redis.call('PUBSUB', 'NUMSUB', P .. 'to:' .. before)[2] > 0
  bump()
  store(former)
  local also = before ~= me and before or nil
  tell({room = former.room, member = former, reason = '', also = also, alive = alive}, 'moved')
  return answer({member = former, resumed = true, before = before, alive = alive})
end
local older, count = nil, 0
for _, member in pairs(members) do
  if member.user == newcomer.user then older = member else count = count + 1 end
end
if count >= tonumber(ARGV[4]) then
  answer({})
  return cjson.encode({code = 'room_full'})
end
if not older then
  local others = redis.call('HGETALL', KEYS[2])
  local rooms = 0
  for i = 1, #others, 2 do
    -- An entry whose room has forgotten the peer is left over from a node that died.
    if redis.call('HEXISTS', P .. 'room:' .. others[i], others[i + 1]) == 1 then rooms = rooms + 1
    else redis.call('HDEL', KEYS[2], others[i]) end
  end
  if rooms >= tonumber(ARGV[5]) then
    answer({})
    return cjson.encode({code = 'rate_limited'})
  end
end
if older then take_out(older, 'replaced') end
newcomer.order = redis.call('HINCRBY', room, '#n', 1)
bump()
store(newcomer)
tell({room = newcomer.room, member = newcomer, reason = '', also = nil}, 'joined')
if older and older.node ~= me then
  local alone = true
  for _, member in pairs(members) do if member.node == older.node then alone = false end end
  if alone then
    redis.call('PUBLISH', P .. 'to:' .. older.node, cjson.encode(
      {k = 'left', v = version, room = newcomer.room, member = older, reason = 'replaced'}))
  end
end
return answer({member = newcomer, replaced = older, resumed = false})
"""
)

# ARGV: node, peer, reason
LEAVE = (
    _COMMON
    + """
local member = members[ARGV[2]]
if member and member.node == me then take_out(member, ARGV[3]) end
return answer({})
"""
)

# ARGV: node, peer, milliseconds it may be away although its node is gone
AWAY = (
    _COMMON
    + """
local member = members[ARGV[2]]
if member and member.node == me then
  member['until'] = now + tonumber(ARGV[3])
  store(member)
end
return answer({})
"""
)

# ARGV: node, capacity, members as a JSON list: those the node has, written again after Redis forgot
LOOK = (
    _COMMON
    + """
local lost = {}
for _, mine in ipairs(cjson.decode(ARGV[3])) do
  if not members[mine.peer] then
    local count, twin = 0, false
    for _, member in pairs(members) do
      count = count + 1
      if member.user == mine.user then twin = true end
    end
    if twin or count >= tonumber(ARGV[2]) then
      lost[#lost + 1] = mine.peer
    else
      if mine.order > order then
        order = mine.order
        redis.call('HSET', room, '#n', order)
      end
      bump()
      store(mine)
      tell({room = mine.room, member = mine, reason = '', also = nil}, 'joined')
    end
  elseif members[mine.peer].node ~= me then
    lost[#lost + 1] = mine.peer
  end
end
return answer({lost = lost})
"""
)
