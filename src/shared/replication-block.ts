// What all threads know of replication: role, history, the link to the master, and a row for every replica.
//
//   OFFSET          SIZE  FIELD           WRITER            MEANING
//        0             8  LOCK            see lock.ts       a leaf lock: its holder copies bytes and waits for nothing
//        8             4  ACTIVE          whoever locks     1 while there is a backlog: changes are to be appended
//       12             4  SELECTED        whoever locks     database that the stream has selected, -1 = none
//       16             4  ROLE            main              0 = master, 1 = replica
//       20             4  LINK            router 0          how far the link to the master is: see LINK_STATE
//       24             4  FEEDS           routers           a bit a router: it has replicas to feed
//       28             4  WAITS           routers           a bit a router: clients of it wait for acknowledgements
//       32             4  GOOD            routers           replicas online whose lag is small enough
//       36             4  FAILOVER        main              see FAILOVER_STATE
//       40             8  END             whoever locks     f64, offset behind the last byte of the stream
//       48             8  FIRST           whoever locks     f64, offset of the first byte that is still kept
//       56             8  SECOND_END      main              f64, up to here the second id is valid, too; -1 = there is none
//       64             8  DOWN_SINCE      router 0          f64, Unix ms, 0 = the link is up
//       72             8  LAST_IO         router 0          f64, Unix ms, when the master last said something
//       80             8  READ            router 0          f64, offset behind the last byte that came from the master
//       88             8  TRANSFER_READ   router 0          f64, bytes of a full copy that have come
//       96             8  TRANSFER_TOTAL  router 0          f64, bytes it has in all, -1 = unknown
//      104             8  SYNC_FULL       routers, locked   f64, full copies begun
//      112             8  SYNC_PARTIAL    routers, locked   f64, links taken up where they broke
//      120             8  SYNC_REFUSED    routers, locked   f64, links that could not be
//      128             8  HISTORY         main, router 0    f64, 1 = a link may be taken up at END
//      136             8  LINK_DB         router 0          f64, database that the master's stream has selected
//      144             8  NO_REPLICAS     routers           f64, Unix ms since when there is no replica, 0 = there are some
//      152             8  NET_INPUT       router 0          f64, bytes that came from the master
//      160             8  NET_OUTPUT      routers, locked   f64, bytes that went to replicas
//      168             4  MASTER_PORT     main
//      172             4  ASYNC_LOADING   main              a full copy is being loaded: see LOADING_COPY
//      176            48  ID              main, locked      40 hex digits
//      224            48  SECOND_ID       main, locked      40 hex digits
//      272           272  MASTER_HOST     main, locked      u16 length, latin1
//      544            32  -
//      576    2048 * 128  REPLICAS        see below         a row a replica
//
// A row, written by the router that has the replica as its client; claimed and freed under the lock:
//
//   OFFSET  SIZE  FIELD     MEANING
//        0     4  STATE     see REPLICA_STATE; 0 = the row is free
//        4     4  ROUTER
//        8     8  CLIENT    f64, its id
//       16     8  POSITION  f64, offset of the next byte it needs, -1 = none yet, -2 = bytes it needs are lost
//       24     8  ACK       f64, offset that it has acknowledged
//       32     8  ACK_TIME  f64, Unix ms
//       40     8  DURABLE   f64, offset that it has acknowledged to be on disk
//       48     4  PORT
//       52     4  CAPA      bits, see CAPABILITY
//       56     4  FLAGS     bits, see REPLICA_FLAG; OUTDATED is set by whoever renames the history
//       60     4  WORD      replicas below it, as it last said
//       64    72  ADDRESS   u16 length, latin1
//      136  1912  TREE      u16 length, latin1: what it last said of those below it
//     2048

import { lockWait, unlock } from './lock.ts'

export const REPLICAS_MAX = 128

export const BLOCK = {
  LOCK: 0,
  ACTIVE: 8,
  SELECTED: 12,
  ROLE: 16,
  LINK: 20,
  FEEDS: 24,
  WAITS: 28,
  GOOD: 32,
  FAILOVER: 36,
  END: 40,
  FIRST: 48,
  SECOND_END: 56,
  DOWN_SINCE: 64,
  LAST_IO: 72,
  READ: 80,
  TRANSFER_READ: 88,
  TRANSFER_TOTAL: 96,
  SYNC_FULL: 104,
  SYNC_PARTIAL: 112,
  SYNC_REFUSED: 120,
  HISTORY: 128,
  LINK_DB: 136,
  NO_REPLICAS: 144,
  NET_INPUT: 152,
  NET_OUTPUT: 160,
  MASTER_PORT: 168,
  ASYNC_LOADING: 172,
  ID: 176,
  SECOND_ID: 224,
  MASTER_HOST: 272,
  REPLICAS: 576,
} as const

