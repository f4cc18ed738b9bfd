// A thread's views of one arena: the SharedArrayBuffer that holds everything a shard knows.
//
// Rules that hold everywhere below src/store:
// - Little-endian. A Ref counts units of 8 bytes from the arena's start; 0 is "none".
//   u8 index = ref * 8 + offset, u32 index = ref * 2 + offset / 4, f64 index = ref + offset / 8.
// - The views have a fixed length (length-tracking views of a growable buffer cost 60 ns an access instead of 2), so
//   whoever may have allocated must read `m.u8`, `m.u32` … anew: never keep a view in a local across an allocation.
// - A thread that takes the shard's lock calls memoryRefresh first: another thread may have grown the arena.

import { assert } from '../bytes/assert.ts'
import { ByteArray } from '../bytes/byte-array.ts'

/** A reference to a record of kind K, in units of 8 bytes. 0 is none. */
export type Ref<K extends string> = number & { readonly kind: K }

/** Largest arena, in bytes: typed-array access stays fast up to here (design.md, decision 2). */
export const ARENA_BYTES_MAX = 8 * 1024 ** 3

/** u32 index of the word at the arena's start that holds the arena's size in pages of 8 KiB. */
export const ARENA_PAGES_WORD = 1
export const PAGE_BYTES = 8192

/** Bytes left free before the views of a whole arena: malloc's maps begin 16 bytes into a page, a cache line has 64. */
export const LEAD_BYTES = 48

export class Memory {
  readonly buffer: SharedArrayBuffer
  /** Where in the buffer the arena begins. */
  readonly start: number
  u8!: ByteArray
  u32!: Uint32Array
  i32!: Int32Array
  f64!: Float64Array
  /** Pages that the views cover. */
  pages = 0
  /** Largest table that a hash table may grow into now: under maxmemory, one that leaves memory within it. */
  tableBytesMax = Number.POSITIVE_INFINITY

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer
    this.start = buffer.growable ? 0 : LEAD_BYTES
    memoryView(this, (buffer.byteLength - this.start) / PAGE_BYTES)
  }
}

/** Makes the views cover `pages` pages. */
export function memoryView(m: Memory, pages: number): void {
  const { buffer, start } = m
  const bytes = pages * PAGE_BYTES
  assert(start + bytes <= buffer.byteLength, 'views end inside the arena')
  m.u8 = new ByteArray(buffer, start, bytes)
  m.u32 = new Uint32Array(buffer, start, bytes / 4)
  m.i32 = new Int32Array(buffer, start, bytes / 4)
  m.f64 = new Float64Array(buffer, start, bytes / 8)
  m.pages = pages
}

/** Catches up with growth by another thread. Called after the shard's lock has been taken. */
export function memoryRefresh(m: Memory): void {
  const pages = m.u32[ARENA_PAGES_WORD]
  if (pages !== m.pages) memoryView(m, pages)
}
