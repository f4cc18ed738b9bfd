// Lua for the scripts of one thread: compiles them, runs them, and gives them what Redis does as `redis`.
//
// What commands are, who may run them and which locks they need is the host's business (shard/scripts.ts).

import { hash } from 'node:crypto'
import { byteArray } from '../bytes/byte-array.ts'
import { copyBytes } from '../bytes/copy.ts'
import { writeDouble17 } from '../bytes/doubles.ts'
import { REDIS_VERSION } from '../config/version.ts'
import type { Reply } from '../protocol/reply.ts'
import { Request } from '../protocol/request.ts'
import { FUNCTION_FLAGS, type LibraryFunction } from '../store/libraries.ts'
import { bitLibrary } from './bits.ts'
import { pushJson } from './json.ts'
import { ALL_RESULTS, GLOBALS, Lua, REGISTRY, TYPE } from './lua.ts'
import { msgpackLibrary } from './msgpack.ts'
import { PRELUDE, PRELUDE_NAME } from './prelude.ts'
import { RandomNumbers, randomFunctions } from './random.ts'
import { COUNTED, oneLine, ReplyReader, STACK_LIMIT, writeValue } from './replies.ts'
import { structLibrary } from './struct.ts'
import type { State } from './wasm.ts'

/** What a script may ask of the thread that runs it. */
export interface ScriptHost {
  /** Runs a command; the reply, of one command alone, may be an error. */
  call(req: Request, resp: 2 | 3): Reply
  /** Whether the script must not go on, whatever it makes of the last reply: `stops` says why. */
  readonly isOver: boolean
  /** Asked again and again while a script runs: an error to end it with, or undefined to let it go on. */
  stops(): string | undefined
  log(level: number, text: string): void
  /** Whether the client's user may run a command; undefined if there is none like it. */
  allows(req: Request): boolean | undefined
}

/** Stands for a host where scripts are compiled and not run. */
export const noHost = (why: string): ScriptHost => ({
  call() {
    throw new Error(why)
  },
  isOver: false,
  stops: () => undefined,
  log: () => undefined,
  allows: () => undefined,
})

/** Instructions between two looks at the time. */
const HOOK_INSTRUCTIONS = 100_000
const MASK_COUNT = 8
/** The levels of redis.log. */
export const LOG_LEVELS = { LOG_DEBUG: 0, LOG_VERBOSE: 1, LOG_NOTICE: 2, LOG_WARNING: 3 } as const
const REPLICATION = { REPL_NONE: 0, REPL_AOF: 1, REPL_SLAVE: 2, REPL_REPLICA: 2, REPL_ALL: 3 } as const
const SEEDS = 2 ** 32
/** Scripts kept compiled. */
const SCRIPTS_MAX = 1000
const NOT_ARGUMENTS = 'ERR Lua redis lib command arguments must be strings or integers'

/** The first byte of bytecode, which Lua does not check: it could be made to break anything. */
const BYTECODE = 0x1b
/** Where the registry has the functions of the library that is being loaded. */
const LOADING = 'loading'
const FLAG_NAMES: readonly string[] = FUNCTION_FLAGS
const libraryKey = (name: string): string => `library ${name}`
export const LIBRARY_NAME = /^[a-zA-Z0-9_]+$/
export const BAD_NAME =
  'Library names can only contain letters, numbers, or underscores(_) and must be at least one character long'

/** The hexadecimal SHA-1 that names a script. */
export const scriptName = (body: Uint8Array): string => hash('sha1', body, 'hex')

/** The line of the log for a script, or function, that has run for so long that others are told. */
export const slowScript = (ms: number, name: string, isFunction: boolean): string =>
  `Slow script detected: still in execution after ${Math.floor(ms)} milliseconds. You can try killing the script using the ` +
  `${isFunction ? 'FUNCTION' : 'SCRIPT'} KILL command. Script name is: ${name}.`

