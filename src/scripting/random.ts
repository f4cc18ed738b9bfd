// math.random and math.randomseed as Redis has them: the generator of drand48, the same on every machine.

import type { Lua, LuaFunction } from './lua.ts'

const FACTOR = 0x5deece66dn
const SUMMAND = 0xbn
const LOW_BITS = 0x330en
const MASK = (1n << 48n) - 1n
const RANGE = 2147483647

export class RandomNumbers {
  #x = 0n

  seed(seed: number): void {
    this.#x = (BigInt.asUintN(32, BigInt(Math.trunc(seed))) << 16n) | LOW_BITS
  }

  /** From 0 up to 1. */
  next(): number {
    this.#x = (this.#x * FACTOR + SUMMAND) & MASK
    return (Number(this.#x >> 17n) % RANGE) / RANGE
  }
}

/** math.random and math.randomseed over `numbers`. */
export function randomFunctions(lua: Lua, numbers: RandomNumbers): Record<string, LuaFunction> {
  const { api } = lua
  return {
    random: state => {
      const count = api.lua_gettop(state)
      const fraction = numbers.next()
      if (count > 2) lua.raise(state, 'wrong number of arguments')
      const low = count === 2 ? Math.trunc(lua.checkNumber(state, 1, 'random')) : 1
      const high = count === 0 ? 0 : Math.trunc(lua.checkNumber(state, count, 'random'))
      if (count > 0 && low > high) lua.argumentError(state, count, 'random', 'interval is empty')
      api.lua_pushnumber(state, count === 0 ? fraction : Math.floor(fraction * (high - low + 1)) + low)
      return 1
    },
    randomseed: state => {
      numbers.seed(lua.checkNumber(state, 1, 'randomseed'))
      return 0
    },
  }
}
