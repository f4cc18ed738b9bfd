// The library `cjson`: Lua values to JSON and back, by the rules (and in the words) of Lua CJSON 2.1.

import { type Lua, type LuaFunction, TYPE } from './lua.ts'
import { formatNumber } from './number.ts'
import type { State } from './wasm.ts'

/** What `cjson.new()` has of its own. */
interface Settings {
  sparseConverts: boolean
  sparseRatio: number
  sparseSafe: number
  encodeDepth: number
  decodeDepth: number
  precision: number
  keepsBuffer: boolean
  /** Whether NaN and infinities are taken: by `encode`, as null or as they are; by `decode`. */
  encodesInvalid: boolean | 'null'
  decodesInvalid: boolean
}

const defaults = (): Settings => ({
  sparseConverts: false,
  sparseRatio: 2,
  sparseSafe: 10,
  encodeDepth: 1000,
  decodeDepth: 1000,
  precision: 14,
  keepsBuffer: true,
  encodesInvalid: false,
  decodesInvalid: true,
})

const ESCAPES = Array.from({ length: 256 }, (_, code) => {
  if (code >= 32 && code !== 127) return undefined
  return `\\u00${code.toString(16).padStart(2, '0')}`
})
for (const [char, sequence] of Object.entries({
  '"': '\\"',
  '\\': '\\\\',
  '/': '\\/',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
})) {
  ESCAPES[char.charCodeAt(0)] = sequence
}

/** Writes a value as JSON, one character a byte. */
class Encoder {
  readonly #lua: Lua
  readonly #settings: Settings
  #parts: string[] = []

  constructor(lua: Lua, settings: Settings) {
    this.#lua = lua
    this.#settings = settings
  }

  encode(state: State): string {
    this.#parts = []
    this.#value(state, 0)
    return this.#parts.join('')
  }

  #fail(state: State, index: number, why: string): never {
    return this.#lua.raise(state, `Cannot serialise ${this.#lua.typeName(state, index)}: ${why}`)
  }

  /** Writes the value on top of the stack, and leaves it there. */
  #value(state: State, depth: number): void {
    const { api } = this.#lua
    const type = this.#lua.type(state, -1)
    if (type === TYPE.STRING) this.#string(state, -1)
    else if (type === TYPE.NUMBER) this.#number(state, -1)
    else if (type === TYPE.BOOLEAN) this.#parts.push(api.lua_toboolean(state, -1) !== 0 ? 'true' : 'false')
    else if (type === TYPE.NIL) this.#parts.push('null')
    else if (type === TYPE.TABLE) this.#table(state, depth + 1)
    else if (type === TYPE.LIGHT_USERDATA && api.lua_touserdata(state, -1) === 0) this.#parts.push('null')
    else this.#fail(state, -1, 'type not supported')
  }

  #string(state: State, index: number): void {
    const text = this.#lua.textAt(state, index) ?? ''
    let escaped = '"'
    let from = 0
    for (let i = 0; i < text.length; i++) {
      const sequence = ESCAPES[text.charCodeAt(i)]
      if (sequence === undefined) continue
      escaped += text.slice(from, i) + sequence
      from = i + 1
    }
    this.#parts.push(`${escaped}${text.slice(from)}"`)
  }

  #number(state: State, index: number): void {
    const number = this.#lua.api.lua_tonumber(state, index)
    const { encodesInvalid, precision } = this.#settings
    if (!Number.isFinite(number) && encodesInvalid !== true) {
      if (encodesInvalid === false) this.#fail(state, index, 'must not be NaN or Inf')
      this.#parts.push('null')
    } else this.#parts.push(formatNumber(number, precision))
  }

  #table(state: State, depth: number): void {
    const { api } = this.#lua
    if (depth > this.#settings.encodeDepth || api.lua_checkstack(state, 3) === 0) {
      this.#lua.raise(state, `Cannot serialise, excessive nesting (${depth})`)
    }
    const length = this.#arrayLength(state)
    if (length > 0) this.#array(state, length, depth)
    else this.#object(state, depth)
  }

  /** How long the table is if its keys are positive integers, not too far apart; else -1. */
  #arrayLength(state: State): number {
    const { api } = this.#lua
    const { sparseConverts, sparseRatio, sparseSafe } = this.#settings
    let max = 0
    let items = 0
    api.lua_pushnil(state)
    while (api.lua_next(state, -2) !== 0) {
      const key = this.#lua.type(state, -2) === TYPE.NUMBER ? api.lua_tonumber(state, -2) : 0
      this.#lua.pop(state)
      if (key < 1 || !Number.isInteger(key)) {
        this.#lua.pop(state)
        return -1
      }
      if (key > max) max = key
      items++
    }
    if (sparseRatio > 0 && max > items * sparseRatio && max > sparseSafe) {
      if (!sparseConverts) this.#fail(state, -1, 'excessively sparse array')
      return -1
    }
    return max
  }

  #array(state: State, length: number, depth: number): void {
    for (let i = 1; i <= length; i++) {
      this.#parts.push(i === 1 ? '[' : ',')
      this.#lua.api.lua_rawgeti(state, -1, i)
      this.#value(state, depth)
      this.#lua.pop(state)
    }
    this.#parts.push(']')
  }

  #object(state: State, depth: number): void {
    const { api } = this.#lua
    let separator = '{'
    api.lua_pushnil(state)
    while (api.lua_next(state, -2) !== 0) {
      this.#parts.push(separator)
      separator = ','
      const type = this.#lua.type(state, -2)
      if (type === TYPE.STRING) this.#string(state, -2)
      else if (type === TYPE.NUMBER) {
        this.#parts.push('"')
        this.#number(state, -2)
        this.#parts.push('"')
      } else this.#fail(state, -2, 'table key must be a number or string')
      this.#parts.push(':')
      this.#value(state, depth)
      this.#lua.pop(state)
    }
    this.#parts.push(separator === '{' ? '{}' : '}')
  }
}

