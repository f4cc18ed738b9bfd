// HalfSipHash as its authors describe it.

/**
 * HalfSipHash-c-d with the rounds as parameters: the plain form that hashBytes is checked against, and the one that the
 * published vectors of other variants can be put to.
 */
export function halfSipHash(
  bytes: Uint8Array,
  at: number,
  length: number,
  k0: number,
  k1: number,
  wordRounds: number,
  finalRounds: number,
): number {
  const v = Int32Array.of(k0, k1, 0x6c796765 ^ k0, 0x74656462 ^ k1)
  const end = at + length
  for (let i = at; ; i += 4) {
    let word = i + 4 > end ? length << 24 : 0
    for (let j = 0; j < 4 && i + j < end; j++) word |= bytes[i + j] << (8 * j)
    v[3] ^= word
    sipRounds(v, wordRounds)
    v[0] ^= word
    if (i + 4 > end) break
  }
  v[2] ^= 0xff
  sipRounds(v, finalRounds)
  return v[1] ^ v[3]
}

function sipRounds(v: Int32Array, rounds: number): void {
  for (let round = 0; round < rounds; round++) {
    v[0] += v[1]
    v[1] = rotateLeft(v[1], 5) ^ v[0]
    v[0] = rotateLeft(v[0], 16)
    v[2] += v[3]
    v[3] = rotateLeft(v[3], 8) ^ v[2]
    v[0] += v[3]
    v[3] = rotateLeft(v[3], 7) ^ v[0]
    v[2] += v[1]
    v[1] = rotateLeft(v[1], 13) ^ v[2]
    v[2] = rotateLeft(v[2], 16)
  }
}

const rotateLeft = (word: number, count: number): number => (word << count) | (word >>> (32 - count))