export class ScriptMachine {
  readonly #lua = new Lua()
  readonly #host: ScriptHost
  readonly #reader = new ReplyReader(this.#lua)
  readonly #numbers = new RandomNumbers()
  readonly #compiled = new Set<string>()
  readonly #req = new Request()
  #arguments = byteArray(4096)
  readonly #digits = byteArray(32)
  readonly #hook: number
  #resp: 2 | 3 = 2
  #stopped = ''
  #isCalling = false
  /** The texts of the libraries that are loaded, by name. */
  readonly #libraries = new Map<string, string>()
  /** Whose version of the libraries those are. */
  librariesVersion = 0
  /** What the library that is being loaded has registered; undefined while none is. */
  #registers: LibraryFunction[] | undefined
  #loadEnds = 0
  /** Whether the error that the last script replied is one that a command gave it. */
  errorIsCounted = false
  /** It must not be used any more. */
  isBroken = false

  constructor(host: ScriptHost) {
    this.#host = host
    const lua = this.#lua
    const { api, state } = lua
    for (const open of [api.luaopen_base, api.luaopen_string, api.luaopen_math, api.luaopen_table, api.luaopen_debug]) {
      open(state)
    }
    api.lua_settop(state, 0)
    lua.rawField(state, GLOBALS, 'math')
    for (const [name, fn] of Object.entries(randomFunctions(lua, this.#numbers))) {
      lua.pushFunction(state, fn)
      lua.setRawField(state, -2, name)
    }
    lua.pop(state)
    this.#pushRedis(state)
    lua.setRawField(state, GLOBALS, 'redis')
    this.#pushLibrary(state)
    lua.setRawField(state, GLOBALS, 'library')
    pushJson(lua, state)
    lua.setRawField(state, GLOBALS, 'cjson')
    lua.pushLibrary(state, msgpackLibrary(lua))
    lua.setRawField(state, GLOBALS, 'cmsgpack')
    lua.pushLibrary(state, structLibrary(lua))
    lua.setRawField(state, GLOBALS, 'struct')
    lua.pushLibrary(state, bitLibrary(lua))
    lua.setRawField(state, GLOBALS, 'bit')
    this.#hook = lua.hookOf(at => this.#tick(at))
    this.#runPrelude(state)
  }

  /** Leaves the globals of scripts in the place of Lua's, and keeps the two other results where `run` finds them. */
  #runPrelude(state: State): void {
    const lua = this.#lua
    const problem = this.#load(state, Buffer.from(PRELUDE), PRELUDE_NAME)
    if (problem !== undefined || lua.api.lua_pcall(state, 0, ALL_RESULTS, 0) !== 0) {
      throw new Error(`the prelude of scripts is broken: ${problem ?? lua.textAt(state, -1)}`)
    }
    lua.setRawField(state, REGISTRY, 'handler')
    lua.setRawField(state, REGISTRY, 'globals')
    lua.api.lua_replace(state, GLOBALS)
    lua.setRawField(state, REGISTRY, 'loadLibrary')
    lua.setRawField(state, REGISTRY, 'endLoading')
    lua.api.lua_settop(state, 0)
  }

  /** Compiles a chunk and pushes it. Returns what is wrong with it, undefined if nothing is. */
  #load(state: State, code: Uint8Array, name: string): string | undefined {
    const lua = this.#lua
    const at = lua.api.malloc(code.length + 1)
    if (at === 0) return 'not enough memory'
    lua.scratch(0)
    lua.u8.set(code, at)
    const status = lua.api.luaL_loadbuffer(state, at, code.length, lua.name(name))
    lua.api.free(at)
    if (status === 0) return undefined
    const problem = lua.textAt(state, -1) ?? 'unknown error'
    lua.pop(state)
    return problem
  }

  // ---- scripts

