// The library `bit`: 32-bit operations.

import type { Lua, LuaFunction } from './lua.ts'
import type { State } from './wasm.ts'

const TWO_32 = 2 ** 32

/** A number as 32 bits: whole numbers modulo 2^32, others rounded as LuaBitOp rounds. */
function toBits(number: number): number {
  if (Number.isInteger(number)) return Number(BigInt.asIntN(32, BigInt(number)))
  if (!Number.isFinite(number)) return 0
  const floor = Math.floor(number)
  const rest = number - floor
  const whole = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor
  return (whole % TWO_32) | 0
}

const swapped = (x: number): number => (x >>> 24) | ((x >>> 8) & 0xff00) | ((x & 0xff00) << 8) | (x << 24) | 0

/** The functions of the library. */
export function bitLibrary(lua: Lua): Record<string, LuaFunction> {
  const { api } = lua
  const argument = (state: State, i: number, fn: string): number => toBits(lua.checkNumber(state, i, fn))
  const one =
    (name: string, apply: (x: number) => number): LuaFunction =>
    state => {
      api.lua_pushnumber(state, apply(argument(state, 1, name)) | 0)
      return 1
    }
  const many =
    (name: string, apply: (x: number, y: number) => number): LuaFunction =>
    state => {
      let result = argument(state, 1, name)
      for (let i = 2; i <= api.lua_gettop(state); i++) result = apply(result, argument(state, i, name))
      api.lua_pushnumber(state, result | 0)
      return 1
    }
  const shift =
    (name: string, apply: (x: number, n: number) => number): LuaFunction =>
    state => {
      const x = argument(state, 1, name)
      api.lua_pushnumber(state, apply(x, argument(state, 2, name) & 31) | 0)
      return 1
    }
  return {
    tobit: one('tobit', x => x),
    bnot: one('bnot', x => ~x),
    bswap: one('bswap', swapped),
    band: many('band', (x, y) => x & y),
    bor: many('bor', (x, y) => x | y),
    bxor: many('bxor', (x, y) => x ^ y),
    lshift: shift('lshift', (x, n) => x << n),
    rshift: shift('rshift', (x, n) => x >>> n),
    arshift: shift('arshift', (x, n) => x >> n),
    rol: shift('rol', (x, n) => (x << n) | (n === 0 ? 0 : x >>> (32 - n))),
    ror: shift('ror', (x, n) => (x >>> n) | (n === 0 ? 0 : x << (32 - n))),
    tohex: state => {
      const x = argument(state, 1, 'tohex')
      const wanted = api.lua_gettop(state) < 2 ? 8 : argument(state, 2, 'tohex')
      const digits = Math.min(Math.abs(wanted), 8)
      const hex = (x >>> 0)
        .toString(16)
        .padStart(8, '0')
        .slice(8 - digits)
      lua.pushText(state, wanted < 0 ? hex.toUpperCase() : hex)
      return 1
    },
  }
}
