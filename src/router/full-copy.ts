// A full copy on its way to the replicas of one router that wait for it: the shards' snapshot, read as it is taken and
// written to the sockets, or to a file first, for replicas that must be told the length or where the configuration says so.
// A replica that is slow to read slows down the reading, and so the snapshot; memory does not grow.

import { closeSync, createReadStream, fstatSync, openSync, unlinkSync, writeSync } from 'node:fs'
import { randomBytes } from '../bytes/crypto.ts'
import { rdbEnd, rdbFooter, stringHead } from '../persist/rdb-frame.ts'
import { SnapshotReader } from '../persist/snapshot-reader.ts'
import { REPLICA_FLAG, REPLICA_STATE } from '../shared/replication-block.ts'
import type { ReplicaFeed } from './replica-feed.ts'
import type { RouterReplication } from './replication.ts'
import type { Router } from './router.ts'

/** What the main thread tells the router. */
export interface CopyOrder {
  readonly rows: readonly number[]
  readonly id: string
  readonly offset: number
  /** The head of the RDB file. */
  readonly header: Uint8Array
  /** A file to write first, '' for none. */
  readonly path: string
}

/** What came of it. */
export interface CopyResult {
  readonly ok: boolean
  readonly bytes: number
  /** Replicas that have got all of it. */
  readonly replicas: number
}

/** Unsent bytes of a replica that stay as they are. */
interface Stall {
  readonly unsent: number
  readonly since: number
  /** How often they were found so. */
  looks: number
}

/** A socket with more unsent bytes than this is waited for. */
const UNSENT_BYTES_MAX = 4 * 1024 * 1024
/** Bytes read before others get a turn. */
const TURN_BYTES = 512 * 1024
const LOOK_MS = 5
/** A stall is only one if it has been looked at so often: this thread itself may have had no processor for long. */
const STALL_LOOKS = 20
const NEWLINE_MS = 1000

export class FullCopy {
  readonly #router: Router
  readonly #replication: RouterReplication
  readonly #order: CopyOrder
  readonly #feeds: Set<ReplicaFeed>
  /** Of those that have not taken what was sent: how much that is, and how long it has been that. */
  readonly #stalls = new Map<ReplicaFeed, Stall>()
  readonly #reader: SnapshotReader
  readonly #mark = randomBytes(20).toString('hex')
  #file = -1
  #bytes = 0
  #lastNewline = Date.now()

  constructor(router: Router, replication: RouterReplication, order: CopyOrder, feeds: readonly ReplicaFeed[]) {
    this.#router = router
    this.#replication = replication
    this.#order = order
    this.#feeds = new Set(feeds)
    this.#reader = new SnapshotReader(router.data.memory.snapshot)
  }

