// Decimal integers in bytes: reading them as Redis does, writing them without a string.
//
// Canonical means what string2ll in Redis accepts: digits with at most a minus before them, no plus, no leading zero,
// no space, not "-0", within int64. A canonical text is therefore the only text of its value, which is why a value that
// parses may be stored as a number and written back as the same bytes.
//
// A parser's answer is a safe integer (|v| <= 2^53 - 1), NaN when the text is no integer, or +-Infinity when it is one
// but only a bigint holds it: then ask the slow function of the same name.

const ZERO = 0x30
const PLUS = 0x2b
const MINUS = 0x2d

/** 2^63-1 as digits; the magnitude of -2^63 ends in 8 instead. */
const INT64_MAX_DIGITS = Uint8Array.from('9223372036854775807', c => c.charCodeAt(0))
const INT64_DIGITS = INT64_MAX_DIGITS.length

/** Decimal digit pairs 00..99, tens first. */
const PAIRS = new Uint8Array(200)
for (let i = 0; i < 100; i++) {
  PAIRS[2 * i] = ZERO + ((i / 10) | 0)
  PAIRS[2 * i + 1] = ZERO + (i % 10)
}

/** Reads a canonical int64: safe integer, NaN (not one), or +-Infinity (one, but see parseBigInteger). */
export function parseInteger(bytes: Uint8Array, at: number, length: number): number {
  if (length === 0) return Number.NaN
  const negative = bytes[at] === MINUS
  const first = negative ? at + 1 : at
  const end = at + length
  const digits = end - first
  if (digits === 0 || digits > INT64_DIGITS) return Number.NaN
  const lead = bytes[first] - ZERO
  if (lead === 0) return length === 1 ? 0 : Number.NaN
  if (lead < 0 || lead > 9) return Number.NaN
  let value = lead
  let i = first + 1
  // Nine digits stay in a machine integer; the rest go on as a double, exact until 2^53.
  const smallEnd = digits <= 9 ? end : first + 9
  for (; i < smallEnd; i++) {
    const digit = bytes[i] - ZERO
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  for (; i < end; i++) {
    const digit = bytes[i] - ZERO
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  if (value > Number.MAX_SAFE_INTEGER) {
    if (digits === INT64_DIGITS && !fitsInt64(bytes, first, negative)) return Number.NaN
    value = Number.POSITIVE_INFINITY
  }
  return negative ? -value : value
}

/** Compares 19 digits with the limit; the last one of the negative limit is one higher. */
function fitsInt64(bytes: Uint8Array, at: number, negative: boolean): boolean {
  for (let i = 0; i < INT64_DIGITS; i++) {
    const limit = INT64_MAX_DIGITS[i] + (negative && i === INT64_DIGITS - 1 ? 1 : 0)
    if (bytes[at + i] !== limit) return bytes[at + i] < limit
  }
  return true
}

/** Reads any canonical int64, or undefined. */
export function parseBigInteger(bytes: Uint8Array, at: number, length: number): bigint | undefined {
  const value = parseInteger(bytes, at, length)
  if (Number.isNaN(value)) return undefined
  if (Number.isFinite(value)) return BigInt(value)
  const negative = bytes[at] === MINUS
  const magnitude = bigDigits(bytes, negative ? at + 1 : at, at + length)
  return negative ? -magnitude : magnitude
}

/** Reads an unsigned 64-bit integer the way stream ids are read; the answers are those of parseInteger. */
export function parseUnsigned(bytes: Uint8Array, at: number, length: number): number {
  const value = parseInteger(bytes, at, length)
  if (value >= 0 && value !== Number.POSITIVE_INFINITY) return value
  const big = parseBigUnsigned(bytes, at, length)
  if (big === undefined) return Number.NaN
  return big <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(big) : Number.POSITIVE_INFINITY
}

/**
 * Reads an unsigned 64-bit integer, or undefined. A canonical negative is refused; otherwise the looser rules of C's
 * strtoull hold, as in Redis: leading blanks, a plus, leading zeros, and a minus (no canonical int64) that wraps round.
 */
export function parseBigUnsigned(bytes: Uint8Array, at: number, length: number): bigint | undefined {
  const canonical = parseInteger(bytes, at, length)
  if (!Number.isNaN(canonical)) {
    return canonical < 0 ? undefined : parseBigInteger(bytes, at, length)
  }
  const end = at + length
  let first = at
  while (first < end && isBlank(bytes[first])) first++
  const sign = bytes[first]
  if (first < end && (sign === PLUS || sign === MINUS)) first++
  if (first >= end) return undefined
  for (let i = first; i < end; i++) {
    if (bytes[i] < ZERO || bytes[i] > ZERO + 9) return undefined
  }
  const magnitude = bigDigits(bytes, first, end)
  if (magnitude > 0xffff_ffff_ffff_ffffn) return undefined
  return sign === MINUS ? BigInt.asUintN(64, -magnitude) : magnitude
}

function bigDigits(bytes: Uint8Array, from: number, end: number): bigint {
  let value = 0n
  for (let i = from; i < end; i++) value = value * 10n + BigInt(bytes[i] - ZERO)
  return value
}

const isBlank = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)

/** How many bytes writeInteger() writes for a safe integer. */
export function integerLength(value: number): number {
  let rest = value
  let length = 0
  if (rest < 0) {
    rest = -rest
    length = 1
  }
  while (rest >= 1e9) {
    rest = Math.floor(rest / 1e9)
    length += 9
  }
  return length + smallLength(rest)
}

/** Writes a safe integer in decimal at `at`; returns how many bytes that took. */
export function writeInteger(bytes: Uint8Array, at: number, value: number): number {
  let start = at
  let rest = value
  if (rest < 0) {
    bytes[start++] = MINUS
    rest = -rest
  }
  if (rest < 1e9) return start - at + writeSmall(bytes, start, rest)
  // Quotients below 2^24 by 1e9 never round up to the next integer, so the floor is exact.
  const high = Math.floor(rest / 1e9)
  start += writeSmall(bytes, start, high)
  writeNine(bytes, start, rest - high * 1e9)
  return start - at + 9
}

/** Writes any int64 or uint64; returns how many bytes that took. */
export function writeBigInteger(bytes: Uint8Array, at: number, value: bigint): number {
  const text = value.toString()
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i)
  return text.length
}

