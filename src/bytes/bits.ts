// Bits of a string: counting, searching, the BITOP kernels and BITFIELD's integers.
//
// Bit 0 is the highest bit of the first byte, as in Redis. Functions that take `words` besides `bytes` want the
// Uint32Array over the same memory from the same start; they use it for the aligned middle and must give the same
// answer as byte by byte. Bit offsets go to 2^32 (512 MB), beyond int32, so they are split with floating division.

/** Bits set in `length` bytes from `at`. */
export function countBits(bytes: Uint8Array, words: Uint32Array, at: number, length: number): number {
  const end = at + length
  let count = 0
  let i = at
  while (i < end && (i & 3) !== 0) count += popcount32(bytes[i++])
  // Byte indices pass 2^31, so no shifts here.
  let word = i / 4
  const wordEnd = Math.floor(end / 4)
  if (word < wordEnd) {
    if (wordEnd - word >= GROUPED_WORDS_MIN) {
      count += countGroups(words, word, wordEnd)
      word = wordEnd - ((wordEnd - word) % 8)
    }
    for (; word < wordEnd; word++) count += popcount32(words[word])
    i = wordEnd * 4
  }
  while (i < end) count += popcount32(bytes[i++])
  return count
}

/** Bits set from bit `first` to bit `last`, both included, of the string at `at`. */
export function countBitRange(bytes: Uint8Array, words: Uint32Array, at: number, first: number, last: number): number {
  if (first > last) return 0
  const firstByte = Math.floor(first / 8)
  const lastByte = Math.floor(last / 8)
  const headMask = 0xff >> (first % 8)
  const tailMask = (0xff00 >> ((last % 8) + 1)) & 0xff
  if (firstByte === lastByte) return popcount32(bytes[at + firstByte] & headMask & tailMask)
  const middle = countBits(bytes, words, at + firstByte + 1, lastByte - firstByte - 1)
  return middle + popcount32(bytes[at + firstByte] & headMask) + popcount32(bytes[at + lastByte] & tailMask)
}

/** Position of the first bit equal to `bit` from bit `first` to bit `last`, both included, or -1. */
export function findBit(
  bytes: Uint8Array,
  words: Uint32Array,
  at: number,
  first: number,
  last: number,
  bit: number,
): number {
  if (first > last) return -1
  const flip = bit === 1 ? 0 : 0xff
  const firstByte = Math.floor(first / 8)
  const lastByte = Math.floor(last / 8)
  let i = at + firstByte
  let byte = (bytes[i] ^ flip) & (0xff >> (first % 8))
  if (byte === 0) {
    const end = at + lastByte + 1
    i++
    while (i < end && (i & 3) !== 0 && bytes[i] === flip) i++
    if (i < end && (i & 3) === 0) {
      const dull = bit === 1 ? 0 : 0xffffffff
      let word = i / 4
      const wordEnd = Math.floor(end / 4)
      while (word < wordEnd && words[word] === dull) word++
      i = word * 4
      while (i < end && bytes[i] === flip) i++
    }
    if (i >= end) return -1
    byte = bytes[i] ^ flip
  }
  const found = (i - at) * 8 + Math.clz32(byte) - 24
  return found <= last ? found : -1
}

/** From here on adding up before counting pays. */
const GROUPED_WORDS_MIN = 32

/**
 * Bits set in the whole groups of eight words from `first` up to `end`. Words are added bit by bit into ones, twos and
 * fours, so that one word in eight has to be counted (Harley and Seal; twice as fast as counting each).
 */
