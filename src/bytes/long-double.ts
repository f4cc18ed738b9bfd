// The x87 80-bit "long double" that Redis computes INCRBYFLOAT and HINCRBYFLOAT with, on bigints.
//
// A value is mantissa x 2^exponent with |mantissa| <= 2^64, rounded as the machine rounds (64 significant bits, to
// nearest, ties to even, subnormals from 2^-16445). Infinity has the mantissa 1 or -1 and an infinite exponent; NaN does
// not occur, and the sign of zero is not kept, because Redis prints neither.

import { divideHalfEven, fixedDigits, powerOfTen, trimFixed } from './exact.ts'

/** The value mantissa x 2^exponent. */
export interface LongDouble {
  readonly mantissa: bigint
  readonly exponent: number
}

const PRECISION = 64
const EXPONENT_MIN = -16445
/** Finite values are below 2^16384. */
const BITS_MAX = 16384
/** Redis copies the text into a buffer of this size, terminator included. */
const TEXT_BYTES_MAX = 5 * 1024
/** Beyond 10^±POWER_MAX nothing is finite or above zero; keeps a huge exponent from making a huge bigint. */
const POWER_MAX = 5000

const ZERO_VALUE: LongDouble = { mantissa: 0n, exponent: 0 }
const INFINITE: LongDouble = { mantissa: 1n, exponent: Number.POSITIVE_INFINITY }

const DECIMAL = /^(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i
const HEXADECIMAL = /^0x([0-9a-f]*)\.?([0-9a-f]*)(?:p([+-]?\d+))?$/i
const INFINITY_TEXT = /^inf(inity)?$/i

/**
 * Reads a long double as getLongDoubleFromObject does: what strtold takes whole, but no leading blank, no NaN, nothing that
 * overflows to infinity or underflows to zero. Undefined when refused.
 */
export function parseLongDouble(bytes: Uint8Array, at: number, length: number): LongDouble | undefined {
  if (length === 0 || length >= TEXT_BYTES_MAX) return undefined
  const sign = bytes[at]
  const first = sign === 0x2b || sign === 0x2d ? at + 1 : at
  const end = at + length
  const magnitude = parseShort(bytes, first, end) ?? parseMagnitude(latin1(bytes, first, end))
  return magnitude !== undefined && sign === 0x2d ? negate(magnitude) : magnitude
}

/** At most 15 digits and a dot; undefined for anything else, right or wrong. */
function parseShort(bytes: Uint8Array, first: number, end: number): LongDouble | undefined {
  if (end - first > 16) return undefined
  let digits = 0
  let count = 0
  let dotAt = -1
  for (let i = first; i < end; i++) {
    const digit = bytes[i] - 0x30
    if (digit >= 0 && digit <= 9) {
      digits = digits * 10 + digit
      count++
    } else if (bytes[i] === 0x2e && dotAt < 0) {
      dotAt = i
    } else {
      return undefined
    }
  }
  if (count === 0 || count > 15) return undefined
  if (digits === 0) return ZERO_VALUE
  return dotAt < 0 ? round(BigInt(digits), 1n) : round(BigInt(digits), powerOfTen(end - dotAt - 1))
}

function latin1(bytes: Uint8Array, first: number, end: number): string {
  let text = ''
  for (let i = first; i < end; i++) text += String.fromCharCode(bytes[i])
  return text
}

function parseMagnitude(text: string): LongDouble | undefined {
  const decimal = DECIMAL.exec(text)
  if (decimal !== null) {
    const digits = (decimal[1] + decimal[2]).replace(/^0+/, '')
    if (digits === '') return decimal[1] + decimal[2] === '' ? undefined : ZERO_VALUE
    const power = Number(decimal[3] ?? 0) - decimal[2].length
    if (Math.abs(digits.length + power) > POWER_MAX) return undefined
    const mantissa = BigInt(digits)
    return inRange(power >= 0 ? round(mantissa * powerOfTen(power), 1n) : round(mantissa, powerOfTen(-power)))
  }
  const hex = HEXADECIMAL.exec(text)
  if (hex !== null && hex[1] + hex[2] !== '') {
    const mantissa = BigInt(`0x${hex[1]}${hex[2]}`)
    if (mantissa === 0n) return ZERO_VALUE
    const power = Number(hex[3] ?? 0) - 4 * hex[2].length
    if (Math.abs(bitLength(mantissa) + power) > 2 * BITS_MAX) return undefined
    return inRange(power >= 0 ? round(mantissa << BigInt(power), 1n) : round(mantissa, 1n << BigInt(-power)))
  }
  return INFINITY_TEXT.test(text) ? INFINITE : undefined
}

/** Refuses what a text other than "inf" may not become. */
function inRange(value: LongDouble): LongDouble | undefined {
  return value.mantissa === 0n || !isFiniteLongDouble(value) ? undefined : value
}

/** Whether it is not infinite. */
export function isFiniteLongDouble(value: LongDouble): boolean {
  return Number.isFinite(value.exponent)
}

/** The rounded sum; undefined when it is infinite or NaN, which Redis refuses. */
export function addLongDoubles(a: LongDouble, b: LongDouble): LongDouble | undefined {
  if (!isFiniteLongDouble(a) || !isFiniteLongDouble(b)) return undefined
  const exponent = Math.min(a.exponent, b.exponent)
  const sum = (a.mantissa << BigInt(a.exponent - exponent)) + (b.mantissa << BigInt(b.exponent - exponent))
  if (sum === 0n) return ZERO_VALUE
  const magnitude = sum < 0n ? -sum : sum
  const rounded = exponent >= 0 ? round(magnitude << BigInt(exponent), 1n) : round(magnitude, 1n << BigInt(-exponent))
  if (!isFiniteLongDouble(rounded)) return undefined
  return sum < 0n ? negate(rounded) : rounded
}

/** "Human friendly" text: "%.17Lf" without trailing zeros and dot, and never "-0". */
export function formatLongDouble(value: LongDouble): string {
  const isNegative = value.mantissa < 0n
  if (!isFiniteLongDouble(value)) return isNegative ? '-inf' : 'inf'
  const digits = fixedDigits(isNegative ? -value.mantissa : value.mantissa, value.exponent, 17)
  return trimFixed(isNegative ? `-${digits}` : digits)
}

const negate = (value: LongDouble): LongDouble => ({ mantissa: -value.mantissa, exponent: value.exponent })

/** numerator / denominator, both positive, as the nearest long double. */
function round(numerator: bigint, denominator: bigint): LongDouble {
  // The quotient has this many bits or one more before the point; one more is tried first.
  let bits = bitLength(numerator) - bitLength(denominator) + 1
  const isShort = bits > 0 ? numerator < denominator << BigInt(bits - 1) : numerator << BigInt(1 - bits) < denominator
  if (isShort) bits--
  const exponent = Math.max(bits - PRECISION, EXPONENT_MIN)
  const mantissa =
    exponent >= 0
      ? divideHalfEven(numerator, denominator << BigInt(exponent))
      : divideHalfEven(numerator << BigInt(-exponent), denominator)
  if (mantissa === 0n) return ZERO_VALUE
  return bitLength(mantissa) + exponent > BITS_MAX ? INFINITE : { mantissa, exponent }
}

function bitLength(value: bigint): number {
  const text = value.toString(16)
  return 4 * text.length + 28 - Math.clz32(Number.parseInt(text[0], 16))
}