function smallLength(value: number): number {
  if (value < 1e5) return value < 100 ? (value < 10 ? 1 : 2) : value < 1000 ? 3 : value < 1e4 ? 4 : 5
  return value < 1e7 ? (value < 1e6 ? 6 : 7) : value < 1e8 ? 8 : 9
}

/** 0 <= value < 1e9, without leading zeros. */
function writeSmall(bytes: Uint8Array, at: number, value: number): number {
  let rest = value | 0
  if (rest < 10) {
    bytes[at] = ZERO + rest
    return 1
  }
  const length = smallLength(rest)
  let i = at + length
  while (rest >= 100) {
    const high = (rest / 100) | 0
    const pair = (rest - high * 100) * 2
    bytes[--i] = PAIRS[pair + 1]
    bytes[--i] = PAIRS[pair]
    rest = high
  }
  if (rest >= 10) {
    bytes[--i] = PAIRS[rest * 2 + 1]
    bytes[--i] = PAIRS[rest * 2]
  } else {
    bytes[--i] = ZERO + rest
  }
  return length
}

/** 0 <= value < 1e9, always nine digits. */
function writeNine(bytes: Uint8Array, at: number, value: number): void {
  let rest = value | 0
  for (let i = at + 9; i > at + 1; ) {
    const high = (rest / 100) | 0
    const pair = (rest - high * 100) * 2
    bytes[--i] = PAIRS[pair + 1]
    bytes[--i] = PAIRS[pair]
    rest = high
  }
  bytes[at] = ZERO + rest
}