function countGroups(words: Uint32Array, first: number, end: number): number {
  let ones = 0
  let twos = 0
  let fours = 0
  let eights = 0
  for (let i = first; i + 8 <= end; i += 8) {
    const a = words[i]
    const b = words[i + 1]
    const c = words[i + 2]
    const d = words[i + 3]
    let sum = ones ^ a
    const twoA = (ones & a) | (sum & b)
    ones = sum ^ b
    sum = ones ^ c
    const twoB = (ones & c) | (sum & d)
    ones = sum ^ d
    sum = twos ^ twoA
    const fourA = (twos & twoA) | (sum & twoB)
    twos = sum ^ twoB
    const e = words[i + 4]
    const f = words[i + 5]
    const g = words[i + 6]
    const h = words[i + 7]
    sum = ones ^ e
    const twoC = (ones & e) | (sum & f)
    ones = sum ^ f
    sum = ones ^ g
    const twoD = (ones & g) | (sum & h)
    ones = sum ^ h
    sum = twos ^ twoC
    const fourB = (twos & twoC) | (sum & twoD)
    twos = sum ^ twoD
    sum = fours ^ fourA
    eights += popcount32((fours & fourA) | (sum & fourB))
    fours = sum ^ fourB
  }
  return 8 * eights + 4 * popcount32(fours) + 2 * popcount32(twos) + popcount32(ones)
}

function popcount32(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555)
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333)
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

// BITOP: the target first takes a copy of one source, zeros behind it, then the others one by one. Word by word where
// both begin at a multiple of four, which is four times as fast.

/** target &= source; the source counts as zero beyond its end. */
export function bitAnd(
  target: Uint8Array,
  targetWords: Uint32Array,
  targetAt: number,
  targetLength: number,
  source: Uint8Array,
  sourceWords: Uint32Array,
  sourceAt: number,
  sourceLength: number,
): void {
  const shared = Math.min(targetLength, sourceLength)
  let i = 0
  if (targetAt % 4 === 0 && sourceAt % 4 === 0) {
    const targetWord = targetAt / 4
    const sourceWord = sourceAt / 4
    const count = Math.floor(shared / 4)
    for (let word = 0; word < count; word++) targetWords[targetWord + word] &= sourceWords[sourceWord + word]
    i = count * 4
  }
  for (; i < shared; i++) target[targetAt + i] &= source[sourceAt + i]
  target.fill(0, targetAt + shared, targetAt + targetLength)
}

/** target |= source, over what both have. */
export function bitOr(
  target: Uint8Array,
  targetWords: Uint32Array,
  targetAt: number,
  targetLength: number,
  source: Uint8Array,
  sourceWords: Uint32Array,
  sourceAt: number,
  sourceLength: number,
): void {
  const shared = Math.min(targetLength, sourceLength)
  let i = 0
  if (targetAt % 4 === 0 && sourceAt % 4 === 0) {
    const targetWord = targetAt / 4
    const sourceWord = sourceAt / 4
    const count = Math.floor(shared / 4)
    for (let word = 0; word < count; word++) targetWords[targetWord + word] |= sourceWords[sourceWord + word]
    i = count * 4
  }
  for (; i < shared; i++) target[targetAt + i] |= source[sourceAt + i]
}

/** target ^= source, over what both have. */
export function bitXor(
  target: Uint8Array,
  targetWords: Uint32Array,
  targetAt: number,
  targetLength: number,
  source: Uint8Array,
  sourceWords: Uint32Array,
  sourceAt: number,
  sourceLength: number,
): void {
  const shared = Math.min(targetLength, sourceLength)
  let i = 0
  if (targetAt % 4 === 0 && sourceAt % 4 === 0) {
    const targetWord = targetAt / 4
    const sourceWord = sourceAt / 4
    const count = Math.floor(shared / 4)
    for (let word = 0; word < count; word++) targetWords[targetWord + word] ^= sourceWords[sourceWord + word]
    i = count * 4
  }
  for (; i < shared; i++) target[targetAt + i] ^= source[sourceAt + i]
}

/** target = ~target. */
export function bitNot(target: Uint8Array, targetWords: Uint32Array, targetAt: number, targetLength: number): void {
  let i = 0
  if (targetAt % 4 === 0) {
    const targetWord = targetAt / 4
    const count = Math.floor(targetLength / 4)
    for (let word = 0; word < count; word++) targetWords[targetWord + word] = ~targetWords[targetWord + word]
    i = count * 4
  }
  for (; i < targetLength; i++) target[targetAt + i] = ~target[targetAt + i]
}
