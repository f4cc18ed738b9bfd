// The library `cmsgpack`: Lua values to MessagePack and back, in the forms that Redis's library chooses.

import { type Lua, type LuaFunction, TYPE } from './lua.ts'
import type { State } from './wasm.ts'

/** What lies deeper than this is packed as nil. */
const DEPTH_MAX = 16
/** What lies deeper than this is not unpacked. */
const UNPACKED_DEPTH_MAX = 1000
const BAD_FORMAT = 'Bad data format in input.'
const MISSING = 'Missing bytes in input.'
const INT64_MIN = -(2 ** 63)

class Packer {
  readonly #lua: Lua
  #u8 = new Uint8Array(256)
  #view = new DataView(this.#u8.buffer)
  length = 0

  constructor(lua: Lua) {
    this.#lua = lua
  }

  get u8(): Uint8Array {
    return this.#u8
  }

  #reserve(bytes: number): number {
    const at = this.length
    this.length += bytes
    if (this.length > this.#u8.length) {
      const larger = new Uint8Array(this.length * 2)
      larger.set(this.#u8)
      this.#u8 = larger
      this.#view = new DataView(larger.buffer)
    }
    return at
  }

  #byte(byte: number): void {
    const at = this.#reserve(1)
    this.#u8[at] = byte
  }

  /** A length or number of `bytes` bytes behind its mark. */
  #marked(mark: number, bytes: number, value: number): void {
    this.#byte(mark)
    const at = this.#reserve(bytes)
    if (bytes === 1) this.#view.setUint8(at, value)
    else if (bytes === 2) this.#view.setUint16(at, value)
    else if (bytes === 4) this.#view.setUint32(at, value)
    else this.#view.setBigInt64(at, BigInt.asIntN(64, BigInt(value)))
  }

  /** Packs the value on top of the stack, and takes it off. */
  pack(state: State, depth = 0): void {
    const lua = this.#lua
    const type = lua.type(state, -1)
    if (type === TYPE.STRING) this.#string(state)
    else if (type === TYPE.BOOLEAN) this.#byte(lua.api.lua_toboolean(state, -1) !== 0 ? 0xc3 : 0xc2)
    else if (type === TYPE.NUMBER) this.#number(lua.api.lua_tonumber(state, -1))
    else if (type === TYPE.TABLE && depth < DEPTH_MAX) this.#table(state, depth + 1)
    else this.#byte(0xc0)
    lua.pop(state)
  }

  #string(state: State): void {
    const from = this.#lua.stringAt(state, -1)
    const length = this.#lua.stringLength
    if (length < 32) this.#byte(0xa0 | length)
    else if (length <= 0xff) this.#marked(0xd9, 1, length)
    else if (length <= 0xffff) this.#marked(0xda, 2, length)
    else this.#marked(0xdb, 4, length)
    const at = this.#reserve(length)
    this.#u8.set(this.#lua.u8.subarray(from, from + length), at)
  }

  #number(number: number): void {
    if (Number.isInteger(number) && number >= INT64_MIN && number < 2 ** 64) return this.#integer(number)
    const isShort = Math.fround(number) === number || Number.isNaN(number)
    this.#byte(isShort ? 0xca : 0xcb)
    const at = this.#reserve(isShort ? 4 : 8)
    if (isShort) this.#view.setFloat32(at, number)
    else this.#view.setFloat64(at, number)
  }

  #integer(number: number): void {
    if (number >= 0) {
      if (number <= 0x7f) this.#byte(number)
      else if (number <= 0xff) this.#marked(0xcc, 1, number)
      else if (number <= 0xffff) this.#marked(0xcd, 2, number)
      else if (number <= 0xffffffff) this.#marked(0xce, 4, number)
      else this.#marked(0xcf, 8, number)
    } else if (number >= -32) this.#byte(number & 0xff)
    else if (number >= -0x80) this.#marked(0xd0, 1, number)
    else if (number >= -0x8000) this.#marked(0xd1, 2, number)
    else if (number >= -0x80000000) this.#marked(0xd2, 4, number)
    else this.#marked(0xd3, 8, number)
  }

  #head(small: number, mark: number, count: number): void {
    if (count <= 15) this.#byte(small | count)
    else if (count <= 0xffff) this.#marked(mark, 2, count)
    else this.#marked(mark + 1, 4, count)
  }

  #table(state: State, depth: number): void {
    const { api } = this.#lua
    api.lua_checkstack(state, 5)
    let count = 0
    let max = 0
    let isArray = true
    api.lua_pushnil(state)
    while (api.lua_next(state, -2) !== 0) {
      this.#lua.pop(state)
      count++
      const key = this.#lua.type(state, -1) === TYPE.NUMBER ? api.lua_tonumber(state, -1) : 0
      if (key > 0 && Number.isInteger(key)) max = Math.max(max, key)
      else isArray = false
    }
    if (isArray && max === count) {
      this.#head(0x90, 0xdc, count)
      for (let i = 1; i <= count; i++) {
        api.lua_rawgeti(state, -1, i)
        this.pack(state, depth)
      }
      return
    }
    this.#head(0x80, 0xde, count)
    api.lua_pushnil(state)
    while (api.lua_next(state, -2) !== 0) {
      api.lua_pushvalue(state, -2)
      this.pack(state, depth)
      this.pack(state, depth)
    }
  }
}

