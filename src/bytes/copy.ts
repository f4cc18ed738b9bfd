// Copying bytes between two byte arrays without making a view.
//
// A loop is fastest for a few bytes; from some 32 bytes on, Buffer's copy is: it costs about 55 ns whatever the size,
// makes no garbage, and takes plain Uint8Arrays too (bench/micro/copy.ts).

const LOOP_BYTES_MAX = 32
const bufferCopy = Buffer.prototype.copy as (
  this: Uint8Array,
  target: Uint8Array,
  targetAt: number,
  sourceAt: number,
  sourceEnd: number,
) => number

/** Copies `length` bytes from `source[from…]` to `target[at…]`. The ranges may not overlap in one array; see moveBytes. */
export function copyBytes(target: Uint8Array, at: number, source: Uint8Array, from: number, length: number): void {
  if (length <= LOOP_BYTES_MAX) {
    for (let i = 0; i < length; i++) target[at + i] = source[from + i]
  } else {
    bufferCopy.call(source, target, at, from, from + length)
  }
}

/** Copies inside one array; the ranges may overlap. */
export function moveBytes(bytes: Uint8Array, at: number, from: number, length: number): void {
  bytes.copyWithin(at, from, from + length)
}

/** Whether two ranges hold the same bytes. */
export function equalBytes(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (a[aAt + i] !== b[bAt + i]) return false
  return true
}

/** Orders two byte strings as memcmp does, the shorter first on a tie: negative, 0 or positive. */
export function compareBytes(
  a: Uint8Array,
  aAt: number,
  aLength: number,
  b: Uint8Array,
  bAt: number,
  bLength: number,
): number {
  const shared = aLength < bLength ? aLength : bLength
  for (let i = 0; i < shared; i++) {
    const difference = a[aAt + i] - b[bAt + i]
    if (difference !== 0) return difference
  }
  return aLength - bLength
}