  /** Takes on one more, if there is a file yet to be sent. Returns whether it does. */
  join(feed: ReplicaFeed): boolean {
    if (this.#file < 0 || !this.#replication.stream.attach(feed.row, this.#order.offset)) return false
    this.#feeds.add(feed)
    feed.socket.write(this.#greeting(feed))
    return true
  }

  #greeting(feed: ReplicaFeed): string {
    const isOld = (this.#replication.block.rowWord(feed.row, 'FLAGS') & REPLICA_FLAG.OLD) !== 0
    return isOld ? '' : `+FULLRESYNC ${this.#order.id} ${this.#order.offset}\r\n`
  }

  /** A replica is gone. */
  gone(feed: ReplicaFeed): void {
    this.#stalls.delete(feed)
    if (!this.#feeds.delete(feed) || this.#feeds.size > 0) return
    this.#replication.log('info', 'Diskless rdb transfer, last replica dropped, killing fork child.')
  }

  /** Sends all of it. */
  async run(): Promise<CopyResult> {
    const { path, header } = this.#order
    for (const feed of this.#feeds) {
      if (path === '') feed.state = REPLICA_STATE.STREAMS
      feed.socket.write(this.#greeting(feed) + (path === '' ? `$EOF:${this.#mark}\r\n` : ''))
    }
    try {
      if (path !== '') this.#file = openSync(path, 'w+', 0o600)
      this.#put(header)
      const isWhole = await this.#pump()
      if (!isWhole) this.#fail()
      else if (path === '') this.#finish()
      else this.#sendFile()
      return { ok: isWhole, bytes: this.#bytes, replicas: isWhole ? this.#feeds.size : 0 }
    } catch (error) {
      this.#replication.log('warn', `Full copy for replicas failed: ${(error as Error).message}`)
      this.#fail()
      return { ok: false, bytes: this.#bytes, replicas: 0 }
    } finally {
      if (this.#file >= 0) {
        closeSync(this.#file)
        unlinkSync(path)
        this.#file = -1
      }
    }
  }

  /** Reads to the end. Returns false if it does not come, or nobody wants it any more. */
  async #pump(): Promise<boolean> {
    const reader = this.#reader
    while (!reader.isDone) {
      if (this.#feeds.size === 0 || reader.isGivenUp) return false
      this.#keepAlive()
      if (this.#isCongested()) {
        await new Promise(resolve => setTimeout(resolve, LOOK_MS))
        continue
      }
      let taken = 0
      while (taken < TURN_BYTES && reader.next()) {
        if (reader.string > 0) this.#putData(stringHead(reader.string))
        this.#putData(Buffer.from(reader.u8.subarray(reader.at, reader.at + reader.length)))
        taken += reader.length
      }
      if (taken > 0) {
        await new Promise(resolve => setImmediate(resolve))
      } else if (!reader.isDone) {
        await this.#more()
      }
    }
    this.#put(rdbEnd())
    this.#put(rdbFooter(undefined))
    return this.#feeds.size > 0
  }

  /** Resolves when there is more to read, or it is time to look. */
  #more(): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, NEWLINE_MS / 4)
      this.#reader.onMore(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  #put(bytes: Uint8Array): void {
    this.#bytes += bytes.length
    if (this.#file >= 0) {
      writeSync(this.#file, bytes)
      return
    }
    for (const feed of this.#feeds) feed.socket.write(bytes)
  }

  /** Keys: not for those who want the rest alone. A file, which all share, has them. */
  #putData(bytes: Uint8Array): void {
    if (this.#file >= 0) return this.#put(bytes)
    this.#bytes += bytes.length
    for (const feed of this.#feeds) {
      if ((this.#replication.block.rowWord(feed.row, 'FLAGS') & REPLICA_FLAG.NO_DATA) === 0) feed.socket.write(bytes)
    }
  }

  /** Whether somebody has not taken what was sent; whoever takes nothing for too long is dropped. */
  #isCongested(): boolean {
    if (this.#file >= 0) return false
    const now = Date.now()
    let isCongested = false
    for (const feed of [...this.#feeds]) {
      const unsent = feed.socket.writableLength
      if (unsent <= UNSENT_BYTES_MAX) {
        this.#stalls.delete(feed)
        continue
      }
      isCongested = true
      const stall = this.#stalls.get(feed)
      if (stall?.unsent !== unsent) this.#stalls.set(feed, { unsent, since: now, looks: 0 })
      else if (++stall.looks >= STALL_LOOKS && now - stall.since > this.#timeoutMs) this.#timedOut(feed)
    }
    return isCongested
  }

  get #timeoutMs(): number {
    return this.#router.config.number('repl-timeout') * 1000
  }

  #timedOut(feed: ReplicaFeed): void {
    this.#replication.log('warn', `Disconnecting timedout replica (full sync): ${feed.name}`)
    this.#router.drop(feed.client)
    this.#stalls.delete(feed)
    this.#feeds.delete(feed)
  }

  /** While a file is written, those that wait hear from us. */
  #keepAlive(): void {
    const now = Date.now()
    if (this.#file < 0 || now - this.#lastNewline < NEWLINE_MS) return
    this.#lastNewline = now
    for (const feed of this.#feeds) feed.socket.write('\n')
  }

  #finish(): void {
    for (const feed of this.#feeds) {
      feed.socket.write(this.#mark)
      // Its first acknowledgement says that it has loaded the copy.
      feed.onlineOnAck = true
      this.#replication.block.setRowNumber(feed.row, 'ACK_TIME', Date.now())
    }
    this.#replication.log(
      'info',
      `Diskless rdb transfer, done reading from pipe, ${this.#feeds.size} replicas still up.`,
    )
  }

  #sendFile(): void {
    const { size } = fstatSync(this.#file)
    for (const feed of this.#feeds) {
      feed.state = REPLICA_STATE.COPIES
      feed.socket.write(Buffer.from(`$${size}\r\n`))
      // The file may be unlinked meanwhile: the stream has it open by then.
      const stream = createReadStream('', { fd: openSync(this.#order.path, 'r'), end: size - 1 })
      stream.on('end', () => this.#replication.online(feed))
      stream.on('error', error => this.#replication.drop(feed, `reading its copy failed: ${error.message}`))
      stream.pipe(feed.socket, { end: false })
    }
  }

  #fail(): void {
    for (const feed of [...this.#feeds]) this.#replication.drop(feed, 'its full copy was given up')
    this.#feeds.clear()
  }
}