export const ROW = {
  STATE: 0,
  ROUTER: 4,
  CLIENT: 8,
  POSITION: 16,
  ACK: 24,
  ACK_TIME: 32,
  DURABLE: 40,
  PORT: 48,
  CAPA: 52,
  FLAGS: 56,
  WORD: 60,
  ADDRESS: 64,
  TREE: 136,
  SIZE: 2048,
} as const

const BYTES = BLOCK.REPLICAS + ROW.SIZE * REPLICAS_MAX
const ADDRESS_BYTES_MAX = ROW.TREE - ROW.ADDRESS - 2
const TREE_BYTES_MAX = ROW.SIZE - ROW.TREE - 2
const HOST_BYTES_MAX = 272 - 2
const ID_LENGTH = 40

export const ROLE = { MASTER: 0, REPLICA: 1 } as const

/** How far the link to the master is. */
export const LINK_STATE = { NONE: 0, CONNECT: 1, CONNECTING: 2, HANDSHAKE: 3, TRANSFER: 4, CONNECTED: 5 } as const

/** What a replica waits for: a copy to be begun or written to a file, the rest of one, nothing. */
export const REPLICA_STATE = { FREE: 0, WAITS: 1, STREAMS: 2, COPIES: 3, ONLINE: 4 } as const

/** What INFO calls it: a copy that is sent as it is made is not yet sent in bulk. */
export const REPLICA_STATE_NAMES: Readonly<Record<number, string>> = {
  [REPLICA_STATE.FREE]: 'none',
  [REPLICA_STATE.WAITS]: 'wait_bgsave',
  [REPLICA_STATE.STREAMS]: 'wait_bgsave',
  [REPLICA_STATE.COPIES]: 'send_bulk',
  [REPLICA_STATE.ONLINE]: 'online',
}

export const CAPABILITY = { EOF: 1, PSYNC2: 2, TREE: 4 } as const

export const REPLICA_FLAG = {
  /** It has no PSYNC, or asked with SYNC: it acknowledges nothing. */
  OLD: 1,
  /** It wants the copy and no stream (REPLCONF rdb-only). */
  RDB_ONLY: 2,
  /** It wants no keys in its copy (REPLCONF rdb-filter-only). */
  NO_DATA: 4,
  /** It knows the history by an id that goes no further: it gets nothing more, and is about to be dropped. */
  OUTDATED: 8,
} as const

export const FAILOVER_STATE = { NONE: 0, WAITS: 1, HANDS_OVER: 2 } as const

/** What the full copy that is being loaded is of: another data set, or another state of the one that is served. */
export const LOADING_COPY = { NONE: 0, PLAIN: 1, ASYNC: 2 } as const

export const NO_POSITION = -1
export const LOST_POSITION = -2

/** An id that names no history. */
export const NO_ID = '0'.repeat(ID_LENGTH)

export const replicationBlockCreate = (): SharedArrayBuffer => {
  const buffer = new SharedArrayBuffer(BYTES)
  const block = new ReplicationBlock(buffer)
  block.i32[BLOCK.SELECTED / 4] = -1
  block.f64[BLOCK.SECOND_END / 8] = -1
  block.f64[BLOCK.TRANSFER_TOTAL / 8] = -1
  block.f64[BLOCK.LINK_DB / 8] = -1
  block.secondId = NO_ID
  block.id = NO_ID
  for (let row = 0; row < REPLICAS_MAX; row++) block.setPosition(row, NO_POSITION)
  return buffer
}

/** A field that is an Int32. */
type WordField =
  | 'ACTIVE'
  | 'SELECTED'
  | 'ROLE'
  | 'LINK'
  | 'FEEDS'
  | 'WAITS'
  | 'GOOD'
  | 'FAILOVER'
  | 'MASTER_PORT'
  | 'ASYNC_LOADING'

