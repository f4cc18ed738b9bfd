// The library `struct`: values to the bytes of C structures and back.
//
//   b B  char              h H  short (2)         l L  long (8)          i I  int (4), or of as many bytes as follow
//   T    size_t (8)        f d  float, double     x    a byte of padding s    string with a NUL behind it
//   c    as many characters as follow; c0: the whole string, or as many as the number before it says
//   > <  big, little endian        !N  align to at most N bytes

import { type Lua, type LuaFunction, TYPE } from './lua.ts'
import type { State } from './wasm.ts'

const ALIGN_MAX = 8
const INTEGER_BYTES_MAX = 32
const SIZES: Readonly<Record<string, number | undefined>> = {
  b: 1,
  B: 1,
  h: 2,
  H: 2,
  l: 8,
  L: 8,
  T: 8,
  f: 4,
  d: 8,
  x: 1,
}

/** One option of a format, what steers the format aside. */
interface Option {
  readonly letter: string
  readonly size: number
  /** Bytes of padding before it, where `length` bytes are behind us. */
  padding(length: number): number
  readonly isLittle: boolean
}

/** Goes through a format. */
class Format {
  readonly #lua: Lua
  readonly #state: State
  readonly #fn: string
  readonly #text: string
  #at = 0
  #isLittle = true
  #align = 1

  constructor(lua: Lua, state: State, fn: string) {
    this.#lua = lua
    this.#state = state
    this.#fn = fn
    this.#text = Buffer.from(lua.checkBytes(state, 1, fn)).toString('latin1')
  }

  #number(otherwise: number): number {
    const from = this.#at
    while (this.#text[this.#at] >= '0' && this.#text[this.#at] <= '9') this.#at++
    if (this.#at === from) return otherwise
    const value = Number(this.#text.slice(from, this.#at))
    if (value > 2147483647) this.#lua.raise(this.#state, 'integral size overflow')
    return value
  }

  next(): Option | undefined {
    for (;;) {
      const letter = this.#text[this.#at++]
      if (letter === undefined) return undefined
      if (letter === ' ') continue
      if (letter === '<' || letter === '>') this.#isLittle = letter === '<'
      else if (letter === '=') this.#isLittle = true
      else if (letter === '!') {
        const align = this.#number(ALIGN_MAX)
        if (align === 0 || (align & (align - 1)) !== 0) this.#lua.raise(this.#state, 'alignment is not a power of 2')
        this.#align = align
      } else return this.#option(letter)
    }
  }

  #option(letter: string): Option {
    const size = this.#size(letter)
    const align = Math.min(size, this.#align)
    return {
      letter,
      size,
      isLittle: this.#isLittle,
      padding: length => (size === 0 || letter === 'c' ? 0 : (align - (length & (align - 1))) & (align - 1)),
    }
  }

  #size(letter: string): number {
    if (letter === 'i' || letter === 'I') {
      const size = this.#number(4)
      if (size > INTEGER_BYTES_MAX) {
        this.#lua.raise(this.#state, `integral size ${size} is larger than limit of ${INTEGER_BYTES_MAX}`)
      }
      return size
    }
    if (letter === 'c') return this.#number(1)
    if (letter === 's') return 0
    const size = SIZES[letter]
    if (size === undefined) this.#lua.argumentError(this.#state, 1, this.#fn, `invalid format option '${letter}'`)
    return size
  }
}

function writeInteger(bytes: number[], value: number, { size, isLittle }: Option): void {
  const whole = Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n
  const at = bytes.length
  for (let i = 0; i < size; i++) {
    const shift = isLittle ? i : size - 1 - i
    // Bits beyond the 64 of C's long are lost.
    bytes[at + i] = shift < 8 ? Number((BigInt.asUintN(64, whole) >> BigInt(8 * shift)) & 0xffn) : 0
  }
}

function readInteger(bytes: Uint8Array, at: number, { letter, size, isLittle }: Option): number {
  let value = 0n
  for (let i = 0; i < size; i++) value = (value << 8n) | BigInt(bytes[isLittle ? at + size - 1 - i : at + i])
  const isSigned = letter === letter.toLowerCase()
  const bits = Math.min(size * 8, 64)
  return Number(isSigned ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value))
}

