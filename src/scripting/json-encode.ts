// Lua values to JSON, by the rules (and in the words) of Lua CJSON 2.1.

import type { Settings } from './json-settings.ts'
import { type Lua, TYPE } from './lua.ts'
import { formatNumber } from './number.ts'
import type { State } from './wasm.ts'

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
export class Encoder {
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
