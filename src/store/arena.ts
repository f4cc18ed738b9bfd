// The arena: one SharedArrayBuffer per shard, growable or whole from the start, cut into pages of 8 KiB, and the allocator in it.
//
// Blocks up to 16 KiB come from spans: 8 pages holding blocks of one size class. Larger ones are runs of whole pages.
// A block carries no header: the page table tells its size from its address. Freed runs join their neighbours.
// All state is in the arena, so every attached thread allocates from the same heap, under the shard's lock.
//
// The arena's head:
//
//   OFFSET  SIZE  FIELD        MEANING
//        0     4  MAGIC        0x534b4550
//        4     4  PAGES        pages the arena has now; grows, never shrinks
//        8     4  TOP          first page never handed out; from here on memory is untouched and zero
//       12     4  PAGES_MAX    pages the arena may grow to
//       16     8  USED         f64, bytes in blocks handed out
//       24     8  HELD         f64, bytes in spans and runs in use: USED plus what fragmentation costs
//       32     4  ROOT         ref of the keyspace's root record
//       36     4  SEED0        key of the hash function, first half
//       40     4  SEED1        second half
//       44    20  -            zero
//       64   320  SPANS        80 x u32, per size class: first span with a free block, 0 = none
//      384   384  RUNS         96 x u32, per length: first free run; see runBin
//      768
//
// The page table starts at page 1, 16 bytes a page:
//
//   OFFSET  SIZE  FIELD        MEANING
//        0     1  KIND         0 = inside a run or never used, else PAGE_KIND
//        1     1  CLASS        size class (span head and its other pages)
//        2     2  BACK         pages back to the span's head
//        4     4  COUNT        span head: blocks in use; second page of a span: previous span in the class's list;
//                              run, free run (first and last page): its length in pages
//        8     4  FREE         span head: first freed block, 0 = none; free run: next free run
//       12     4  NEXT         span head: next span in the class's list; second page: blocks ever handed out;
//                              free run: previous free run
//       16

import { assert } from '../bytes/assert.ts'
import {
  ARENA_BYTES_MAX,
  ARENA_PAGES_WORD,
  LEAD_BYTES,
  Memory,
  memoryRefresh,
  memoryView,
  PAGE_BYTES,
} from './memory.ts'

export const ARENA = {
  MAGIC: 0,
  PAGES: 4,
  TOP: 8,
  PAGES_MAX: 12,
  USED: 16,
  HELD: 24,
  ROOT: 32,
  SEED0: 36,
  SEED1: 40,
  SPANS: 64,
  RUNS: 384,
  SIZE: 768,
} as const

export const PAGE = { KIND: 0, CLASS: 1, BACK: 2, COUNT: 4, FREE: 8, NEXT: 12, SIZE: 16 } as const

const PAGE_KIND = { SPAN: 1, SPAN_REST: 2, RUN: 3, FREE_RUN: 4, FREE_RUN_END: 5 } as const

const MAGIC = 0x534b4550
const UNIT_BYTES = 8
const PAGE_UNITS = PAGE_BYTES / UNIT_BYTES
const SPAN_PAGES = 8
const SPAN_UNITS = SPAN_PAGES * PAGE_UNITS
/** Largest block from a span, in bytes. */
export const SMALL_BYTES_MAX = 16384
const SMALL_UNITS_MAX = SMALL_BYTES_MAX / UNIT_BYTES
const RUN_BINS = 96
const EXACT_BINS = 64
/** The arena grows by at least this much: growing costs no memory until it is touched, but every thread remakes its views. */
const GROW_PAGES_MIN = (32 * 1024 * 1024) / PAGE_BYTES

// Size classes: every multiple of 8 bytes to 128, then eight to a doubling, which bounds the waste at 1 part in 9.
const CLASS_UNITS = sizeClasses()
const CLASS_OF_UNITS = classOfUnits(CLASS_UNITS)
const CLASS_BLOCKS = Uint32Array.from(CLASS_UNITS, units => Math.floor(SPAN_UNITS / units))
/** How many size classes there are. */
const SIZE_CLASSES = CLASS_UNITS.length