type Token =
  | { readonly kind: 'T_STRING'; readonly at: number; readonly text: string }
  | { readonly kind: 'T_NUMBER'; readonly at: number; readonly number: number }
  | { readonly kind: 'T_BOOLEAN'; readonly at: number; readonly value: boolean }
  | { readonly kind: 'T_ERROR'; readonly at: number; readonly text: string }
  | {
      readonly kind:
        | 'T_OBJ_BEGIN'
        | 'T_OBJ_END'
        | 'T_ARR_BEGIN'
        | 'T_ARR_END'
        | 'T_NULL'
        | 'T_COLON'
        | 'T_COMMA'
        | 'T_END'
      readonly at: number
    }

const SIGNS: Readonly<
  Record<string, Exclude<Token['kind'], 'T_STRING' | 'T_NUMBER' | 'T_BOOLEAN' | 'T_ERROR'> | undefined>
> = {
  '{': 'T_OBJ_BEGIN',
  '}': 'T_OBJ_END',
  '[': 'T_ARR_BEGIN',
  ']': 'T_ARR_END',
  ':': 'T_COLON',
  ',': 'T_COMMA',
}
const NUMBER = /[-+]?(?:0x[0-9a-f]+|inf(?:inity)?|nan|(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)/iy
const INVALID_NUMBER = /[-+]?(?:inf|nan|0\d|0x)/iy
const SPACE = /[ \t\r\n]*/y
const UNESCAPED: Readonly<Record<string, string | undefined>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

function parseNumber(text: string): number {
  const lower = text.toLowerCase()
  const sign = lower.startsWith('-') ? -1 : 1
  const digits = lower.replace(/^[-+]/, '')
  if (digits.startsWith('inf')) return sign * Number.POSITIVE_INFINITY
  return digits === 'nan' ? Number.NaN : sign * Number(digits)
}

/** Reads JSON, one character a byte, and pushes what it says. */
class Decoder {
  readonly #lua: Lua
  readonly #settings: Settings
  #text = ''
  #at = 0

  constructor(lua: Lua, settings: Settings) {
    this.#lua = lua
    this.#settings = settings
  }

  decode(state: State, text: string): void {
    this.#text = text
    this.#at = 0
    this.#value(state, this.#next(), 0)
    const end = this.#next()
    if (end.kind !== 'T_END') this.#expected(state, 'the end', end)
  }

  #expected(state: State, what: string, token: Token): never {
    const found = token.kind === 'T_ERROR' ? token.text : token.kind
    return this.#lua.raise(state, `Expected ${what} but found ${found} at character ${token.at + 1}`)
  }

  #next(): Token {
    SPACE.lastIndex = this.#at
    SPACE.test(this.#text)
    const at = SPACE.lastIndex
    const char = this.#text[at]
    if (char === undefined) return { kind: 'T_END', at }
    const sign = SIGNS[char]
    if (sign !== undefined) {
      this.#at = at + 1
      return { kind: sign, at }
    }
    if (char === '"') return this.#string(at)
    for (const word of ['true', 'false', 'null'] as const) {
      if (!this.#text.startsWith(word, at)) continue
      this.#at = at + word.length
      return word === 'null' ? { kind: 'T_NULL', at } : { kind: 'T_BOOLEAN', at, value: word === 'true' }
    }
    INVALID_NUMBER.lastIndex = at
    const isInvalid = INVALID_NUMBER.test(this.#text)
    const isDigit = char === '-' || (char >= '0' && char <= '9')
    if (isInvalid && !this.#settings.decodesInvalid)
      return { kind: 'T_ERROR', at, text: isDigit ? 'invalid number' : 'invalid token' }
    if (!isDigit && !isInvalid) return { kind: 'T_ERROR', at, text: 'invalid token' }
    NUMBER.lastIndex = at
    const found = NUMBER.exec(this.#text)
    if (found === null) return { kind: 'T_ERROR', at, text: 'invalid number' }
    this.#at = NUMBER.lastIndex
    return { kind: 'T_NUMBER', at, number: parseNumber(found[0]) }
  }

  #string(at: number): Token {
    const text = this.#text
    let value = ''
    let from = at + 1
    for (let i = from; ; i++) {
      const char = text[i]
      if (char === undefined) return { kind: 'T_ERROR', at: i, text: 'unexpected end of string' }
      if (char === '"') {
        this.#at = i + 1
        return { kind: 'T_STRING', at, text: value + text.slice(from, i) }
      }
      if (char !== '\\') continue
      value += text.slice(from, i)
      const sequence = text[i + 1] ?? ''
      if (sequence === 'u') {
        const code = this.#codePoint(i)
        if (code === undefined) return { kind: 'T_ERROR', at: i, text: 'invalid unicode escape code' }
        value += Buffer.from(String.fromCodePoint(code)).toString('latin1')
        i += code > 0xffff ? 11 : 5
      } else {
        const plain = UNESCAPED[sequence]
        if (plain === undefined) return { kind: 'T_ERROR', at: i, text: 'invalid escape code' }
        value += plain
        i++
      }
      from = i + 1
    }
  }

  /** What \uXXXX at `at` stands for, two of them where they are a surrogate pair; undefined if it is none. */
  #codePoint(at: number): number | undefined {
    const unit = (from: number): number => {
      const hex = this.#text.slice(from, from + 6)
      return /^\\u[0-9a-fA-F]{4}$/.test(hex) ? Number.parseInt(hex.slice(2), 16) : -1
    }
    const high = unit(at)
    if (high < 0) return undefined
    if ((high & 0xf800) !== 0xd800) return high
    const low = unit(at + 6)
    if ((high & 0xfc00) !== 0xd800 || (low & 0xfc00) !== 0xdc00) return undefined
    return 0x10000 + ((high & 0x3ff) << 10) + (low & 0x3ff)
  }

  #value(state: State, token: Token, depth: number): void {
    const { api } = this.#lua
    if (token.kind === 'T_STRING') this.#lua.pushText(state, token.text)
    else if (token.kind === 'T_NUMBER') api.lua_pushnumber(state, token.number)
    else if (token.kind === 'T_BOOLEAN') api.lua_pushboolean(state, token.value ? 1 : 0)
    else if (token.kind === 'T_NULL') api.lua_pushlightuserdata(state, 0)
    else if (token.kind === 'T_ARR_BEGIN') this.#array(state, depth + 1)
    else if (token.kind === 'T_OBJ_BEGIN') this.#object(state, depth + 1)
    else this.#expected(state, 'value', token)
  }

  #descend(state: State, depth: number): void {
    const { api } = this.#lua
    if (depth > this.#settings.decodeDepth || api.lua_checkstack(state, 3) === 0) {
      this.#lua.raise(state, `Found too many nested data structures (${depth}) at character ${this.#at}`)
    }
    api.lua_createtable(state, 0, 0)
  }

  #array(state: State, depth: number): void {
    this.#descend(state, depth)
    let token = this.#next()
    if (token.kind === 'T_ARR_END') return
    for (let i = 1; ; i++) {
      this.#value(state, token, depth)
      this.#lua.api.lua_rawseti(state, -2, i)
      token = this.#next()
      if (token.kind === 'T_ARR_END') return
      if (token.kind !== 'T_COMMA') this.#expected(state, 'comma or array end', token)
      token = this.#next()
    }
  }

  #object(state: State, depth: number): void {
    this.#descend(state, depth)
    let token = this.#next()
    if (token.kind === 'T_OBJ_END') return
    for (;;) {
      if (token.kind !== 'T_STRING') this.#expected(state, 'object key string', token)
      this.#lua.pushText(state, token.text)
      token = this.#next()
      if (token.kind !== 'T_COLON') this.#expected(state, 'colon', token)
      this.#value(state, this.#next(), depth)
      this.#lua.api.lua_rawset(state, -3)
      token = this.#next()
      if (token.kind === 'T_OBJ_END') return
      if (token.kind !== 'T_COMMA') this.#expected(state, 'comma or object end', token)
      token = this.#next()
    }
  }
}

