// The settings of a cjson library, and the functions by which scripts read and change them.

import { type Lua, type LuaFunction, TYPE } from './lua.ts'

/** What `cjson.new()` has of its own. */
export interface Settings {
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

/** Those of a library that nobody has changed. */
export const defaults = (): Settings => ({
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

const INT_MAX = 2 ** 31 - 1
/** More digits than these a double does not promise to keep. */
const PRECISION_MAX = 14

/** The functions that read and change one of the settings, by argument. */
export function settingFunctions(lua: Lua, settings: Settings): Record<string, LuaFunction> {
  const { api } = lua
  const number =
    (name: string, key: 'encodeDepth' | 'decodeDepth' | 'precision', max: number): LuaFunction =>
    state => {
      if (lua.type(state, 1) > TYPE.NIL) {
        const value = lua.checkNumber(state, 1, name)
        if (!(value >= 1 && value <= max)) lua.argumentError(state, 1, name, `expected integer between 1 and ${max}`)
        settings[key] = Math.trunc(value)
      }
      api.lua_pushnumber(state, settings[key])
      return 1
    }
  const flag =
    (key: 'keepsBuffer' | 'decodesInvalid'): LuaFunction =>
    state => {
      if (lua.type(state, 1) > TYPE.NIL) settings[key] = api.lua_toboolean(state, 1) !== 0
      api.lua_pushboolean(state, settings[key] ? 1 : 0)
      return 1
    }
  return {
    encode_max_depth: number('encode_max_depth', 'encodeDepth', INT_MAX),
    decode_max_depth: number('decode_max_depth', 'decodeDepth', INT_MAX),
    encode_number_precision: number('encode_number_precision', 'precision', PRECISION_MAX),
    encode_keep_buffer: flag('keepsBuffer'),
    decode_invalid_numbers: flag('decodesInvalid'),
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
