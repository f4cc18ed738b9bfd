// Lua's C API as this folder uses it: its constants, and what its header has as macros.

import { LuaWasm, type State } from './wasm.ts'

export const TYPE = {
  NONE: -1,
  NIL: 0,
  BOOLEAN: 1,
  LIGHT_USERDATA: 2,
  NUMBER: 3,
  STRING: 4,
  TABLE: 5,
  FUNCTION: 6,
} as const
const TYPE_NAMES: Readonly<Record<number, string>> = {
  [-1]: 'no value',
  0: 'nil',
  1: 'boolean',
  2: 'userdata',
  3: 'number',
  4: 'string',
  5: 'table',
  6: 'function',
  7: 'userdata',
  8: 'thread',
}
export const REGISTRY = -10000
export const GLOBALS = -10002
const MULTIPLE = -1
export const ALL_RESULTS = MULTIPLE

/** A function that Lua calls: it returns how many results it has pushed. */
export type LuaFunction = (state: State) => number

export class Lua extends LuaWasm {
  readonly state: State
  readonly #names = new Map<string, number>()

  constructor() {
    super()
    this.state = this.api.luaL_newstate()
  }

  /** A name as a C string, made once. */
  name(text: string): number {
    let at = this.#names.get(text)
    if (at === undefined) {
      at = this.constant(text)
      this.#names.set(text, at)
    }
    return at
  }

  pop(state: State, count = 1): void {
    this.api.lua_settop(state, -count - 1)
  }

  type(state: State, index: number): number {
    return this.api.lua_type(state, index)
  }

  typeName(state: State, index: number): string {
    return TYPE_NAMES[this.type(state, index)] ?? 'userdata'
  }

  pushFunction(state: State, fn: LuaFunction): void {
    this.api.lua_pushcclosure(state, this.functionOf(fn), 0)
  }

  /** Pushes the value of a table's field, without its metatable having a say. */
  rawField(state: State, table: number, name: string): number {
    const at = table < 0 && table > REGISTRY ? table - 1 : table
    this.pushText(state, name)
    this.api.lua_rawget(state, at)
    return this.type(state, -1)
  }

  /** Sets a field of the table at `table` to the value on top, which is taken off. */
  setRawField(state: State, table: number, name: string): void {
    const at = table < 0 && table > REGISTRY ? table - 1 : table
    this.pushText(state, name)
    this.api.lua_insert(state, -2)
    this.api.lua_rawset(state, at)
  }

  /** Pushes a table with these functions. */
  pushLibrary(state: State, functions: Readonly<Record<string, LuaFunction>>): void {
    this.api.lua_createtable(state, 0, Object.keys(functions).length)
    for (const [name, fn] of Object.entries(functions)) {
      this.pushFunction(state, fn)
      this.setRawField(state, -2, name)
    }
  }

  /** Raises an error: a text behind the place in the script. Never returns. */
  raise(state: State, text: string): never {
    this.api.luaL_where(state, 1)
    this.pushText(state, text)
    this.api.lua_concat(state, 2)
    return this.raiseTop(state)
  }

  /** Raises what is on top of the stack. */
  raiseTop(state: State): never {
    this.api.lua_error(state)
    throw new Error('an error in Lua does not return')
  }

  argumentError(state: State, argument: number, fn: string, problem: string): never {
    return this.raise(state, `bad argument #${argument} to '${fn}' (${problem})`)
  }

  /** The number that an argument must be. */
  checkNumber(state: State, argument: number, fn: string): number {
    const number = this.api.lua_tonumber(state, argument)
    if (number === 0 && this.type(state, argument) !== TYPE.NUMBER && this.textAt(state, argument) === undefined) {
      this.argumentError(state, argument, fn, `number expected, got ${this.typeName(state, argument)}`)
    }
    if (
      this.type(state, argument) === TYPE.STRING &&
      number === 0 &&
      !/^\s*[-+]?(0[xX]0*|0*\.?0*([eE].*)?)\s*$/.test(this.textAt(state, argument) ?? '')
    ) {
      this.argumentError(state, argument, fn, 'number expected, got string')
    }
    return number
  }

  /** A copy of the string that an argument must be. */
  checkBytes(state: State, argument: number, fn: string): Uint8Array<ArrayBuffer> {
    const type = this.type(state, argument)
    const bytes = type === TYPE.STRING || type === TYPE.NUMBER ? this.bytesAt(state, argument) : undefined
    if (bytes !== undefined) return bytes
    return this.argumentError(state, argument, fn, `string expected, got ${this.typeName(state, argument)}`)
  }
}