/** The functions that read and change one of the settings, by argument. */
function settingFunctions(lua: Lua, settings: Settings): Record<string, LuaFunction> {
  const { api } = lua
  const number =
    (name: string, min: number, max: number, get: () => number, set: (value: number) => void): LuaFunction =>
    state => {
      if (lua.type(state, 1) > TYPE.NIL) {
        const value = lua.checkNumber(state, 1, name)
        if (!(value >= min && value <= max))
          lua.argumentError(state, 1, name, `expected integer between ${min} and ${max}`)
        set(Math.trunc(value))
      }
      api.lua_pushnumber(state, get())
      return 1
    }
  const flag =
    (get: () => boolean, set: (value: boolean) => void): LuaFunction =>
    state => {
      if (lua.type(state, 1) > TYPE.NIL) set(api.lua_toboolean(state, 1) !== 0)
      api.lua_pushboolean(state, get() ? 1 : 0)
      return 1
    }
  const INT_MAX = 2147483647
  return {
    encode_max_depth: number(
      'encode_max_depth',
      1,
      INT_MAX,
      () => settings.encodeDepth,
      value => {
        settings.encodeDepth = value
      },
    ),
    decode_max_depth: number(
      'decode_max_depth',
      1,
      INT_MAX,
      () => settings.decodeDepth,
      value => {
        settings.decodeDepth = value
      },
    ),
    encode_number_precision: number(
      'encode_number_precision',
      1,
      14,
      () => settings.precision,
      value => {
        settings.precision = value
      },
    ),
    encode_keep_buffer: flag(
      () => settings.keepsBuffer,
      value => {
        settings.keepsBuffer = value
      },
    ),
    decode_invalid_numbers: flag(
      () => settings.decodesInvalid,
      value => {
        settings.decodesInvalid = value
      },
    ),
    encode_invalid_numbers: state => {
      if (lua.type(state, 1) > TYPE.NIL) {
        settings.encodesInvalid = lua.textAt(state, 1) === 'null' ? 'null' : api.lua_toboolean(state, 1) !== 0
      }
      if (settings.encodesInvalid === 'null') lua.pushText(state, 'null')
      else api.lua_pushboolean(state, settings.encodesInvalid ? 1 : 0)
      return 1
    },
    encode_sparse_array: state => {
      if (lua.type(state, 1) > TYPE.NIL) settings.sparseConverts = api.lua_toboolean(state, 1) !== 0
      if (lua.type(state, 2) > TYPE.NIL) settings.sparseRatio = lua.checkNumber(state, 2, 'encode_sparse_array')
      if (lua.type(state, 3) > TYPE.NIL) settings.sparseSafe = lua.checkNumber(state, 3, 'encode_sparse_array')
      api.lua_pushboolean(state, settings.sparseConverts ? 1 : 0)
      api.lua_pushnumber(state, settings.sparseRatio)
      api.lua_pushnumber(state, settings.sparseSafe)
      return 3
    },
  }
}