assert(ARENA_PAGES_WORD === ARENA.PAGES / 4, 'memory.ts and the table agree on PAGES')
assert(ARENA.SPANS + 4 * SIZE_CLASSES <= ARENA.RUNS, 'span lists fit')
assert(ARENA.RUNS + 4 * RUN_BINS === ARENA.SIZE, 'run lists end the head')

function sizeClasses(): Uint32Array {
  const units: number[] = []
  for (let u = 1; u <= 16; u++) units.push(u)
  for (let step = 2; units[units.length - 1] < SMALL_UNITS_MAX; step *= 2) {
    for (let i = 0; i < 8; i++) units.push(units[units.length - 1] + step)
  }
  return Uint32Array.from(units)
}

function classOfUnits(classes: Uint32Array): Uint8Array {
  const table = new Uint8Array(SMALL_UNITS_MAX + 1)
  for (let units = 1, at = 0; units <= SMALL_UNITS_MAX; units++) {
    if (units > classes[at]) at++
    table[units] = at
  }
  return table
}

/**
 * Makes an arena that may grow to `bytesMax`, with an empty heap, and attaches to it. If `isWhole`, its addresses are
 * taken from malloc all at once, which costs no memory until they are used but may bring huge pages.
 */
export function arenaCreate(bytesMax: number, seed0: number, seed1: number, isWhole = false): Memory {
  assert(bytesMax <= ARENA_BYTES_MAX, 'an arena is at most 8 GiB')
  const pagesMax = Math.ceil(bytesMax / PAGE_BYTES)
  const tablePages = Math.ceil((pagesMax * PAGE.SIZE) / PAGE_BYTES)
  const top = 1 + tablePages
  assert(top + SPAN_PAGES <= pagesMax, 'an arena has room for its own tables')
  const buffer = (isWhole ? wholeBuffer(pagesMax) : undefined) ?? growableBuffer(top, pagesMax)
  const m = new Memory(buffer)
  m.u32[ARENA.MAGIC / 4] = MAGIC
  m.u32[ARENA.PAGES / 4] = m.pages
  m.u32[ARENA.TOP / 4] = top
  m.u32[ARENA.PAGES_MAX / 4] = pagesMax
  m.f64[ARENA.HELD / 8] = 0
  m.u32[ARENA.SEED0 / 4] = seed0
  m.u32[ARENA.SEED1 / 4] = seed1
  return m
}

function growableBuffer(top: number, pagesMax: number): SharedArrayBuffer {
  const pages = Math.min(pagesMax, top + GROW_PAGES_MIN)
  return new SharedArrayBuffer(pages * PAGE_BYTES, { maxByteLength: pagesMax * PAGE_BYTES })
}

