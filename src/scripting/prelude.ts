// What every script finds around it, as a Lua chunk that is run once, before any script. It is given all libraries as
// globals, and returns the globals of scripts, the table behind them, and what handles a script's error.
//
// Scripts share one Lua state, so nothing that they can reach may be changed: each library, and the globals themselves,
// are empty tables that look up what they lack in a hidden one and refuse what is set.
//
// The code of a library of functions has globals of its own: while it is loaded nothing but what registers functions, and
// when its functions are called what scripts have, save for what is of use to scripts alone.

export const PRELUDE_NAME = '=skep'

export const PRELUDE = `
local READONLY = 'Attempt to modify a readonly table'
local type, error, tostring, next = type, error, tostring, next
local plainPcall, plainSetMetatable, plainGetMetatable = pcall, setmetatable, getmetatable
local plainRawset, plainRawget, plainPairs, plainIpairs = rawset, rawget, pairs, ipairs
local getinfo = debug.getinfo

-- The hidden table behind each protected one.
local hidden = {}

local function refuse() error(READONLY, 2) end

local function protect(t)
  local shown = plainSetMetatable({}, { __index = t, __newindex = refuse, __metatable = false })
  hidden[shown] = t
  return shown
end

local library
local globals = {}
local shown = protect(globals)
local shownGlobalsMeta = protect({})
for _, name in plainIpairs({
  'assert', 'collectgarbage', 'error', 'gcinfo', 'ipairs', 'rawequal', 'select',
  'tonumber', 'tostring', 'type', 'unpack', 'xpcall', '_VERSION',
}) do globals[name] = _G[name] end
for _, name in plainIpairs({
  'string', 'table', 'math', 'coroutine', 'redis', 'cjson', 'cmsgpack', 'struct', 'bit',
}) do globals[name] = protect(_G[name]) end
-- What strings have as methods is the library as it is.
plainGetMetatable('').__index = globals.string
local shownStringMeta = protect(plainGetMetatable(''))

-- Lua does not check bytecode: it could be made to do anything.
local plainLoadstring, byte, concat = loadstring, string.byte, table.concat
function globals.loadstring(code, name)
  if type(code) == 'string' and byte(code) == 27 then return nil, 'bytecode is not accepted' end
  return plainLoadstring(code, name)
end
function globals.load(read, name)
  if type(read) ~= 'function' then
    error("bad argument #1 to 'load' (function expected, got " .. type(read) .. ')', 2)
  end
  local parts = {}
  for part in read do
    if part == '' then break end
    parts[#parts + 1] = part
  end
  return globals.loadstring(concat(parts), name or '=(load)')
end

function globals.next(t, key) return next(hidden[t] or t, key) end
function globals.pairs(t)
  if type(t) ~= 'table' then error("bad argument #1 to 'pairs' (table expected, got " .. type(t) .. ')', 2) end
  return plainPairs(hidden[t] or t)
end
function globals.getmetatable(value)
  if type(value) == 'string' then return shownStringMeta end
  if value == shown or value == library then return shownGlobalsMeta end
  if hidden[value] then return nil end
  return plainGetMetatable(value)
end
function globals.setmetatable(t, meta)
  if hidden[t] then error(READONLY, 0) end
  return plainSetMetatable(t, meta)
end
function globals.rawset(t, key, value)
  if hidden[t] then error(READONLY, 0) end
  return plainRawset(t, key, value)
end
function globals.rawget(t, key) return plainRawget(hidden[t] or t, key) end

-- An error that a command has raised is a table; who catches it gets its text.
local function caught(ok, ...)
  if ok then return true, ... end
  local problem = ...
  if type(problem) == 'table' and (type(problem.err) == 'string' or type(problem.err) == 'number') then
    return false, problem.err
  end
  return false, problem
end
function globals.pcall(...) return caught(plainPcall(...)) end

globals._G = shown
local missing = {
  __index = function(_, name)
    error("Script attempted to access nonexistent global variable '" .. tostring(name) .. "'", 2)
  end,
}

local functionGlobals, functionRedis = {}, {}
for name, value in plainPairs(globals) do functionGlobals[name] = value end
for name, value in plainPairs(redis) do functionRedis[name] = value end
for _, name in plainIpairs({ 'breakpoint', 'debug', 'replicate_commands' }) do functionRedis[name] = nil end
functionGlobals.redis = protect(functionRedis)
plainSetMetatable(globals, missing)
plainSetMetatable(functionGlobals, missing)
local loadGlobals = { redis = protect(plainSetMetatable(_G.library, missing)) }
plainSetMetatable(loadGlobals, missing)
local libraryMeta = { __index = functionGlobals, __newindex = refuse, __metatable = false }
library = plainSetMetatable({}, libraryMeta)
hidden[library] = functionGlobals
functionGlobals._G = library

local setfenv = setfenv
local function loadLibrary(chunk)
  setfenv(chunk, library)
  libraryMeta.__index = loadGlobals
  chunk()
end
local function endLoading() libraryMeta.__index = functionGlobals end

-- Makes every error a table with its text and the place in the script that it came from.
local function handle(problem)
  local level = 2
  local info = getinfo(level, 'Sl')
  while info and (info.what == 'C' or info.source == '=skep') do
    level = level + 1
    info = getinfo(level, 'Sl')
  end
  if type(problem) ~= 'table' then problem = { err = 'ERR ' .. tostring(problem) } end
  if info then
    problem.source = info.source
    problem.line = info.currentline
  end
  return problem
end

return endLoading, loadLibrary, shown, globals, handle
`
