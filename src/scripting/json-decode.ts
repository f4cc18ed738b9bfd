// JSON to Lua values, by the rules (and in the words) of Lua CJSON 2.1.

import type { Settings } from './json-settings.ts'
import type { Lua } from './lua.ts'
import type { State } from './wasm.ts'

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
export class Decoder {
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
