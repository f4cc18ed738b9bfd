// Exact numbers on bigints: what doubles.ts and long-double.ts round and print with when the quick ways do not do.
//
// A binary number is mantissa x 2^exponent. Every function rounds at most once, to nearest, ties to even.

const ZERO = 0x30
const DOT = 0x2e

/** mantissa x 2^exponent for a positive mantissa, rounded once to the nearest double, ties to even; may be infinite. */
export function scaleToDouble(mantissa: bigint, exponent: number): number {
  const bits = mantissa.toString(2).length
  // The last place a double of this magnitude has: 53 bits, fewer below 2^-1022.
  const unit = Math.max(bits + exponent - 53, -1074)
  const drop = unit - exponent
  const kept = drop <= 0 ? mantissa << BigInt(-drop) : divideHalfEven(mantissa, 1n << BigInt(drop))
  // kept <= 2^53 is exact; two factors, because 2^unit alone may be out of range where the product is not.
  const half = unit >> 1
  return Number(kept) * 2 ** half * 2 ** (unit - half)
}

/** numerator / denominator of non-negative integers, rounded to the nearest integer, ties to even. */
export function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator
  const twice = (numerator - quotient * denominator) * 2n
  if (twice < denominator || (twice === denominator && (quotient & 1n) === 0n)) return quotient
  return quotient + 1n
}

/** Drops the zeros that end a fraction, the dot they leave bare, and the sign of a zero. */
export function trimFixed(text: string): string {
  if (!text.includes('.')) return text
  let end = text.length
  while (text.charCodeAt(end - 1) === ZERO) end--
  if (text.charCodeAt(end - 1) === DOT) end--
  const trimmed = text.slice(0, end)
  return trimmed === '-0' ? '0' : trimmed
}

const BIG_POWERS = Array.from({ length: 64 }, (_, i) => 10n ** BigInt(i))

/** 10^n, which the usual n need not be computed for anew. */
export const powerOfTen = (n: number): bigint => (n < BIG_POWERS.length ? BIG_POWERS[n] : 10n ** BigInt(n))

/** mantissa x 2^exponent with `decimals` places after the point, rounded half to even. */
export function fixedDigits(mantissa: bigint, exponent: number, decimals: number): string {
  const scaled = mantissa * powerOfTen(decimals)
  const units = exponent >= 0 ? scaled << BigInt(exponent) : divideHalfEven(scaled, 1n << BigInt(-exponent))
  const digits = units.toString().padStart(decimals + 1, '0')
  return decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`
}

const SPLIT = new DataView(new ArrayBuffer(8))

/** A finite non-negative double as mantissa x 2^exponent. */
export function splitDouble(value: number): { mantissa: bigint; exponent: number } {
  SPLIT.setFloat64(0, value)
  const high = SPLIT.getUint32(0)
  const biased = (high >>> 20) & 0x7ff
  const fraction = (BigInt(high & 0xfffff) << 32n) | BigInt(SPLIT.getUint32(4))
  return biased === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | (1n << 52n), exponent: biased - 1075 }
}
