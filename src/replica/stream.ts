// The replication stream: every change in one order, as Redis's protocol, and the part of it that is kept for replicas.
//
// It is one sequence of bytes for the whole process. Who has changed something appends the record while it holds the
// locks of the shards concerned, under the block's own lock, a leaf: so the order here is one in which the changes could
// have happened one after the other. Bytes are kept in pages of a shared arena, found by their offset: the backlog, and
// beyond it whatever the slowest replica still needs, once for all replicas.
//
// The pages' buffer:
//
//   OFFSET       SIZE  FIELD   WRITER         MEANING
//        0          4  COUNT   whoever locks  pages there are
//        4          4  FREE    whoever locks  entries in the list of free pages
//        8         56  -
//       64    4 * 2^18  TABLE   whoever locks  page of the offsets n * PAGE …, at n mod 2^18
//        …    4 * 2^18  LIST    whoever locks  free pages
//        …           …  PAGES                  16 KiB each; the buffer grows
//
// A page in use stays where it is, so a replica's bytes go from here to its socket without a copy.

import { assert } from '../bytes/assert.ts'
import { ByteArray } from '../bytes/byte-array.ts'
import { copyBytes } from '../bytes/copy.ts'
import {
  BLOCK,
  LOST_POSITION,
  REPLICA_STATE,
  REPLICAS_MAX,
  type ReplicationBlock,
} from '../shared/replication-block.ts'

export const PAGE = 16 * 1024
const TABLE_PAGES = 2 ** 18
const HEAD = { COUNT: 0, FREE: 4, TABLE: 64, LIST: 64 + 4 * TABLE_PAGES, PAGES: 64 + 8 * TABLE_PAGES } as const
const GROWTH_PAGES = 64

/** The buffer of the pages; it takes memory as it is written. */
export const streamPagesCreate = (pagesMax = TABLE_PAGES - 1): SharedArrayBuffer =>
  new SharedArrayBuffer(HEAD.PAGES, { maxByteLength: HEAD.PAGES + pagesMax * PAGE })

export class ReplicationStream {
  readonly block: ReplicationBlock
  /** Bytes that the backlog is to hold at least: `repl-backlog-size`. */
  readonly #backlogBytes: () => number
  readonly #buffer: SharedArrayBuffer
  readonly #i32: Int32Array
  #u8: ByteArray
  readonly #select = new ByteArray(new ArrayBuffer(64))

  constructor(block: ReplicationBlock, pages: SharedArrayBuffer, backlogBytes: () => number) {
    this.block = block
    this.#buffer = pages
    this.#backlogBytes = backlogBytes
    this.#i32 = new Int32Array(pages, 0, HEAD.PAGES / 4)
    this.#u8 = new ByteArray(pages, 0, pages.byteLength)
  }

  /** Whether changes are to be appended. */
  get isActive(): boolean {
    return this.block.i32[BLOCK.ACTIVE / 4] !== 0
  }

  /** Offset behind the last byte: `master_repl_offset`. */
  get end(): number {
    return this.block.f64[BLOCK.END / 8]
  }

