// The router's side of the mail: commands to shards, and their answers back.

import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { assert } from '../bytes/assert.ts'
import { copyBytes } from '../bytes/copy.ts'
import type { Request } from '../protocol/request.ts'
import {
  commandEnd,
  commandMailBytes,
  commandStart,
  type LargeMail,
  MAIL,
  REPLY_HEAD_BYTES,
  writeCommand,
} from '../shard/mail.ts'
import type { RouterData } from '../shard/thread-data.ts'
import { type Transaction, writeTransaction } from '../shard/transaction.ts'
import { routerBellWord, shardBellWord } from '../shared/control.ts'
import { doorbellAwake, doorbellListen, doorbellPrepare, doorbellRing } from '../shared/doorbell.ts'
import { RingConsumer, RingProducer } from '../shared/ring.ts'

/** Takes an answer off the post. */
export type Deliver = (client: number, shard: number, u8: Uint8Array, at: number, length: number) => void

/** Takes an answer that came in a buffer of its own, and with it the buffer. */
export type DeliverLarge = (client: number, shard: number, u8: Uint8Array) => void

/** Gives away the buffer that a request's bytes lie in, if nothing else does. */
export type Surrender = (req: Request, end: number) => Uint8Array<ArrayBuffer> | undefined

/** Hears that keys have changed; the contents are described in store/invalidations.ts. */
export type ChangeListener = (u8: Uint8Array, at: number, length: number) => void

/** Hears that a client waits, and what one that waited got; the contents are described in word.ts. */
export interface WordListener {
  blocked(client: number, u8: Uint8Array, at: number, length: number): void
  served(client: number, u8: Uint8Array, at: number, length: number): void
}

/** Messages taken from one ring before the others are looked at. */
const TURN = 256

export class Post {
  readonly #control: Int32Array
  readonly #bell: number
  readonly #requests: RingProducer[]
  readonly #replies: RingConsumer[]
  readonly #ports: readonly MessagePort[]
  readonly #deliver: Deliver
  readonly #deliverLarge: DeliverLarge
  /** Commands on their way to each shard, or their answers on the way back. */
  readonly #outstanding: Int32Array
  /** Errands that the rings had no room for. */
  readonly #late: { readonly shard: number; readonly kind: number; readonly u8: Uint8Array }[] = []
  /** Who hears of clients that wait. */
  words: WordListener | undefined
  /** Who hears of changed keys. */
  changes: ChangeListener | undefined
  /** Whether there is something to do beside what has come by post. */
  isDue: () => boolean = () => false
  #total = 0
  /** Reasons for word to come at any time. */
  #expected = 0
  #isListening = false
  readonly #woken: () => void

  constructor(data: RouterData, deliver: Deliver, deliverLarge: DeliverLarge, woken: () => void) {
    const { memory, index, ports } = data
    this.#control = new Int32Array(memory.control)
    this.#bell = routerBellWord(memory.shape, index)
    this.#requests = memory.requests[index].map(buffer => new RingProducer(buffer))
    this.#replies = memory.replies[index].map(buffer => new RingConsumer(buffer))
    this.#ports = ports
    this.#deliver = deliver
    this.#deliverLarge = deliverLarge
    this.#outstanding = new Int32Array(memory.shape.shards)
    this.#woken = () => {
      this.#isListening = false
      doorbellAwake(this.#control, this.#bell)
      woken()
    }
  }

  /** Whether commands of this router wait for the shard's owner: then later ones must queue behind them. */
  isQueued(shard: number): boolean {
    return this.#outstanding[shard] > 0
  }

  get isIdle(): boolean {
    return this.#total === 0
  }