class Unpacker {
  readonly #lua: Lua
  readonly #state: State
  readonly #u8: Uint8Array<ArrayBuffer>
  readonly #view: DataView
  at: number
  #depth = 0

  constructor(lua: Lua, state: State, u8: Uint8Array<ArrayBuffer>, at: number) {
    this.#lua = lua
    this.#state = state
    this.#u8 = u8
    this.#view = new DataView(u8.buffer, u8.byteOffset, u8.length)
    this.at = at
  }

  #take(bytes: number): number {
    const { at } = this
    if (at + bytes > this.#u8.length) this.#lua.raise(this.#state, MISSING)
    this.at += bytes
    return at
  }

  #unsigned(bytes: number): number {
    const at = this.#take(bytes)
    if (bytes === 1) return this.#view.getUint8(at)
    if (bytes === 2) return this.#view.getUint16(at)
    return bytes === 4 ? this.#view.getUint32(at) : Number(this.#view.getBigUint64(at))
  }

  #signed(bytes: number): number {
    const at = this.#take(bytes)
    if (bytes === 1) return this.#view.getInt8(at)
    if (bytes === 2) return this.#view.getInt16(at)
    return bytes === 4 ? this.#view.getInt32(at) : Number(this.#view.getBigInt64(at))
  }

  /** Pushes the value that begins here. */
  unpack(): void {
    const { api } = this.#lua
    const state = this.#state
    if (this.#depth > UNPACKED_DEPTH_MAX || api.lua_checkstack(state, 5) === 0) {
      this.#lua.raise(state, 'stack overflow (too many nested values)')
    }
    const mark = this.#unsigned(1)
    if (mark <= 0x7f) api.lua_pushnumber(state, mark)
    else if (mark <= 0x8f) this.#map(mark & 15)
    else if (mark <= 0x9f) this.#array(mark & 15)
    else if (mark <= 0xbf) this.#string(mark & 31)
    else if (mark >= 0xe0) api.lua_pushnumber(state, mark - 256)
    else if (mark === 0xc0) api.lua_pushnil(state)
    else if (mark === 0xc2 || mark === 0xc3) api.lua_pushboolean(state, mark & 1)
    else if (mark === 0xca) api.lua_pushnumber(state, this.#view.getFloat32(this.#take(4)))
    else if (mark === 0xcb) api.lua_pushnumber(state, this.#view.getFloat64(this.#take(8)))
    else if (mark >= 0xcc && mark <= 0xcf) api.lua_pushnumber(state, this.#unsigned(1 << (mark - 0xcc)))
    else if (mark >= 0xd0 && mark <= 0xd3) api.lua_pushnumber(state, this.#signed(1 << (mark - 0xd0)))
    else if (mark >= 0xd9 && mark <= 0xdb) this.#string(this.#unsigned(1 << (mark - 0xd9)))
    else if (mark === 0xdc || mark === 0xdd) this.#array(this.#unsigned(mark === 0xdc ? 2 : 4))
    else if (mark === 0xde || mark === 0xdf) this.#map(this.#unsigned(mark === 0xde ? 2 : 4))
    else this.#lua.raise(state, BAD_FORMAT)
  }

  #string(length: number): void {
    this.#lua.pushBytes(this.#state, this.#u8, this.#take(length), length)
  }

  #array(count: number): void {
    this.#lua.api.lua_createtable(this.#state, 0, 0)
    this.#depth++
    for (let i = 1; i <= count; i++) {
      this.unpack()
      this.#lua.api.lua_rawseti(this.#state, -2, i)
    }
    this.#depth--
  }

  #map(count: number): void {
    const { api } = this.#lua
    api.lua_createtable(this.#state, 0, 0)
    this.#depth++
    for (let i = 0; i < count; i++) {
      this.unpack()
      // nil is no key.
      if (this.#lua.type(this.#state, -1) === TYPE.NIL) this.#lua.raise(this.#state, BAD_FORMAT)
      this.unpack()
      api.lua_rawset(this.#state, -3)
    }
    this.#depth--
  }

  get isAtEnd(): boolean {
    return this.at >= this.#u8.length
  }
}

/** The functions of the library. */
export function msgpackLibrary(lua: Lua): Record<string, LuaFunction> {
  const { api } = lua
  /** Pushes up to `limit` values (0 = all) from `offset` on, behind the offset of the next one if `tells`. */
  const unpack = (state: State, fn: string, limit: number, offset: number, tells: boolean): number => {
    const bytes = lua.checkBytes(state, 1, fn)
    if (offset < 0 || limit < 0) {
      lua.raise(state, `Invalid request to unpack with offset of ${offset} and limit of ${bytes.length}.`)
    }
    if (offset > bytes.length) {
      lua.raise(state, `Start offset ${offset} greater than input length ${bytes.length}.`)
    }
    const unpacker = new Unpacker(lua, state, bytes, offset)
    let count = 0
    for (; (limit === 0 || count < limit) && !unpacker.isAtEnd; count++) unpacker.unpack()
    if (!tells) return count
    api.lua_pushnumber(state, unpacker.isAtEnd ? -1 : unpacker.at)
    api.lua_insert(state, -1 - count)
    return count + 1
  }
  const optional = (state: State, i: number, fn: string): number =>
    lua.type(state, i) <= TYPE.NIL ? 0 : Math.trunc(lua.checkNumber(state, i, fn))
  return {
    pack: state => {
      const count = api.lua_gettop(state)
      if (count === 0) lua.argumentError(state, 0, 'pack', 'MessagePack pack needs input.')
      const packer = new Packer(lua)
      for (let i = 1; i <= count; i++) {
        api.lua_checkstack(state, 1)
        api.lua_pushvalue(state, i)
        packer.pack(state)
      }
      lua.pushBytes(state, packer.u8, 0, packer.length)
      return 1
    },
    unpack: state => unpack(state, 'unpack', 0, 0, false),
    unpack_one: state => unpack(state, 'unpack_one', 1, optional(state, 2, 'unpack_one'), true),
    unpack_limit: state =>
      unpack(
        state,
        'unpack_limit',
        Math.trunc(lua.checkNumber(state, 2, 'unpack_limit')),
        optional(state, 3, 'unpack_limit'),
        true,
      ),
  }
}