  /** Bytes of the pages in use, as INFO's mem_total_replication_buffers. */
  get bytes(): number {
    return (this.#i32[HEAD.COUNT / 4] - this.#i32[HEAD.FREE / 4]) * PAGE
  }

  /** Appends a command about database `db`, whole, as a RESP array. Locked by the caller; the stream is active. */
  addInDatabase(db: number, u8: Uint8Array, at: number, length: number): void {
    if (this.block.i32[BLOCK.SELECTED / 4] !== db) this.#addSelect(db)
    this.add(u8, at, length)
  }

  /** Appends bytes as they are: what a master sent, or what no database is about (PING, REPLCONF GETACK). */
  append(u8: Uint8Array, at: number, length: number): void {
    const { block } = this
    block.lock()
    if (this.isActive) this.add(u8, at, length)
    else block.f64[BLOCK.END / 8] += length
    block.unlock()
  }

  #addSelect(db: number): void {
    const text = String(db)
    const line = `*2\r\n$6\r\nSELECT\r\n$${text.length}\r\n${text}\r\n`
    for (let i = 0; i < line.length; i++) this.#select[i] = line.charCodeAt(i)
    this.add(this.#select, 0, line.length)
    this.block.i32[BLOCK.SELECTED / 4] = db
  }

  /** Appends bytes as they are. Locked by the caller; the stream is active. */
  add(u8: Uint8Array, at: number, length: number): void {
    const { f64 } = this.block
    let end = f64[BLOCK.END / 8]
    let from = at
    for (let left = length; left > 0; ) {
      const inPage = end % PAGE
      // The first byte of a page, or the first after it was activated: FIRST is where pages begin.
      if (inPage === 0 || end === f64[BLOCK.FIRST / 8]) this.#openPage(end)
      const n = Math.min(left, PAGE - inPage)
      // May make the view anew: first.
      const to = this.#pageAt(end) + inPage
      copyBytes(this.#u8, to, u8, from, n)
      end += n
      from += n
      left -= n
      f64[BLOCK.END / 8] = end
    }
  }

  /** The byte in the arena where the page of `offset` begins. */
  #pageAt(offset: number): number {
    const page = this.#i32[HEAD.TABLE / 4 + (Math.floor(offset / PAGE) % TABLE_PAGES)]
    const at = HEAD.PAGES + page * PAGE
    if (at >= this.#u8.length) this.#u8 = new ByteArray(this.#buffer, 0, this.#buffer.byteLength)
    return at
  }

  #openPage(offset: number): void {
    const i32 = this.#i32
    this.#trim()
    while (i32[HEAD.FREE / 4] === 0 && !this.#grow()) this.#sacrifice()
    const free = --i32[HEAD.FREE / 4]
    i32[HEAD.TABLE / 4 + (Math.floor(offset / PAGE) % TABLE_PAGES)] = i32[HEAD.LIST / 4 + free]
  }

  /** More pages. Returns false if there may be no more. */
  #grow(): boolean {
    const i32 = this.#i32
    const count = i32[HEAD.COUNT / 4]
    const room = Math.floor((this.#buffer.maxByteLength - HEAD.PAGES) / PAGE)
    const added = Math.min(GROWTH_PAGES, room - count)
    if (added <= 0) return false
    this.#buffer.grow(HEAD.PAGES + (count + added) * PAGE)
    for (let i = 0; i < added; i++) i32[HEAD.LIST / 4 + i32[HEAD.FREE / 4]++] = count + added - 1 - i
    i32[HEAD.COUNT / 4] = count + added
    return true
  }

  /** No page is free and none can be made: the replica that is farthest behind loses what it needs, or the backlog does. */
  #sacrifice(): void {
    const { block } = this
    let slowest = -1
    for (let row = 0; row < REPLICAS_MAX; row++) {
      const position = block.position(row)
      if (position < 0 || block.state(row) === REPLICA_STATE.FREE) continue
      if (slowest < 0 || position < block.position(slowest)) slowest = row
    }
    if (slowest >= 0) block.setPosition(slowest, LOST_POSITION)
    else block.f64[BLOCK.FIRST / 8] += PAGE
    this.#trim()
  }

  /** Frees the pages that neither the backlog nor any replica needs. Locked. */
  #trim(): void {
    const { f64 } = this.block
    const i32 = this.#i32
    const before = Math.floor(f64[BLOCK.FIRST / 8] / PAGE)
    const first = this.#needed()
    const after = Math.floor(first / PAGE)
    // A page is there as soon as its first byte is.
    const open = Math.ceil(f64[BLOCK.END / 8] / PAGE)
    for (let page = before; page < after && page < open; page++) {
      i32[HEAD.LIST / 4 + i32[HEAD.FREE / 4]++] = i32[HEAD.TABLE / 4 + (page % TABLE_PAGES)]
    }
    f64[BLOCK.FIRST / 8] = first
  }

  /** Offset of the first byte that must be kept. */
  #needed(): number {
    const { block } = this
    let first = block.f64[BLOCK.END / 8] - this.#backlogBytes()
    for (let row = 0; row < REPLICAS_MAX; row++) {
      const position = block.position(row)
      if (position >= 0 && position < first && block.state(row) !== REPLICA_STATE.FREE) first = position
    }
    return Math.max(first, block.f64[BLOCK.FIRST / 8])
  }

  /** Offset of the first byte that the backlog has; it is one to keep, if not the first that is there. */
  first(): number {
    this.block.lock()
    const first = this.#needed()
    this.block.unlock()
    return first
  }

  /** Gives back what is not needed any more: a replica has gone, or the backlog has become smaller. */
  trim(): void {
    this.block.lock()
    if (this.isActive) this.#trim()
    this.block.unlock()
  }

  // ---- the backlog

  /** Begins to keep the stream. Locked by the caller. */
  activate(): void {
    const { block } = this
    assert(!this.isActive, 'the backlog begins once')
    block.f64[BLOCK.FIRST / 8] = block.f64[BLOCK.END / 8]
    block.i32[BLOCK.SELECTED / 4] = -1
    block.setWord('ACTIVE', 1)
  }

  /** Forgets what was kept; every page is free again. Locked by the caller. */
  deactivate(): void {
    const { block } = this
    block.setWord('ACTIVE', 0)
    const i32 = this.#i32
    const count = i32[HEAD.COUNT / 4]
    for (let page = 0; page < count; page++) i32[HEAD.LIST / 4 + page] = count - 1 - page
    i32[HEAD.FREE / 4] = count
    block.f64[BLOCK.FIRST / 8] = block.f64[BLOCK.END / 8]
    for (let row = 0; row < REPLICAS_MAX; row++) if (block.position(row) >= 0) block.setPosition(row, LOST_POSITION)
  }

  /** The stream goes on elsewhere: at this offset of another history. Nothing is kept. Locked by the caller. */
  restart(offset: number): void {
    if (this.isActive) this.deactivate()
    this.block.f64[BLOCK.END / 8] = offset
    this.activate()
  }

  // ---- reading

  /**
   * Takes up the stream at `position` for a replica, from where on all is kept for it. Returns false if the backlog does
   * not have that.
   */
  attach(row: number, position: number): boolean {
    const { block } = this
    block.lock()
    const has = this.isActive && position >= this.#needed() && position <= this.end
    if (has) block.setPosition(row, position)
    block.unlock()
    return has
  }

  /** As `end`, and what was written before it is visible. */
  endNow(): number {
    this.block.lock()
    const end = this.end
    this.block.unlock()
    return end
  }

  /** The bytes from `position` to `end` or to the end of the page, where they lie. */
  piece(position: number, end: number): Buffer {
    const inPage = position % PAGE
    const at = this.#pageAt(position) + inPage
    return Buffer.from(this.#buffer, at, Math.min(end - position, PAGE - inPage))
  }
}