  /**
   * Mails a command. Returns false if the ring is too full now. `publish` makes it visible. If the command is large,
   * `surrender` is asked for the buffer that it lies in; without one its bytes are copied.
   */
  send(shard: number, client: number, command: number, req: Request, surrender: Surrender): boolean {
    if (this.#late.length > 0) return false
    const ring = this.#requests[shard]
    const bytes = commandMailBytes(req)
    if (bytes > ring.payloadMax) {
      if (ring.begin(MAIL.LARGE, 0) < 0) return false
      this.#sendLarge(shard, client, command, req, surrender)
    } else {
      const at = ring.begin(MAIL.COMMAND, bytes)
      if (at < 0) return false
      writeCommand(ring.u8, ring.u32, at, client, command, req)
    }
    this.#outstanding[shard]++
    this.#total++
    return true
  }

  /** Mails a transaction, whose head says who sends it. Returns false if the ring is too full now. */
  sendTransaction(shard: number, transaction: Transaction): boolean {
    if (this.#late.length > 0) return false
    const ring = this.#requests[shard]
    if (transaction.length > ring.payloadMax) {
      if (ring.begin(MAIL.LARGE, 0) < 0) return false
      const u8 = transaction.u8.slice(0, transaction.length)
      this.#ports[shard].postMessage({ what: 'exec', u8 } satisfies LargeMail, [u8.buffer])
    } else {
      const at = ring.begin(MAIL.EXEC, transaction.length)
      if (at < 0) return false
      writeTransaction(ring.u8, at, transaction)
    }
    this.#outstanding[shard]++
    this.#total++
    return true
  }

  /**
   * Mails an errand (MAIL.END, FORWARD or CHANGED), a copy of these bytes. It is on its way as far as `isQueued` goes, even if
   * it has to wait for room in the ring: nothing overtakes it.
   */
  errand(shard: number, kind: number, u8: Uint8Array, length: number): void {
    this.#outstanding[shard]++
    this.#total++
    if (this.#late.length > 0 || !this.#sendErrand(shard, kind, u8, length)) {
      this.#late.push({ shard, kind, u8: u8.slice(0, length) })
    }
  }

  #sendErrand(shard: number, kind: number, u8: Uint8Array, length: number): boolean {
    const ring = this.#requests[shard]
    if (length > ring.payloadMax) {
      if (ring.begin(MAIL.LARGE, 0) < 0) return false
      const copy = new Uint8Array(u8.subarray(0, length))
      const what = kind === MAIL.CHANGED ? 'invalidate' : 'forward'
      this.#ports[shard].postMessage({ what, u8: copy } satisfies LargeMail, [copy.buffer])
      return true
    }
    const at = ring.begin(kind, length)
    if (at < 0) return false
    copyBytes(ring.u8, at, u8, 0, length)
    return true
  }

  #sendLate(): void {
    let sent = 0
    for (; sent < this.#late.length; sent++) {
      const { shard, kind, u8 } = this.#late[sent]
      if (!this.#sendErrand(shard, kind, u8, u8.length)) break
    }
    if (sent === 0) return
    this.#late.splice(0, sent)
    this.publish()
  }

  /** So many more, or fewer, reasons for word to come unasked: clients that wait, or that keep copies of keys. */
  expect(change: number): void {
    this.#expected += change
  }

  #sendLarge(shard: number, client: number, command: number, req: Request, surrender: Surrender): void {
    const first = commandStart(req)
    const end = commandEnd(req)
    const at = req.at.slice(0, req.argc)
    let { frame } = req
    let u8 = frame >= 0 ? surrender(req, end) : undefined
    if (u8 === undefined) {
      u8 = req.u8.slice(first, end) as Uint8Array<ArrayBuffer>
      for (let i = 0; i < at.length; i++) at[i] -= first
      if (frame >= 0) frame = 0
    }
    const mail: LargeMail = {
      what: 'command',
      client,
      sender: req.sender.id,
      flags: req.sender.flags,
      command,
      db: req.db,
      resp: req.resp,
      at,
      length: req.length.slice(0, req.argc),
      frame,
      frameEnd: frame + end - first,
      u8,
    }
    this.#ports[shard].postMessage(mail, [u8.buffer])
  }

  /** Makes mailed commands visible and wakes who sleeps. */
  publish(): void {
    for (let shard = 0; shard < this.#requests.length; shard++) {
      if (this.#requests[shard].publish()) doorbellRing(this.#control, shardBellWord(shard))
    }
  }

  /** Delivers the answers that have come. Returns whether there were any. */
  poll(): boolean {
    if (this.#total === 0 && this.#expected === 0) return false
    if (this.#late.length > 0) this.#sendLate()
    let any = false
    for (let shard = 0; shard < this.#replies.length; shard++) if (this.#pollShard(shard)) any = true
    return any
  }

  #pollShard(shard: number): boolean {
    const ring = this.#replies[shard]
    let taken = 0
    for (; taken < TURN; taken++) {
      const at = ring.next()
      if (at < 0) break
      if (ring.kind === MAIL.SERVED) {
        this.words?.served(ring.u32[at / 4], ring.u8, at + REPLY_HEAD_BYTES, ring.u32[at / 4 + 1])
        continue
      }
      if (ring.kind === MAIL.CHANGED) {
        this.changes?.(ring.u8, at + REPLY_HEAD_BYTES, ring.u32[at / 4 + 1])
        continue
      }
      if (ring.kind === MAIL.LARGE) {
        this.#openLarge(shard)
        continue
      }
      this.#outstanding[shard]--
      this.#total--
      if (ring.kind === MAIL.BLOCKED) {
        this.words?.blocked(ring.u32[at / 4], ring.u8, at + REPLY_HEAD_BYTES, ring.u32[at / 4 + 1])
      } else {
        const length = ring.u32[at / 4 + 1]
        this.#deliver(ring.u32[at / 4], shard, ring.u8, at + REPLY_HEAD_BYTES, length)
      }
    }
    if (taken === 0) return false
    ring.release()
    // The shard may wait for the room that was just freed.
    doorbellRing(this.#control, shardBellWord(shard))
    return true
  }

  #openLarge(shard: number): void {
    const received = receiveMessageOnPort(this.#ports[shard])
    assert(received !== undefined, 'a large frame precedes its message')
    const mail = received.message as LargeMail
    if (mail.what === 'served') {
      this.words?.served(mail.client, mail.u8, 0, mail.u8.length)
      return
    }
    if (mail.what === 'changed') {
      this.changes?.(mail.u8, 0, mail.u8.length)
      return
    }
    assert(mail.what === 'reply', 'shards send replies')
    this.#outstanding[shard]--
    this.#total--
    this.#deliverLarge(mail.client, shard, mail.u8)
  }

  /** Has `woken` called once answers come, if any are due. Returns false when some are there already. */
  listen(): boolean {
    if (this.#isListening || (this.#total === 0 && this.#expected === 0)) return true
    const rings = doorbellPrepare(this.#control, this.#bell)
    if (this.#replies.some(ring => !ring.isEmpty()) || this.isDue()) {
      doorbellAwake(this.#control, this.#bell)
      return false
    }
    this.#isListening = true
    doorbellListen(this.#control, this.#bell, rings, this.#woken)
    return true
  }
}
