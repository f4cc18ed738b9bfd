// Replies as Lua values, and what a script returns as a reply.
//
//   reply                Lua                          what a script returns       reply
//   integer              number                       number                      integer, cut off
//   bulk string          string                       string                      bulk string
//   status               {ok = text}                  {ok = text}                 status
//   error                {err = text}                 {err = text}                error
//   array                table                        table, up to the first nil  array
//   nil                  false, in RESP3 nil          false, nil                  nil
//   RESP3: map, set      {map = …}, {set = …}         the same                    map, set
//          double        {double = number}            the same                    double
//          boolean       boolean                      true                        1; with RESP3 set, a boolean
//          big number    {big_number = text}          the same                    big number
//          verbatim      {verbatim_string = {…}}      the same                    verbatim string

import { assert } from '../bytes/assert.ts'
import { parseDouble } from '../bytes/doubles.ts'
import { parseInteger } from '../bytes/integers.ts'
import type { Reply } from '../protocol/reply.ts'
import { type Lua, TYPE } from './lua.ts'
import type { State } from './wasm.ts'

/** What the kinds of replies begin with. */
const SIGN = {
  BULK: 0x24,
  VERBATIM: 0x3d,
  INTEGER: 0x3a,
  STATUS: 0x2b,
  ERROR: 0x2d,
  ARRAY: 0x2a,
  NULL: 0x5f,
  BOOLEAN: 0x23,
  BIG_NUMBER: 0x28,
  DOUBLE: 0x2c,
  MAP: 0x25,
  SET: 0x7e,
  ATTRIBUTES: 0x7c,
} as const
const LETTER_T = 0x74
const LF = 10
const INT64_MIN = -(2n ** 63n)
const INT64_EDGE = 2 ** 63
export const STACK_LIMIT = 'ERR reached lua stack limit'
/** Marks an error that has been counted already. */
export const COUNTED = 'ignore_error_stats_update'
/** A value that is nested deeper is not replied whole: this thread's stack has an end, too. */
const DEPTH_MAX = 1000
/** Room on Lua's stack for one more level of a nested value. */
const LEVEL_SLOTS = 4

/** Reads a reply and pushes it as a Lua value. */
export class ReplyReader {
  readonly #lua: Lua
  #u8: Uint8Array = new Uint8Array(0)
  #at = 0
  #from = 0
  #length = 0
  #fits = true

  constructor(lua: Lua) {
    this.#lua = lua
  }

  /** Pushes the reply in u8[at …). Returns false if it is nested too deeply for Lua's stack; what is pushed then is of no use. */
  push(state: State, u8: Uint8Array, at: number): boolean {
    this.#u8 = u8
    this.#at = at
    this.#fits = true
    this.#value(state)
    return this.#fits
  }