/** Pushes the library, with settings of its own. */
export function pushJson(lua: Lua, state: State): void {
  const { api } = lua
  const settings = defaults()
  const encoder = new Encoder(lua, settings)
  const decoder = new Decoder(lua, settings)
  const single = (at: State, fn: string): void => {
    if (api.lua_gettop(at) !== 1) lua.argumentError(at, 1, fn, 'expected 1 argument')
  }
  lua.pushLibrary(state, {
    encode: at => {
      single(at, 'encode')
      lua.pushText(at, encoder.encode(at))
      return 1
    },
    decode: at => {
      single(at, 'decode')
      const text = Buffer.from(lua.checkBytes(at, 1, 'decode')).toString('latin1')
      if (text.length >= 2 && (text[0] === '\0' || text[1] === '\0')) {
        lua.raise(at, 'JSON parser does not support UTF-16 or UTF-32')
      }
      decoder.decode(at, text)
      return 1
    },
    new: at => {
      pushJson(lua, at)
      return 1
    },
    ...settingFunctions(lua, settings),
  })
  api.lua_pushlightuserdata(state, 0)
  lua.setRawField(state, -2, 'null')
  lua.pushText(state, 'cjson')
  lua.setRawField(state, -2, '_NAME')
  lua.pushText(state, '2.1.0')
  lua.setRawField(state, -2, '_VERSION')
}