const float = new DataView(new ArrayBuffer(8))

function pack(lua: Lua, state: State): number {
  const format = new Format(lua, state, 'pack')
  const bytes: number[] = []
  let argument = 2
  for (let option = format.next(); option !== undefined; option = format.next()) {
    const { letter, size, isLittle } = option
    for (let i = option.padding(bytes.length); i > 0; i--) bytes.push(0)
    if (letter === 'x') bytes.push(0)
    else if (letter === 's' || letter === 'c') {
      const text = lua.checkBytes(state, argument, 'pack')
      const length = size === 0 ? text.length : size
      if (text.length < length) lua.argumentError(state, argument, 'pack', 'string too short')
      for (let i = 0; i < length; i++) bytes.push(text[i])
      if (letter === 's') bytes.push(0)
      argument++
    } else if (letter === 'f' || letter === 'd') {
      const value = lua.checkNumber(state, argument++, 'pack')
      if (letter === 'f') float.setFloat32(0, value, isLittle)
      else float.setFloat64(0, value, isLittle)
      for (let i = 0; i < size; i++) bytes.push(float.getUint8(i))
    } else writeInteger(bytes, lua.checkNumber(state, argument++, 'pack'), option)
  }
  lua.pushBytes(state, Uint8Array.from(bytes))
  return 1
}

function unpack(lua: Lua, state: State): number {
  const { api } = lua
  const format = new Format(lua, state, 'unpack')
  const bytes = lua.checkBytes(state, 2, 'unpack')
  const from = lua.type(state, 3) <= TYPE.NIL ? 1 : Math.trunc(lua.checkNumber(state, 3, 'unpack'))
  if (from < 1) lua.argumentError(state, 3, 'unpack', 'offset must be 1 or greater')
  const view = new DataView(bytes.buffer)
  let at = from - 1
  let count = 0
  const check = (size: number): void => {
    if (at + size > bytes.length) lua.argumentError(state, 2, 'unpack', 'data string too short')
  }
  api.lua_settop(state, 2)
  for (let option = format.next(); option !== undefined; option = format.next()) {
    const { letter, isLittle } = option
    let { size } = option
    at += option.padding(at)
    check(size)
    if (api.lua_checkstack(state, 2) === 0) lua.raise(state, 'stack overflow (too many results)')
    count++
    if (letter === 'x') count--
    else if (letter === 'f') api.lua_pushnumber(state, view.getFloat32(at, isLittle))
    else if (letter === 'd') api.lua_pushnumber(state, view.getFloat64(at, isLittle))
    else if (letter === 'c') {
      if (size === 0) {
        if (lua.type(state, -1) !== TYPE.NUMBER) lua.raise(state, "format 'c0' needs a previous size")
        size = api.lua_tonumber(state, -1)
        lua.pop(state)
        count--
        if (size < 0) lua.argumentError(state, 2, 'unpack', 'data string too short')
        check(size)
      }
      lua.pushBytes(state, bytes, at, size)
    } else if (letter === 's') {
      const end = bytes.indexOf(0, at)
      if (end < 0) lua.raise(state, 'unfinished string in data')
      lua.pushBytes(state, bytes, at, end - at)
      size = end - at + 1
    } else api.lua_pushnumber(state, readInteger(bytes, at, option))
    at += size
  }
  api.lua_pushnumber(state, at + 1)
  return count + 1
}

function sizeOf(lua: Lua, state: State): number {
  const format = new Format(lua, state, 'size')
  let length = 0
  for (let option = format.next(); option !== undefined; option = format.next()) {
    if (option.letter === 's') lua.argumentError(state, 1, 'size', "variable-size format in 'size'")
    if (option.letter === 'c' && option.size === 0)
      lua.argumentError(state, 1, 'size', "variable-length format in 'size'")
    length += option.padding(length) + option.size
  }
  lua.api.lua_pushnumber(state, length)
  return 1
}

export const structLibrary = (lua: Lua): Record<string, LuaFunction> => ({
  pack: state => pack(lua, state),
  unpack: state => unpack(lua, state),
  size: state => sizeOf(lua, state),
})