  /** Compiles a script, unless that was done. Returns what is wrong with it, as an error reply, or undefined. */
  compile(name: string, body: Uint8Array): string | undefined {
    if (this.#compiled.has(name)) return undefined
    const { state } = this.#lua
    const problem =
      body[0] === BYTECODE ? 'user_script: bytecode is not accepted' : this.#load(state, body, '@user_script')
    if (problem !== undefined) return `ERR Error compiling script (new function): ${oneLine(problem)}`
    if (this.#compiled.size >= SCRIPTS_MAX) this.forgetAll()
    this.#lua.setRawField(state, REGISTRY, name)
    this.#compiled.add(name)
    return undefined
  }

  forgetAll(): void {
    const { state } = this.#lua
    for (const name of this.#compiled) {
      this.#lua.api.lua_pushnil(state)
      this.#lua.setRawField(state, REGISTRY, name)
    }
    this.#compiled.clear()
  }

  /** Runs a compiled script with `keys` arguments of `req` from `first` on as KEYS, those behind them to `end` as ARGV. */
  run(name: string, req: Request, first: number, keys: number, end: number, reply: Reply): void {
    const lua = this.#lua
    const { state } = lua
    this.#begin(state)
    lua.rawField(state, REGISTRY, 'globals')
    this.#pushArguments(state, req, first, first + keys)
    lua.setRawField(state, -2, 'KEYS')
    this.#pushArguments(state, req, first + keys, end)
    lua.setRawField(state, -2, 'ARGV')
    lua.pop(state)
    lua.rawField(state, REGISTRY, name)
    this.#execute(state, name, 0, reply)
  }

  /** Leaves the handler of errors at the bottom of the stack. */
  #begin(state: State): void {
    this.#resp = 2
    this.#stopped = ''
    this.#numbers.seed(Math.random() * SEEDS)
    this.#lua.api.lua_settop(state, 0)
    this.#lua.rawField(state, REGISTRY, 'handler')
  }

  /** Calls what is on the stack below so many arguments, and replies what comes of it. */
  #execute(state: State, name: string, argumentCount: number, reply: Reply): void {
    const lua = this.#lua
    const { api } = lua
    api.lua_sethook(state, this.#hook, MASK_COUNT, HOOK_INSTRUCTIONS)
    let failed: boolean
    try {
      failed = api.lua_pcall(state, argumentCount, 1, 1) !== 0
    } catch (error) {
      // The stack of this thread, or of the module, has overflowed. In the midst of a command that is fatal.
      if (this.#isCalling) throw error
      this.isBroken = true
      return reply.error(`ERR stack overflow script: ${name}`)
    }
    api.lua_sethook(state, 0, 0, 0)
    this.errorIsCounted = this.#isCounted(state)
    if (failed) this.#writeFailure(state, name, reply)
    else writeValue(lua, state, reply, (this.#resp as number) === 3)
    api.lua_settop(state, 0)
  }

  /** Whether what is on top of the stack is an error that a command has replied. */
  #isCounted(state: State): boolean {
    const lua = this.#lua
    if (lua.type(state, -1) !== TYPE.TABLE) return false
    const isCounted = lua.rawField(state, -1, COUNTED) === TYPE.BOOLEAN && lua.api.lua_toboolean(state, -1) !== 0
    lua.pop(state)
    return isCounted
  }

  #pushArguments(state: State, req: Request, from: number, to: number): void {
    const lua = this.#lua
    lua.api.lua_createtable(state, to - from, 0)
    for (let i = from; i < to; i++) {
      lua.pushBytes(state, req.u8, req.at[i], req.length[i])
      lua.api.lua_rawseti(state, -2, i - from + 1)
    }
  }

  #writeFailure(state: State, name: string, reply: Reply): void {
    const lua = this.#lua
    if (lua.type(state, -1) !== TYPE.TABLE) {
      // The handler itself has failed, for want of memory or stack.
      return reply.error(oneLine(`ERR ${lua.textAt(state, -1) ?? 'unknown error'} script: ${name}`))
    }
    const field = (key: string): string | undefined => {
      lua.rawField(state, -1, key)
      const text = lua.textAt(state, -1)
      lua.pop(state)
      return text
    }
    const text = field('err') ?? 'ERR unknown error'
    const source = field('source')
    const line = field('line')
    const place = source !== undefined && line !== undefined ? `, on ${source}:${line}.` : ''
    reply.error(oneLine(`${text} script: ${name}${place}`))
  }

  // ---- libraries of functions

  /** The text of a library that is loaded here. */
  codeOf(library: string): string | undefined {
    return this.#libraries.get(library)
  }

  get loaded(): Iterable<string> {
    return this.#libraries.keys()
  }

  /**
   * Loads a library, of whose text its first line is left out in `body`. Returns the functions that it registers, or what
   * is wrong with it; then what was loaded under its name stays.
   */
  loadLibrary(
    name: string,
    code: string,
    body: Uint8Array,
    msMax = Number.POSITIVE_INFINITY,
  ): readonly LibraryFunction[] | string {
    const lua = this.#lua
    const { api, state } = lua
    this.#begin(state)
    lua.rawField(state, REGISTRY, 'loadLibrary')
    const problem =
      body[0] === BYTECODE ? 'user_function: bytecode is not accepted' : this.#load(state, body, '@user_function')
    if (problem !== undefined) return `ERR Error compiling function: ${oneLine(problem)}`
    api.lua_createtable(state, 0, 0)
    lua.setRawField(state, REGISTRY, LOADING)
    const functions: LibraryFunction[] = []
    this.#registers = functions
    this.#loadEnds = performance.now() + msMax
    api.lua_sethook(state, this.#hook, MASK_COUNT, HOOK_INSTRUCTIONS)
    let failed: boolean
    try {
      failed = api.lua_pcall(state, 1, 0, 1) !== 0
    } catch {
      this.isBroken = true
      return 'ERR Error registering functions: stack overflow'
    } finally {
      this.#registers = undefined
    }
    api.lua_sethook(state, 0, 0, 0)
    const text = failed ? this.#errorText(state) : ''
    api.lua_settop(state, 0)
    lua.rawField(state, REGISTRY, 'endLoading')
    api.lua_pcall(state, 0, 0, 0)
    if (failed) return oneLine(`ERR Error registering functions: ${text}`)
    if (functions.length === 0) return 'ERR No functions registered'
    lua.rawField(state, REGISTRY, LOADING)
    lua.setRawField(state, REGISTRY, libraryKey(name))
    this.#libraries.set(name, code)
    return functions
  }

  dropLibrary(name: string): void {
    const { state } = this.#lua
    this.#lua.api.lua_pushnil(state)
    this.#lua.setRawField(state, REGISTRY, libraryKey(name))
    this.#libraries.delete(name)
  }

  /** Calls a function of a loaded library; arguments as for `run`. */
  call(library: string, fn: string, req: Request, first: number, keys: number, end: number, reply: Reply): void {
    const lua = this.#lua
    const { state } = lua
    this.#begin(state)
    lua.rawField(state, REGISTRY, libraryKey(library))
    lua.rawField(state, -1, fn.toLowerCase())
    lua.api.lua_remove(state, -2)
    this.#pushArguments(state, req, first, first + keys)
    this.#pushArguments(state, req, first + keys, end)
    this.#execute(state, fn, 2, reply)
  }

  /** What is on top of the stack after a failure says of itself. */
  #errorText(state: State): string {
    const lua = this.#lua
    if (lua.type(state, -1) !== TYPE.TABLE) return lua.textAt(state, -1) ?? 'unknown error'
    lua.rawField(state, -1, 'err')
    return lua.textAt(state, -1) ?? 'unknown error'
  }

  /** redis.register_function(name, callback), or with a table of named arguments. */
  #register(state: State): number {
    const lua = this.#lua
    const functions = this.#registers
    const refuse = (text: string): never => this.#raiseTable(state, `ERR ${text}`)
    if (functions === undefined) return refuse('redis.register_function can only be called on FUNCTION LOAD command')
    const count = lua.api.lua_gettop(state)
    if (count < 1 || count > 2) return refuse('wrong number of arguments to redis.register_function')
    const fn = count === 1 ? this.#namedArguments(state, refuse) : this.#plainArguments(state, refuse)
    if (!LIBRARY_NAME.test(fn.name)) return refuse(BAD_NAME)
    const key = fn.name.toLowerCase()
    if (functions.some(({ name }) => name.toLowerCase() === key))
      return refuse('Function already exists in the library')
    // The callback is on top.
    lua.rawField(state, REGISTRY, LOADING)
    lua.api.lua_insert(state, -2)
    lua.setRawField(state, -2, key)
    functions.push(fn)
    return 0
  }

