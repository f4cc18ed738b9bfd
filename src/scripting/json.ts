// The library `cjson`, as Lua CJSON 2.1 has it: json-encode.ts writes, json-decode.ts reads, json-settings.ts says how.

import { Decoder } from './json-decode.ts'
import { Encoder } from './json-encode.ts'
import { defaults, settingFunctions } from './json-settings.ts'
import type { Lua } from './lua.ts'
import type { State } from './wasm.ts'

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
