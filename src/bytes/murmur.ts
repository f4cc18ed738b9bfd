// MurmurHash64A as HyperLogLog uses it, on 32-bit halves.
//
// Only what HyperLogLog needs leaves this file: which of 16384 registers an element belongs to, and the length of its run
// of zero bits. Always the same for the same bytes, on every machine, because the registers are stored and exchanged.

const SEED = 0xadc83b19
// The multiplier c6a4a7935bd1e995, and its low half in 16-bit parts for the high word of a product.
const M_HIGH = 0xc6a4a793 | 0
const M_LOW = 0x5bd1e995
const M_LOW_HIGH = 0x5bd1
const M_LOW_LOW = 0xe995

const INDEX_BITS = 14
const RUN_MAX = 51

/** Upper 32 bits of low x M_LOW, both unsigned. */
function multiplyHigh(low: number): number {
  const a0 = low & 0xffff
  const a1 = low >>> 16
  const middle = a1 * M_LOW_LOW + ((a0 * M_LOW_LOW) >>> 16) // below 2^32
  return a1 * M_LOW_HIGH + (middle >>> 16) + (((middle & 0xffff) + a0 * M_LOW_HIGH) >>> 16)
}

/**
 * Register (low 14 bits) and run length (1..51, above them) of an element: the hash's low 14 bits name the register,
 * the run is one more than the zeros that end the rest.
 */
export function hllPlace(bytes: Uint8Array, at: number, length: number): number {
  // hash = seed xor length * M
  let low = Math.imul(length, M_LOW)
  let high = (multiplyHigh(length) + Math.imul(length, M_HIGH)) | 0
  low ^= SEED
  let i = at
  const end = at + length
  for (const eightsEnd = end - 7; i < eightsEnd; i += 8) {
    const wordLow = bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24)
    const wordHigh = bytes[i + 4] | (bytes[i + 5] << 8) | (bytes[i + 6] << 16) | (bytes[i + 7] << 24)
    // word = word * M; word ^= word >>> 47; word *= M
    let mixedHigh = (multiplyHigh(wordLow) + Math.imul(wordHigh, M_LOW) + Math.imul(wordLow, M_HIGH)) | 0
    const mixedLow = Math.imul(wordLow, M_LOW) ^ (mixedHigh >>> 15)
    mixedHigh = (multiplyHigh(mixedLow) + Math.imul(mixedHigh, M_LOW) + Math.imul(mixedLow, M_HIGH)) | 0
    low ^= Math.imul(mixedLow, M_LOW)
    high ^= mixedHigh
    high = (multiplyHigh(low) + Math.imul(high, M_LOW) + Math.imul(low, M_HIGH)) | 0
    low = Math.imul(low, M_LOW)
  }
  const tail = length & 7
  if (tail > 0) {
    for (let j = 0; j < tail; j++) {
      if (j < 4) low ^= bytes[i + j] << (8 * j)
      else high ^= bytes[i + j] << (8 * j - 32)
    }
    high = (multiplyHigh(low) + Math.imul(high, M_LOW) + Math.imul(low, M_HIGH)) | 0
    low = Math.imul(low, M_LOW)
  }
  // hash ^= hash >>> 47; hash *= M; hash ^= hash >>> 47
  low ^= high >>> 15
  high = (multiplyHigh(low) + Math.imul(high, M_LOW) + Math.imul(low, M_HIGH)) | 0
  low = Math.imul(low, M_LOW)
  low ^= high >>> 15
  return (low & ((1 << INDEX_BITS) - 1)) | (runLength(low, high) << INDEX_BITS)
}

/** One more than the zero bits that end the hash without its index; at most 51. */
function runLength(low: number, high: number): number {
  const restLow = (low >>> INDEX_BITS) | (high << (32 - INDEX_BITS))
  if (restLow !== 0) return 32 - Math.clz32(restLow & -restLow)
  const restHigh = high >>> INDEX_BITS
  return restHigh === 0 ? RUN_MAX : 64 - Math.clz32(restHigh & -restHigh)
}