  /** Finds the line from here on, without its sign and end: #from, #length. The next value begins behind it. */
  #line(): void {
    const u8 = this.#u8
    let end = this.#at
    while (u8[end] !== LF) end++
    this.#from = this.#at
    this.#length = end - 1 - this.#at
    this.#at = end + 1
  }

  /** The number that the line from here on is. */
  #number(): number {
    this.#line()
    const number = parseInteger(this.#u8, this.#from, this.#length)
    return Number.isFinite(number) ? number : Number(this.#text())
  }

  /** The line found last. */
  #text(): string {
    const from = this.#u8.byteOffset + this.#from
    return Buffer.from(this.#u8.buffer, from, this.#length).toString('latin1')
  }

  #value(state: State): void {
    const lua = this.#lua
    const { api } = lua
    if (api.lua_checkstack(state, LEVEL_SLOTS) === 0) {
      this.#fits = false
      api.lua_settop(state, 0)
      return
    }
    const sign = this.#u8[this.#at++]
    if (sign === SIGN.BULK || sign === SIGN.VERBATIM) return this.#bulk(state, sign === SIGN.VERBATIM)
    if (sign === SIGN.INTEGER) return void api.lua_pushnumber(state, this.#number())
    if (sign === SIGN.ARRAY) return this.#array(state, this.#number())
    if (sign === SIGN.MAP) return this.#map(state, this.#number())
    if (sign === SIGN.SET) return this.#set(state, this.#number())
    if (sign === SIGN.ATTRIBUTES) return this.#attributed(state, this.#number())
    this.#line()
    if (sign === SIGN.STATUS) this.#field(state, 'ok')
    else if (sign === SIGN.ERROR) {
      this.#field(state, 'err')
      api.lua_pushboolean(state, 1)
      lua.setRawField(state, -2, COUNTED)
    } else if (sign === SIGN.NULL) api.lua_pushnil(state)
    else if (sign === SIGN.BOOLEAN) api.lua_pushboolean(state, this.#u8[this.#from] === LETTER_T ? 1 : 0)
    else if (sign === SIGN.BIG_NUMBER) this.#field(state, 'big_number')
    else {
      assert(sign === SIGN.DOUBLE, 'there are no other replies')
      api.lua_createtable(state, 0, 1)
      api.lua_pushnumber(state, parseDouble(this.#u8, this.#from, this.#length))
      lua.setRawField(state, -2, 'double')
    }
  }

  /** A table with the line found last as its one field. */
  #field(state: State, name: string): void {
    this.#lua.api.lua_createtable(state, 0, 1)
    this.#lua.pushBytes(state, this.#u8, this.#from, this.#length)
    this.#lua.setRawField(state, -2, name)
  }

  #bulk(state: State, isVerbatim: boolean): void {
    const length = this.#number()
    if (length < 0) return void this.#lua.api.lua_pushboolean(state, 0)
    const from = this.#at
    this.#at += length + 2
    if (!isVerbatim) return this.#lua.pushBytes(state, this.#u8, from, length)
    this.#lua.api.lua_createtable(state, 0, 1)
    this.#lua.api.lua_createtable(state, 0, 2)
    this.#lua.pushBytes(state, this.#u8, from, 3)
    this.#lua.setRawField(state, -2, 'format')
    this.#lua.pushBytes(state, this.#u8, from + 4, length - 4)
    this.#lua.setRawField(state, -2, 'string')
    this.#lua.setRawField(state, -2, 'verbatim_string')
  }

  #array(state: State, count: number): void {
    const { api } = this.#lua
    if (count < 0) return void api.lua_pushboolean(state, 0)
    api.lua_createtable(state, count, 0)
    for (let i = 1; i <= count && this.#fits; i++) {
      this.#value(state)
      if (this.#fits) api.lua_rawseti(state, -2, i)
    }
  }

  #map(state: State, pairs: number): void {
    const { api } = this.#lua
    api.lua_createtable(state, 0, 1)
    api.lua_createtable(state, 0, pairs)
    for (let i = 0; i < pairs && this.#fits; i++) {
      this.#value(state)
      if (this.#fits) this.#value(state)
      if (this.#fits) api.lua_rawset(state, -3)
    }
    if (this.#fits) this.#lua.setRawField(state, -2, 'map')
  }

  /** Attributes are not for scripts, which get the value behind them. */
  #attributed(state: State, pairs: number): void {
    for (let i = 0; i < 2 * pairs && this.#fits; i++) {
      this.#value(state)
      if (this.#fits) this.#lua.pop(state)
    }
    if (this.#fits) this.#value(state)
  }

  #set(state: State, count: number): void {
    const { api } = this.#lua
    api.lua_createtable(state, 0, 1)
    api.lua_createtable(state, 0, count)
    for (let i = 0; i < count && this.#fits; i++) {
      this.#value(state)
      if (!this.#fits) return
      api.lua_pushboolean(state, 1)
      api.lua_rawset(state, -3)
    }
    if (this.#fits) this.#lua.setRawField(state, -2, 'set')
  }
}

/** Text of one line: replies have no others. */
export const oneLine = (text: string): string => text.replace(/[\r\n]/g, ' ')

/** Writes the Lua value on top of the stack as a reply, and takes it off. `booleans`: the script has asked for RESP3. */
export function writeValue(lua: Lua, state: State, reply: Reply, booleans: boolean, depth = 0): void {
  const { api } = lua
  const type = lua.type(state, -1)
  if (type === TYPE.STRING) {
    const at = lua.stringAt(state, -1)
    reply.bulk(lua.u8, at, lua.stringLength)
  } else if (type === TYPE.NUMBER) writeNumber(api.lua_tonumber(state, -1), reply)
  else if (type === TYPE.BOOLEAN) {
    const value = api.lua_toboolean(state, -1) !== 0
    if (booleans) reply.boolean(value)
    else if (value) reply.integer(1)
    else reply.nil()
  } else if (type === TYPE.TABLE) writeTable(lua, state, reply, booleans, depth + 1)
  else reply.nil()
  lua.pop(state)
}

function writeNumber(number: number, reply: Reply): void {
  const whole = Math.trunc(number)
  if (Number.isSafeInteger(whole)) reply.integer(whole)
  else if (Number.isFinite(whole) && Math.abs(whole) < INT64_EDGE) reply.bigInteger(BigInt(whole))
  else reply.bigInteger(INT64_MIN)
}

function writeTable(lua: Lua, state: State, reply: Reply, booleans: boolean, depth: number): void {
  const { api } = lua
  if (depth > DEPTH_MAX || api.lua_checkstack(state, LEVEL_SLOTS) === 0) return reply.error(STACK_LIMIT)
  /** Whether the table has such a field; its value is on top of the stack then. */
  const has = (name: string, type: number): boolean => {
    if (lua.rawField(state, -1, name) === type) return true
    lua.pop(state)
    return false
  }
  if (has('err', TYPE.STRING)) reply.error(oneLine(lua.textAt(state, -1) ?? ''))
  else if (has('ok', TYPE.STRING)) reply.simple(oneLine(lua.textAt(state, -1) ?? ''))
  else if (has('double', TYPE.NUMBER)) reply.double(api.lua_tonumber(state, -1))
  else if (has('map', TYPE.TABLE)) writeMap(lua, state, reply, booleans, depth + 1)
  else if (has('set', TYPE.TABLE)) writeSet(lua, state, reply, booleans, depth + 1)
  else if (has('big_number', TYPE.STRING)) reply.bigNumber(oneLine(lua.textAt(state, -1) ?? ''))
  else if (has('verbatim_string', TYPE.TABLE)) writeVerbatim(lua, state, reply)
  else return writeArray(lua, state, reply, booleans, depth + 1)
  lua.pop(state)
}

function writeArray(lua: Lua, state: State, reply: Reply, booleans: boolean, depth: number): void {
  const begun = reply.begin()
  let count = 0
  for (;;) {
    lua.api.lua_rawgeti(state, -1, count + 1)
    if (lua.type(state, -1) === TYPE.NIL) break
    writeValue(lua, state, reply, booleans, depth + 1)
    count++
  }
  lua.pop(state)
  reply.finishArray(begun, count)
}

function writeMap(lua: Lua, state: State, reply: Reply, booleans: boolean, depth: number): void {
  const begun = reply.begin()
  let pairs = 0
  lua.api.lua_pushnil(state)
  while (lua.api.lua_next(state, -2) !== 0) {
    lua.api.lua_pushvalue(state, -2)
    writeValue(lua, state, reply, booleans, depth + 1)
    writeValue(lua, state, reply, booleans, depth + 1)
    pairs++
  }
  reply.finishMap(begun, pairs)
}

function writeSet(lua: Lua, state: State, reply: Reply, booleans: boolean, depth: number): void {
  const begun = reply.begin()
  let count = 0
  lua.api.lua_pushnil(state)
  while (lua.api.lua_next(state, -2) !== 0) {
    lua.pop(state)
    lua.api.lua_pushvalue(state, -1)
    writeValue(lua, state, reply, booleans, depth + 1)
    count++
  }
  reply.finishSet(begun, count)
}

function writeVerbatim(lua: Lua, state: State, reply: Reply): void {
  lua.rawField(state, -1, 'format')
  lua.rawField(state, -2, 'string')
  const format = (lua.textAt(state, -2) ?? '').slice(0, 3)
  const text = lua.textAt(state, -1) ?? ''
  lua.pop(state, 2)
  reply.verbatim(format, text)
}
