// Which scripts and functions have reached keys that they do not declare: their owners lock every shard for them from
// the beginning, so that no two of them ever wait for each other half-way.
//
//   OFFSET  SIZE  FIELD  WRITER          MEANING
//        0   512  BITS   whoever runs    a bit for each place; names that share one share their fate, which costs no more
//                        scripts         than locks

const BYTES = 512
const PLACES = BYTES * 8

export const reachingCreate = (): SharedArrayBuffer => new SharedArrayBuffer(BYTES)

/** The place of a script's SHA-1, or of a function's name: FNV-1a. */
export function reachingPlace(name: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
  return (hash >>> 16) & (PLACES - 1)
}

export class Reaching {
  readonly #words: Int32Array

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer)
  }

  has(place: number): boolean {
    return (Atomics.load(this.#words, place >>> 5) & (1 << (place & 31))) !== 0
  }

  add(place: number): void {
    Atomics.or(this.#words, place >>> 5, 1 << (place & 31))
  }
}