/** None where the system does not give out more addresses than it has memory. */
function wholeBuffer(pagesMax: number): SharedArrayBuffer | undefined {
  try {
    return new SharedArrayBuffer(LEAD_BYTES + pagesMax * PAGE_BYTES)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** Attaches the calling thread to an arena that another thread made. */
export function arenaAttach(buffer: SharedArrayBuffer): Memory {
  const m = new Memory(buffer)
  assert(m.u32[ARENA.MAGIC / 4] === MAGIC, 'the buffer is an arena')
  memoryRefresh(m)
  return m
}

/** Bytes in blocks handed out. */
export const arenaUsed = (m: Memory): number => m.f64[ARENA.USED / 8]
/** Bytes in spans and runs in use; HELD / USED is the fragmentation ratio. */
export const arenaHeld = (m: Memory): number => m.f64[ARENA.HELD / 8]
/** Bytes of the arena ever touched; what the process can have resident for it. */
export const arenaTouched = (m: Memory): number => m.u32[ARENA.TOP / 4] * PAGE_BYTES
/** Bytes that can still be handed out, at least, without counting holes. */
export const arenaRoom = (m: Memory): number =>
  (m.u32[ARENA.PAGES_MAX / 4] - m.u32[ARENA.TOP / 4]) * PAGE_BYTES + (arenaTouched(m) - arenaHeld(m))

/**
 * Whether the arena is so nearly full that commands which take memory must be refused: a command that allocates from a
 * full arena ends the process. One piece of an eighth stays free, enough for the largest string and its larger copy.
 */
export function arenaIsTight(m: Memory): boolean {
  const needed = m.u32[ARENA.PAGES_MAX / 4] >>> 3
  return m.u32[ARENA.PAGES_MAX / 4] - m.u32[ARENA.TOP / 4] < needed && !hasFreeRun(m, needed)
}

/** Bytes that a block of `bytes` really takes. */
export function blockBytes(bytes: number): number {
  if (bytes > SMALL_BYTES_MAX) return Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES
  return CLASS_UNITS[CLASS_OF_UNITS[(bytes + 7) >>> 3]] * UNIT_BYTES
}

/** A block of at least `bytes` bytes (> 0), aligned to 8; one of 64 x 2^n bytes is aligned to 64. Its content is undefined. */
export function allocate(m: Memory, bytes: number): number {
  if (bytes > SMALL_BYTES_MAX) return allocateRun(m, Math.ceil(bytes / PAGE_BYTES)) * PAGE_UNITS
  const sizeClass = CLASS_OF_UNITS[(bytes + 7) >>> 3]
  let span = m.u32[ARENA.SPANS / 4 + sizeClass]
  if (span === 0) span = spanCreate(m, sizeClass)
  const units = CLASS_UNITS[sizeClass]
  const u32 = m.u32
  const head = pageWord(span)
  m.f64[ARENA.USED / 8] += units * UNIT_BYTES
  const used = ++u32[head + PAGE.COUNT / 4]
  let block = u32[head + PAGE.FREE / 4]
  if (block !== 0) {
    u32[head + PAGE.FREE / 4] = u32[block * 2 + 1]
  } else {
    const fresh = head + PAGE.SIZE / 4 + PAGE.NEXT / 4
    block = span * PAGE_UNITS + u32[fresh] * units
    u32[fresh]++
  }
  if (used === CLASS_BLOCKS[sizeClass]) spanUnlink(m, span, sizeClass)
  return block
}

/** A block as `allocate` gives, filled with zeros. */
export function allocateZeroed(m: Memory, bytes: number): number {
  const top = m.u32[ARENA.TOP / 4]
  const block = allocate(m, bytes)
  // A run from beyond TOP has never been touched: it is zero already, and zeroing would commit it all at once.
  if (block < top * PAGE_UNITS || bytes <= SMALL_BYTES_MAX) {
    const at = block * 2
    m.u32.fill(0, at, at + ((bytes + 3) >>> 2))
  }
  return block
}

/** Gives a block back. Its first word is zeroed, so a stale ref meets an invalid kind. */
export function release(m: Memory, block: number): void {
  const page = Math.floor(block / PAGE_UNITS)
  const u32 = m.u32
  const info = pageWord(page)
  const kind = u32[info] & 0xff
  if (kind === PAGE_KIND.RUN) {
    releaseRun(m, page)
    return
  }
  assert(kind === PAGE_KIND.SPAN || kind === PAGE_KIND.SPAN_REST, 'a released block is in use')
  const span = page - (u32[info] >>> 16)
  const sizeClass = (u32[info] >>> 8) & 0xff
  const head = pageWord(span)
  const units = CLASS_UNITS[sizeClass]
  m.f64[ARENA.USED / 8] -= units * UNIT_BYTES
  u32[block * 2] = 0
  u32[block * 2 + 1] = u32[head + PAGE.FREE / 4]
  u32[head + PAGE.FREE / 4] = block
  const used = --u32[head + PAGE.COUNT / 4]
  if (used === CLASS_BLOCKS[sizeClass] - 1) spanLink(m, span, sizeClass)
  // One empty span is kept for the class, so that a key set and deleted in turn does not remake it each time.
  else if (used === 0 && hasOtherSpan(m, span, sizeClass)) {
    spanUnlink(m, span, sizeClass)
    m.f64[ARENA.HELD / 8] -= SPAN_PAGES * PAGE_BYTES
    freeRun(m, span, SPAN_PAGES)
  }
}

/** Bytes that the block at `block` has room for. */
export function blockRoom(m: Memory, block: number): number {
  const info = pageWord(Math.floor(block / PAGE_UNITS))
  if ((m.u32[info] & 0xff) === PAGE_KIND.RUN) return m.u32[info + PAGE.COUNT / 4] * PAGE_BYTES
  return CLASS_UNITS[(m.u32[info] >>> 8) & 0xff] * UNIT_BYTES
}

/** A block of `bytes` bytes that starts with the first `kept` bytes of `block`, which is released unless it fits. */
export function reallocate(m: Memory, block: number, kept: number, bytes: number): number {
  const room = blockRoom(m, block)
  if (bytes <= room && blockBytes(bytes) * 2 > room) return block
  const moved = allocate(m, bytes)
  const count = kept < bytes ? kept : bytes
  m.u8.copyWithin(moved * UNIT_BYTES, block * UNIT_BYTES, block * UNIT_BYTES + count)
  release(m, block)
  return moved
}

// ---- spans

/** u32 index of a page's row in the page table. */
const pageWord = (page: number): number => (PAGE_BYTES + page * PAGE.SIZE) / 4

function spanCreate(m: Memory, sizeClass: number): number {
  const span = takeRun(m, SPAN_PAGES)
  m.f64[ARENA.HELD / 8] += SPAN_PAGES * PAGE_BYTES
  const u32 = m.u32
  for (let i = 0; i < SPAN_PAGES; i++) {
    const row = pageWord(span + i)
    u32[row] = (i === 0 ? PAGE_KIND.SPAN : PAGE_KIND.SPAN_REST) | (sizeClass << 8) | (i << 16)
    u32[row + 1] = 0
    u32[row + 2] = 0
    u32[row + 3] = 0
  }
  spanLink(m, span, sizeClass)
  return span
}

function hasOtherSpan(m: Memory, span: number, sizeClass: number): boolean {
  return m.u32[ARENA.SPANS / 4 + sizeClass] !== span || m.u32[pageWord(span) + PAGE.NEXT / 4] !== 0
}

function spanLink(m: Memory, span: number, sizeClass: number): void {
  const u32 = m.u32
  const list = ARENA.SPANS / 4 + sizeClass
  const next = u32[list]
  u32[pageWord(span) + PAGE.NEXT / 4] = next
  u32[pageWord(span + 1) + PAGE.COUNT / 4] = 0
  if (next !== 0) u32[pageWord(next + 1) + PAGE.COUNT / 4] = span
  u32[list] = span
}

function spanUnlink(m: Memory, span: number, sizeClass: number): void {
  const u32 = m.u32
  const next = u32[pageWord(span) + PAGE.NEXT / 4]
  const previous = u32[pageWord(span + 1) + PAGE.COUNT / 4]
  if (previous === 0) u32[ARENA.SPANS / 4 + sizeClass] = next
  else u32[pageWord(previous) + PAGE.NEXT / 4] = next
  if (next !== 0) u32[pageWord(next + 1) + PAGE.COUNT / 4] = previous
}

// ---- runs

/** The list that holds free runs of `pages` pages: exact up to 64, then one list to a quarter of a doubling. */
function runBin(pages: number): number {
  if (pages <= EXACT_BINS) return pages - 1
  const doubling = 31 - Math.clz32(pages)
  const bin = EXACT_BINS + (doubling - 6) * 4 + ((pages >>> (doubling - 2)) & 3)
  return bin < RUN_BINS ? bin : RUN_BINS - 1
}

function allocateRun(m: Memory, pages: number): number {
  const page = takeRun(m, pages)
  const row = pageWord(page)
  m.u32[row] = PAGE_KIND.RUN
  m.u32[row + PAGE.COUNT / 4] = pages
  m.f64[ARENA.USED / 8] += pages * PAGE_BYTES
  m.f64[ARENA.HELD / 8] += pages * PAGE_BYTES
  return page
}

function releaseRun(m: Memory, page: number): void {
  const pages = m.u32[pageWord(page) + PAGE.COUNT / 4]
  m.f64[ARENA.USED / 8] -= pages * PAGE_BYTES
  m.f64[ARENA.HELD / 8] -= pages * PAGE_BYTES
  m.u32[page * PAGE_UNITS * 2] = 0
  freeRun(m, page, pages)
}

/** Takes `pages` pages: the best fitting free run, else untouched pages, growing the arena as needed. */
function takeRun(m: Memory, pages: number): number {
  for (let bin = runBin(pages); bin < RUN_BINS; bin++) {
    let best = 0
    let bestPages = 0
    for (let run = m.u32[ARENA.RUNS / 4 + bin]; run !== 0; run = m.u32[pageWord(run) + PAGE.FREE / 4]) {
      const length = m.u32[pageWord(run) + PAGE.COUNT / 4]
      if (length >= pages && (best === 0 || length < bestPages)) {
        best = run
        bestPages = length
        if (length === pages || bin < EXACT_BINS) break
      }
    }
    if (best !== 0) {
      freeRunUnlink(m, best, bestPages)
      if (bestPages > pages) freeRunLink(m, best + pages, bestPages - pages)
      return best
    }
  }
  return takeUntouched(m, pages)
}

/** Whether a free run has at least `pages` pages. */
function hasFreeRun(m: Memory, pages: number): boolean {
  for (let bin = runBin(pages); bin < RUN_BINS; bin++) {
    for (let run = m.u32[ARENA.RUNS / 4 + bin]; run !== 0; run = m.u32[pageWord(run) + PAGE.FREE / 4]) {
      if (m.u32[pageWord(run) + PAGE.COUNT / 4] >= pages) return true
    }
  }
  return false
}

function takeUntouched(m: Memory, pages: number): number {
  const page = m.u32[ARENA.TOP / 4]
  if (page + pages > m.pages) grow(m, page + pages)
  m.u32[ARENA.TOP / 4] = page + pages
  return page
}

function grow(m: Memory, pagesNeeded: number): void {
  const pagesMax = m.u32[ARENA.PAGES_MAX / 4]
  assert(pagesNeeded <= pagesMax, 'the arena has room: DENY_OOM commands are refused before it is full')
  const step = Math.max(GROW_PAGES_MIN, m.pages >>> 2)
  const pages = Math.min(pagesMax, Math.max(pagesNeeded, m.pages + step))
  m.buffer.grow(pages * PAGE_BYTES)
  m.u32[ARENA.PAGES / 4] = pages
  memoryView(m, pages)
}

/** Joins the run with free neighbours, or with the untouched pages behind it, and lists it. */
function freeRun(m: Memory, page: number, pages: number): void {
  const u32 = m.u32
  const before = pageWord(page - 1)
  const kindBefore = u32[before] & 0xff
  if (
    kindBefore === PAGE_KIND.FREE_RUN_END ||
    (kindBefore === PAGE_KIND.FREE_RUN && u32[before + PAGE.COUNT / 4] === 1)
  ) {
    const length = u32[before + PAGE.COUNT / 4]
    freeRunUnlink(m, page - length, length)
    clearRow(m, page)
    page -= length
    pages += length
  }
  const after = page + pages
  if (after < u32[ARENA.TOP / 4] && (u32[pageWord(after)] & 0xff) === PAGE_KIND.FREE_RUN) {
    const length = u32[pageWord(after) + PAGE.COUNT / 4]
    freeRunUnlink(m, after, length)
    pages += length
  }
  freeRunLink(m, page, pages)
}

function freeRunLink(m: Memory, page: number, pages: number): void {
  const u32 = m.u32
  const list = ARENA.RUNS / 4 + runBin(pages)
  const next = u32[list]
  const last = pageWord(page + pages - 1)
  u32[last] = PAGE_KIND.FREE_RUN_END
  u32[last + PAGE.COUNT / 4] = pages
  const row = pageWord(page)
  u32[row] = PAGE_KIND.FREE_RUN
  u32[row + PAGE.COUNT / 4] = pages
  u32[row + PAGE.FREE / 4] = next
  u32[row + PAGE.NEXT / 4] = 0
  if (next !== 0) u32[pageWord(next) + PAGE.NEXT / 4] = page
  u32[list] = page
}

function freeRunUnlink(m: Memory, page: number, pages: number): void {
  const u32 = m.u32
  const row = pageWord(page)
  const next = u32[row + PAGE.FREE / 4]
  const previous = u32[row + PAGE.NEXT / 4]
  if (previous === 0) u32[ARENA.RUNS / 4 + runBin(pages)] = next
  else u32[pageWord(previous) + PAGE.FREE / 4] = next
  if (next !== 0) u32[pageWord(next) + PAGE.NEXT / 4] = previous
  clearRow(m, page)
  clearRow(m, page + pages - 1)
}

function clearRow(m: Memory, page: number): void {
  const row = pageWord(page)
  m.u32[row] = 0
  m.u32[row + 1] = 0
  m.u32[row + 2] = 0
  m.u32[row + 3] = 0
}

/** Walks the whole page table and every list, and holds them against each other. For tests and DEBUG. */
export function arenaCheck(m: Memory): void {
  const top = m.u32[ARENA.TOP / 4]
  let held = 0
  let freeRuns = 0
  let wasFree = false
  for (let page = 1 + Math.ceil((m.u32[ARENA.PAGES_MAX / 4] * PAGE.SIZE) / PAGE_BYTES); page < top; ) {
    const row = pageWord(page)
    const kind = m.u32[row] & 0xff
    let pages = m.u32[row + PAGE.COUNT / 4]
    if (kind === PAGE_KIND.SPAN) {
      spanCheck(m, page)
      pages = SPAN_PAGES
    } else if (kind === PAGE_KIND.FREE_RUN) {
      assert(!wasFree, 'free neighbours are joined')
      const last = pageWord(page + pages - 1)
      assert(m.u32[last + PAGE.COUNT / 4] === pages, 'both ends of a free run tell its length')
      freeRuns++
    } else assert(kind === PAGE_KIND.RUN, 'every page belongs to a span or a run')
    wasFree = kind === PAGE_KIND.FREE_RUN
    if (!wasFree) held += pages * PAGE_BYTES
    page += pages
  }
  assert(held === arenaHeld(m), 'HELD counts the spans and runs in use')
  let listed = 0
  for (let bin = 0; bin < RUN_BINS; bin++) {
    for (let run = m.u32[ARENA.RUNS / 4 + bin]; run !== 0; run = m.u32[pageWord(run) + PAGE.FREE / 4]) {
      assert(runBin(m.u32[pageWord(run) + PAGE.COUNT / 4]) === bin, 'a free run is listed by its length')
      listed++
    }
  }
  assert(listed === freeRuns, 'every free run is listed once')
}

function spanCheck(m: Memory, span: number): void {
  const head = pageWord(span)
  const sizeClass = (m.u32[head] >>> 8) & 0xff
  const fresh = m.u32[pageWord(span + 1) + PAGE.NEXT / 4]
  let free = 0
  for (let block = m.u32[head + PAGE.FREE / 4]; block !== 0; block = m.u32[block * 2 + 1]) {
    assert(Math.floor((block - span * PAGE_UNITS) / CLASS_UNITS[sizeClass]) < fresh, 'a freed block was handed out')
    free++
  }
  assert(m.u32[head + PAGE.COUNT / 4] + free === fresh, 'blocks in use and freed are those handed out')
}

/** One line about the heap, for tests and DEBUG. */
export function arenaDump(m: Memory): string {
  return `arena used=${arenaUsed(m)} held=${arenaHeld(m)} touched=${arenaTouched(m)} pages=${m.u32[ARENA.PAGES / 4]}`
}