  #plainArguments(state: State, refuse: (text: string) => never): LibraryFunction {
    const lua = this.#lua
    if (lua.type(state, 1) !== TYPE.STRING) refuse('first argument to redis.register_function must be a string')
    if (lua.type(state, 2) !== TYPE.FUNCTION) refuse('second argument to redis.register_function must be a function')
    return { name: lua.textAt(state, 1) ?? '', flags: 0, description: null }
  }

  /** Leaves the callback on top. */
  #namedArguments(state: State, refuse: (text: string) => never): LibraryFunction {
    const lua = this.#lua
    const { api } = lua
    if (lua.type(state, 1) !== TYPE.TABLE) {
      refuse(
        'calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments).',
      )
    }
    let name: string | undefined
    let description: string | null = null
    let flags = 0
    let hasCallback = false
    api.lua_pushnil(state)
    while (api.lua_next(state, 1) !== 0) {
      if (lua.type(state, -2) !== TYPE.STRING) {
        refuse('named argument key given to redis.register_function is not a string')
      }
      const key = lua.textAt(state, -2) ?? ''
      const type = lua.type(state, -1)
      const must = (wanted: number, what: string): void => {
        if (type !== wanted) refuse(`${key} argument given to redis.register_function must be a ${what}`)
      }
      if (key === 'function_name') {
        must(TYPE.STRING, 'string')
        name = lua.textAt(state, -1)
      } else if (key === 'description') {
        must(TYPE.STRING, 'string')
        description = lua.textAt(state, -1) ?? null
      } else if (key === 'callback') {
        must(TYPE.FUNCTION, 'function')
        hasCallback = true
      } else if (key === 'flags') {
        if (type !== TYPE.TABLE) {
          refuse('flags argument to redis.register_function must be a table representing function flags')
        }
        flags = this.#flags(state, refuse)
      } else refuse('unknown argument given to redis.register_function')
      lua.pop(state)
    }
    if (name === undefined) return refuse('redis.register_function must get a function name argument')
    if (!hasCallback) return refuse('redis.register_function must get a callback argument')
    lua.rawField(state, 1, 'callback')
    return { name, flags, description }
  }

  /** The flags that the table on top lists. */
  #flags(state: State, refuse: (text: string) => never): number {
    const lua = this.#lua
    let flags = 0
    for (let i = 1; ; i++) {
      lua.api.lua_rawgeti(state, -1, i)
      const type = lua.type(state, -1)
      const bit = type === TYPE.STRING ? FLAG_NAMES.indexOf(lua.textAt(state, -1) ?? '') : -1
      lua.pop(state)
      if (type === TYPE.NIL) return flags
      if (bit < 0) refuse('unknown flag given')
      flags |= 1 << bit
    }
  }

  /** Called by Lua every so many instructions. */
  #tick(state: State): void {
    const isLate = this.#registers !== undefined && performance.now() > this.#loadEnds
    const problem = isLate
      ? 'ERR FUNCTION LOAD timeout'
      : this.#registers === undefined
        ? this.#host.stops()
        : undefined
    if (problem !== undefined) this.#stop(state, problem)
  }

  /** Ends the script: whoever catches the error meets it again at the next instruction. */
  #stop(state: State, problem: string): never {
    this.#stopped = problem
    this.#lua.api.lua_sethook(state, this.#hook, MASK_COUNT, 1)
    return this.#raiseTable(state, problem)
  }

  // ---- the library `redis`

  #pushRedis(state: State): void {
    const lua = this.#lua
    const { api } = lua
    lua.pushLibrary(state, {
      call: at => this.#call(at, true),
      pcall: at => this.#call(at, false),
      error_reply: at => this.#singleField(at, 'err'),
      status_reply: at => this.#singleField(at, 'ok'),
      sha1hex: at => {
        if (api.lua_gettop(at) !== 1) this.#raiseTable(at, 'ERR wrong number of arguments')
        lua.pushText(at, scriptName(lua.bytesAt(at, 1) ?? new Uint8Array(0)))
        return 1
      },
      log: at => this.#log(at),
      setresp: at => {
        if (api.lua_gettop(at) !== 1) this.#raiseTable(at, 'ERR redis.setresp() requires one argument.')
        const version = api.lua_tonumber(at, 1)
        if (version !== 2 && version !== 3) this.#raiseTable(at, 'ERR RESP version must be 2 or 3.')
        this.#resp = version
        return 0
      },
      set_repl: at => {
        if (api.lua_gettop(at) !== 1) this.#raiseTable(at, 'ERR redis.set_repl() requires one argument.')
        const flags = api.lua_tonumber(at, 1)
        if ((flags & ~REPLICATION.REPL_ALL) !== 0) {
          this.#raiseTable(at, 'ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.')
        }
        return 0
      },
      replicate_commands: at => {
        api.lua_pushboolean(at, 1)
        return 1
      },
      breakpoint: at => {
        api.lua_pushboolean(at, 0)
        return 1
      },
      debug: () => 0,
      acl_check_cmd: at => this.#checkAccess(at),
    })
    this.#setConstants(state, { ...LOG_LEVELS, ...REPLICATION })
  }

  /** The library `redis` while a library of functions is loaded. */
  #pushLibrary(state: State): void {
    this.#lua.pushLibrary(state, { register_function: at => this.#register(at), log: at => this.#log(at) })
    this.#setConstants(state, LOG_LEVELS)
  }

  /** Sets these, and which Redis this is like, in the table on top. */
  #setConstants(state: State, constants: Readonly<Record<string, number>>): void {
    const lua = this.#lua
    for (const [name, value] of Object.entries({ ...constants, REDIS_VERSION_NUM: versionNumber(REDIS_VERSION) })) {
      lua.api.lua_pushnumber(state, value)
      lua.setRawField(state, -2, name)
    }
    lua.pushText(state, REDIS_VERSION)
    lua.setRawField(state, -2, 'REDIS_VERSION')
  }

  /** Raises an error as commands do: a table with its text. */
  #raiseTable(state: State, text: string): never {
    const lua = this.#lua
    lua.api.lua_createtable(state, 0, 1)
    lua.pushText(state, oneLine(text))
    lua.setRawField(state, -2, 'err')
    return lua.raiseTop(state)
  }

  /** Puts the arguments on the stack together as a command. Returns false if one is neither string nor number. */
  #gather(state: State): boolean {
    const lua = this.#lua
    const req = this.#req
    const count = lua.api.lua_gettop(state)
    let end = 0
    req.start(this.#arguments)
    for (let i = 1; i <= count; i++) {
      const type = lua.type(state, i)
      let from: number
      let length: number
      let u8: Uint8Array
      if (type === TYPE.NUMBER) {
        u8 = this.#digits
        from = 0
        length = writeDouble17(u8, 0, lua.api.lua_tonumber(state, i))
      } else if (type === TYPE.STRING) {
        from = lua.stringAt(state, i)
        length = lua.stringLength
        u8 = lua.u8
      } else return false
      if (end + length > this.#arguments.length) {
        const larger = byteArray((end + length) * 2)
        copyBytes(larger, 0, this.#arguments, 0, end)
        this.#arguments = larger
      }
      copyBytes(this.#arguments, end, u8, from, length)
      req.push(end, length)
      end += length
    }
    req.u8 = this.#arguments
    return true
  }

  #call(state: State, raises: boolean): number {
    const lua = this.#lua
    if (this.#stopped !== '') this.#raiseTable(state, this.#stopped)
    if (lua.api.lua_gettop(state) === 0) {
      return this.#problem(state, 'ERR Please specify at least one argument for this redis lib call', raises)
    }
    if (!this.#gather(state)) return this.#problem(state, NOT_ARGUMENTS, raises)
    this.#isCalling = true
    const reply = this.#host.call(this.#req, this.#resp)
    this.#isCalling = false
    // Thousands of arguments leave no room for the reply.
    lua.api.lua_settop(state, 0)
    if (this.#host.isOver) this.#stop(state, this.#host.stops() ?? '')
    const { u8 } = reply
    if (!this.#reader.push(state, u8, 0)) this.#raiseTable(state, STACK_LIMIT)
    if (u8[0] === MINUS && raises) lua.api.lua_error(state)
    return 1
  }

  /** What redis.call raises, redis.pcall returns. */
  #problem(state: State, text: string, raises: boolean): number {
    if (raises) this.#raiseTable(state, text)
    this.#lua.api.lua_createtable(state, 0, 1)
    this.#lua.pushText(state, text)
    this.#lua.setRawField(state, -2, 'err')
    return 1
  }

  #singleField(state: State, name: 'ok' | 'err'): number {
    const lua = this.#lua
    const isText = lua.api.lua_gettop(state) === 1 && lua.type(state, 1) === TYPE.STRING
    if (!isText) return this.#problem(state, 'ERR wrong number or type of arguments', false)
    const text = lua.textAt(state, 1) ?? ''
    if (name === 'err') return this.#problem(state, oneLine(coded(text)), false)
    lua.api.lua_createtable(state, 0, 1)
    lua.pushText(state, oneLine(text))
    lua.setRawField(state, -2, name)
    return 1
  }

  #log(state: State): number {
    const lua = this.#lua
    const count = lua.api.lua_gettop(state)
    if (count < 2) this.#raiseTable(state, 'ERR redis.log() requires two arguments or more.')
    if (lua.type(state, 1) !== TYPE.NUMBER) {
      this.#raiseTable(state, 'ERR First argument must be a number (log level).')
    }
    const level = lua.api.lua_tonumber(state, 1)
    if (level < LOG_LEVELS.LOG_DEBUG || level > LOG_LEVELS.LOG_WARNING) {
      this.#raiseTable(state, 'ERR Invalid debug level.')
    }
    const texts: string[] = []
    for (let i = 2; i <= count; i++) {
      const text = lua.textAt(state, i)
      if (text !== undefined) texts.push(text)
    }
    this.#host.log(level, texts.join(' '))
    return 0
  }

  #checkAccess(state: State): number {
    if (this.#lua.api.lua_gettop(state) === 0) {
      this.#raiseTable(state, 'ERR Please specify at least one argument for this redis.acl_check_cmd() call')
    }
    if (!this.#gather(state)) {
      this.#raiseTable(state, 'ERR redis.acl_check_cmd() require arguments to be strings or integers')
    }
    const allowed = this.#host.allows(this.#req)
    if (allowed === undefined) this.#raiseTable(state, 'ERR Invalid command passed to redis.acl_check_cmd()')
    this.#lua.api.lua_pushboolean(state, allowed ? 1 : 0)
    return 1
  }
}

const MINUS = 45

/** An error's text with its code in front: `-CODE text` says it, other texts are plain errors. */
function coded(text: string): string {
  if (!text.startsWith('-')) return text.includes(' ') ? text : `ERR ${text}`
  const rest = text.slice(1)
  return rest.includes(' ') ? rest : `ERR ${rest}`
}

function versionNumber(version: string): number {
  const [major, minor, patch] = version.split('.').map(Number)
  return (major << 16) | (minor << 8) | patch
}