/** A field that is a double. */
type NumberField =
  | 'END'
  | 'FIRST'
  | 'SECOND_END'
  | 'DOWN_SINCE'
  | 'LAST_IO'
  | 'READ'
  | 'TRANSFER_READ'
  | 'TRANSFER_TOTAL'
  | 'SYNC_FULL'
  | 'SYNC_PARTIAL'
  | 'SYNC_REFUSED'
  | 'HISTORY'
  | 'LINK_DB'
  | 'NO_REPLICAS'
  | 'NET_INPUT'
  | 'NET_OUTPUT'

/** One thread's view of the block. */
export class ReplicationBlock {
  readonly i32: Int32Array
  readonly f64: Float64Array
  readonly u8: Uint8Array

  constructor(buffer: SharedArrayBuffer) {
    this.i32 = new Int32Array(buffer)
    this.f64 = new Float64Array(buffer)
    this.u8 = new Uint8Array(buffer)
  }

  lock(): void {
    lockWait(this.i32, BLOCK.LOCK / 4)
  }

  unlock(): void {
    unlock(this.i32, BLOCK.LOCK / 4)
  }

  word(field: WordField): number {
    return Atomics.load(this.i32, BLOCK[field] / 4)
  }

  setWord(field: WordField, value: number): void {
    Atomics.store(this.i32, BLOCK[field] / 4, value)
  }

  number(field: NumberField): number {
    return this.f64[BLOCK[field] / 8]
  }

  setNumber(field: NumberField, value: number): void {
    this.f64[BLOCK[field] / 8] = value
  }

  /** Adds to a number that several threads count in. */
  add(field: NumberField, amount: number): void {
    this.lock()
    this.f64[BLOCK[field] / 8] += amount
    this.unlock()
  }

  /** Sets or clears a router's bit. */
  setBit(field: 'FEEDS' | 'WAITS', router: number, on: boolean): void {
    if (on) Atomics.or(this.i32, BLOCK[field] / 4, 1 << router)
    else Atomics.and(this.i32, BLOCK[field] / 4, ~(1 << router))
  }

  get isReplica(): boolean {
    return this.i32[BLOCK.ROLE / 4] === ROLE.REPLICA
  }

  /** Whether the link to the master is up, or there is none. */
  get isLinked(): boolean {
    return !this.isReplica || this.word('LINK') === LINK_STATE.CONNECTED
  }

  // ---- texts

  get id(): string {
    return this.#text(BLOCK.ID, ID_LENGTH)
  }

  set id(id: string) {
    this.#setText(BLOCK.ID, id, ID_LENGTH)
  }

  get secondId(): string {
    return this.#text(BLOCK.SECOND_ID, ID_LENGTH)
  }

  set secondId(id: string) {
    this.#setText(BLOCK.SECOND_ID, id, ID_LENGTH)
  }

  get masterHost(): string {
    return this.#counted(BLOCK.MASTER_HOST)
  }

  set masterHost(host: string) {
    this.#setCounted(BLOCK.MASTER_HOST, host, HOST_BYTES_MAX)
  }

