// The cardinality that HyperLogLog registers stand for: Otmar Ertl's improved raw estimator ("New cardinality estimation
// algorithms for HyperLogLog sketches", 2017), as in Redis since 5.0.

const REGISTERS = 16384
/** Bits of the hash beyond the register index; runs go from 1 to this + 1. */
const Q = 50
/** 1 / (2 ln 2), the limit of the bias correction. */
const ALPHA_INFINITY = 0.7213475204444817

/** Estimates from a histogram: how many registers hold 0, 1, … 51. */
export function hllEstimate(histogram: Int32Array): number {
  let z = REGISTERS * tau((REGISTERS - histogram[Q + 1]) / REGISTERS)
  for (let run = Q; run >= 1; run--) {
    z += histogram[run]
    z *= 0.5
  }
  z += REGISTERS * sigma(histogram[0] / REGISTERS)
  return Math.round((ALPHA_INFINITY * REGISTERS * REGISTERS) / z)
}

/** x + sum of x^(2^k) 2^(k-1): the share of empty registers. */
function sigma(start: number): number {
  if (start === 1) return Number.POSITIVE_INFINITY
  let x = start
  let y = 1
  let z = x
  for (let before = Number.NaN; before !== z; ) {
    x *= x
    before = z
    z += x * y
    y += y
  }
  return z
}

/** (1 - x - sum of (1 - x^(2^-k))^2 2^-k) / 3: the share of registers that are not full. */
function tau(start: number): number {
  if (start === 0 || start === 1) return 0
  let x = start
  let y = 1
  let z = 1 - x
  for (let before = Number.NaN; before !== z; ) {
    x = Math.sqrt(x)
    before = z
    y *= 0.5
    z -= (1 - x) * (1 - x) * y
  }
  return z / 3
}
