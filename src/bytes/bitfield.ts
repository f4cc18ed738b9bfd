// BITFIELD's integers: 1 to 64 bits, signed or not, at any bit of a string, most significant bit first.
//
// Widths to 53 bits are plain numbers; the functions with Big in their name serve 54 to 64. Reading beyond the string's
// end reads zeros; a write must lie within it, the caller has grown the string.

export const WRAP = 0
export const SATURATE = 1
export const FAIL = 2
/** What happens to a value that its width cannot hold. */
export type Overflow = typeof WRAP | typeof SATURATE | typeof FAIL

/** The unsigned integer of `width` (1..53) bits at bit `offset` of the string. */
export function getField(bytes: Uint8Array, at: number, length: number, offset: number, width: number): number {
  let value = 0
  let byte = Math.floor(offset / 8)
  let skip = offset % 8
  let left = width
  while (left > 0) {
    const take = Math.min(8 - skip, left)
    const whole = byte < length ? bytes[at + byte] : 0
    value = value * (1 << take) + ((whole >> (8 - skip - take)) & ((1 << take) - 1))
    left -= take
    skip = 0
    byte++
  }
  return value
}

/** The same bits as a two's complement integer. */
export function getSignedField(bytes: Uint8Array, at: number, length: number, offset: number, width: number): number {
  const value = getField(bytes, at, length, offset, width)
  return value >= 2 ** (width - 1) ? value - 2 ** width : value
}

/** Stores the low `width` (1..53) bits of a safe integer at bit `offset`. */
export function setField(bytes: Uint8Array, at: number, offset: number, width: number, value: number): void {
  const modulus = 2 ** width
  let rest = value % modulus
  if (rest < 0) rest += modulus
  let end = offset + width
  let left = width
  while (left > 0) {
    const byte = Math.floor((end - 1) / 8)
    const low = byte * 8 + 8 - end // bits of this byte below the field
    const take = Math.min(8 - low, left)
    const mask = ((1 << take) - 1) << low
    const part = rest % (1 << take)
    bytes[at + byte] = (bytes[at + byte] & ~mask) | (part << low)
    rest = (rest - part) / (1 << take)
    end -= take
    left -= take
  }
}

/** The integer of `width` (1..64) bits at bit `offset`, signed or not. */
export function getBigField(
  bytes: Uint8Array,
  at: number,
  length: number,
  offset: number,
  width: number,
  isSigned: boolean,
): bigint {
  const lowWidth = Math.min(width, 32)
  const highWidth = width - lowWidth
  const high = highWidth === 0 ? 0 : getField(bytes, at, length, offset, highWidth)
  const low = getField(bytes, at, length, offset + highWidth, lowWidth)
  const value = (BigInt(high) << 32n) | BigInt(low)
  return isSigned ? BigInt.asIntN(width, value) : value
}

/** Stores the low `width` (1..64) bits of an integer at bit `offset`. */
export function setBigField(bytes: Uint8Array, at: number, offset: number, width: number, value: bigint): void {
  const lowWidth = Math.min(width, 32)
  const highWidth = width - lowWidth
  if (highWidth > 0) setField(bytes, at, offset, highWidth, Number(BigInt.asUintN(highWidth, value >> 32n)))
  setField(bytes, at, offset + highWidth, lowWidth, Number(BigInt.asUintN(lowWidth, value)))
}

/**
 * Makes an exact integer fit a width of at most 53 bits: itself if it does, else by `overflow`, where NaN is the answer
 * for FAIL. For INCRBY pass old value + increment. For SET of an unsigned field Redis takes a negative value as an
 * enormous one (it saturates upwards): use fitBigField with BigInt.asUintN(64, value) there.
 */
export function fitField(value: number, width: number, isSigned: boolean, overflow: Overflow): number {
  const modulus = 2 ** width
  const max = isSigned ? modulus / 2 - 1 : modulus - 1
  const min = isSigned ? -modulus / 2 : 0
  if (value >= min && value <= max) return value
  if (overflow === FAIL) return Number.NaN
  if (overflow === SATURATE) return value > max ? max : min
  let wrapped = (value % modulus) + 0 // never -0
  if (wrapped < 0) wrapped += modulus
  return wrapped > max ? wrapped - modulus : wrapped
}

/** fitField for any integer and a width of at most 64 bits; undefined for FAIL. */
export function fitBigField(value: bigint, width: number, isSigned: boolean, overflow: Overflow): bigint | undefined {
  const wrapped = isSigned ? BigInt.asIntN(width, value) : BigInt.asUintN(width, value)
  if (wrapped === value || overflow === WRAP) return wrapped
  if (overflow === FAIL) return undefined
  const max = (1n << BigInt(isSigned ? width - 1 : width)) - 1n
  return value > max ? max : isSigned ? -max - 1n : 0n
}