  #text(at: number, length: number): string {
    let text = ''
    for (let i = at; i < at + length; i++) text += String.fromCharCode(this.u8[i])
    return text
  }

  #setText(at: number, text: string, length: number): void {
    for (let i = 0; i < length; i++) this.u8[at + i] = text.charCodeAt(i)
  }

  #counted(at: number): string {
    return this.#text(at + 2, this.u8[at] | (this.u8[at + 1] << 8))
  }

  #setCounted(at: number, text: string, bytesMax: number): void {
    const length = Math.min(text.length, bytesMax)
    this.#setText(at + 2, text, length)
    this.u8[at] = length & 0xff
    this.u8[at + 1] = length >>> 8
  }

  /**
   * The history goes on under another id from here on; the one it had is good for what was before. The replicas that are
   * here must not get what follows as if it were under that one. Locked by the caller.
   */
  rename(id: string): void {
    this.secondId = this.id
    this.setNumber('SECOND_END', this.number('END') + 1)
    this.id = id
    for (const row of this.rows()) {
      Atomics.or(this.i32, (BLOCK.REPLICAS + row * ROW.SIZE + ROW.FLAGS) / 4, REPLICA_FLAG.OUTDATED)
    }
  }

  // ---- replicas

  /** Takes a free row for a client. Returns -1 if there is none. */
  claim(router: number, client: number): number {
    this.lock()
    let row = 0
    while (row < REPLICAS_MAX && this.state(row) !== REPLICA_STATE.FREE) row++
    if (row < REPLICAS_MAX) {
      const at = BLOCK.REPLICAS + row * ROW.SIZE
      this.u8.fill(0, at, at + ROW.SIZE)
      this.setRowWord(row, 'ROUTER', router)
      this.setRowNumber(row, 'CLIENT', client)
      this.setPosition(row, NO_POSITION)
      this.setRowWord(row, 'STATE', REPLICA_STATE.WAITS)
    }
    this.unlock()
    return row < REPLICAS_MAX ? row : -1
  }

  /** The replica is gone. */
  release(row: number): void {
    this.lock()
    this.setPosition(row, NO_POSITION)
    this.setRowWord(row, 'STATE', REPLICA_STATE.FREE)
    this.unlock()
  }

  state(row: number): number {
    return Atomics.load(this.i32, (BLOCK.REPLICAS + row * ROW.SIZE + ROW.STATE) / 4)
  }

  rowWord(row: number, field: 'ROUTER' | 'PORT' | 'CAPA' | 'FLAGS' | 'WORD'): number {
    return this.i32[(BLOCK.REPLICAS + row * ROW.SIZE + ROW[field]) / 4]
  }

  setRowWord(row: number, field: 'STATE' | 'ROUTER' | 'PORT' | 'CAPA' | 'FLAGS' | 'WORD', value: number): void {
    Atomics.store(this.i32, (BLOCK.REPLICAS + row * ROW.SIZE + ROW[field]) / 4, value)
  }

  rowNumber(row: number, field: 'CLIENT' | 'ACK' | 'ACK_TIME' | 'DURABLE'): number {
    return this.f64[(BLOCK.REPLICAS + row * ROW.SIZE + ROW[field]) / 8]
  }

  setRowNumber(row: number, field: 'CLIENT' | 'ACK' | 'ACK_TIME' | 'DURABLE', value: number): void {
    this.f64[(BLOCK.REPLICAS + row * ROW.SIZE + ROW[field]) / 8] = value
  }

  position(row: number): number {
    return this.f64[(BLOCK.REPLICAS + row * ROW.SIZE + ROW.POSITION) / 8]
  }

  setPosition(row: number, position: number): void {
    this.f64[(BLOCK.REPLICAS + row * ROW.SIZE + ROW.POSITION) / 8] = position
  }

  address(row: number): string {
    return this.#counted(BLOCK.REPLICAS + row * ROW.SIZE + ROW.ADDRESS)
  }

  setAddress(row: number, address: string): void {
    this.#setCounted(BLOCK.REPLICAS + row * ROW.SIZE + ROW.ADDRESS, address, ADDRESS_BYTES_MAX)
  }

  tree(row: number): string {
    return this.#counted(BLOCK.REPLICAS + row * ROW.SIZE + ROW.TREE)
  }

  setTree(row: number, tree: string): void {
    this.#setCounted(
      BLOCK.REPLICAS + row * ROW.SIZE + ROW.TREE,
      tree.length <= TREE_BYTES_MAX ? tree : '',
      TREE_BYTES_MAX,
    )
  }

  /** Rows in use. */
  rows(): number[] {
    const rows: number[] = []
    for (let row = 0; row < REPLICAS_MAX; row++) if (this.state(row) !== REPLICA_STATE.FREE) rows.push(row)
    return rows
  }

  /** How many replicas are online and have acknowledged `offset`. */
  acknowledged(offset: number, field: 'ACK' | 'DURABLE' = 'ACK'): number {
    let count = 0
    for (let row = 0; row < REPLICAS_MAX; row++) {
      if (this.state(row) === REPLICA_STATE.ONLINE && this.rowNumber(row, field) >= offset) count++
    }
    return count
  }

  /** Counts the replicas that min-replicas-to-write goes by. */
  countGood(now: number, lagSecondsMax: number): void {
    let good = 0
    for (let row = 0; row < REPLICAS_MAX; row++) {
      if (this.state(row) !== REPLICA_STATE.ONLINE) continue
      if ((now - this.rowNumber(row, 'ACK_TIME')) / 1000 <= lagSecondsMax) good++
    }
    this.setWord('GOOD', good)
  }
}
