// The link to the master: connects, introduces itself, takes a full copy if need be, and then applies the stream as the
// commands of a client of this router, the first one. What has been applied is passed on to replicas byte for byte, under the
// same offsets.
//
// Always: the stream in the block ends behind the last byte whose command has taken effect, outside of an open
// transaction. That is the offset which is acknowledged, and where a broken link is taken up again.

import type { Socket } from 'node:net'
import { Reply } from '../protocol/reply.ts'
import { SENDER } from '../protocol/request.ts'
import { array, Handshake, type Outcome } from '../replica/handshake.ts'
import { Payload } from '../replica/payload.ts'
import { treeReport } from '../replica/tree.ts'
import { BytePipe, PIPE, pipeCreate } from '../shared/byte-pipe.ts'
import { LINK_STATE, NO_ID } from '../shared/replication-block.ts'
import type { Library } from '../store/libraries.ts'
import { type Connection, HOLD } from './connection.ts'
import type { RouterReplication } from './replication.ts'
import type { Router } from './router.ts'

/** Whom to follow. */
export interface Target {
  readonly host: string
  readonly port: number
  /** A failover: the master is asked to hand over first. */
  readonly takesOver?: boolean
}

/** What the main thread says of a copy that has been read. */
export interface LoadResult {
  /** Why it could not be loaded, '' if it could. */
  readonly error: string
  /** The database that the stream has selected, -1 if the copy does not say. */
  readonly streamDb: number
  readonly libraries: readonly Library[]
}

/** Referrals that are followed one behind the other. */
const DEPTH_MAX = 32
const RETRY_MS = 1000
const PIPE_BYTES = 1 << 20
/** Applied bytes that wait to be passed on; from here on the next commands wait for those before them. */
const PENDING_BYTES_MAX = 256 * 1024
const FULL_LOOK_MS = 2

export class MasterLink {
  readonly #router: Router
  readonly #replication: RouterReplication
  #target: Target | undefined
  /** Where referrals have led, from the target's on: the ancestors here, the last one being the parent. */
  #path: Target[] = []
  /** The parent's own master, should the parent be gone: known once the parent was met. */
  #elder: Target | undefined
  /** A full copy was declined in the hope of a partial one elsewhere: once is enough. */
  #hasDeclined = false
  /** The master wants to know of those below. */
  #reports = false
  #socket: Socket | undefined
  #client: Connection | undefined
  #handshake: Handshake | undefined
  #payload: Payload | undefined
  #pipe: BytePipe | undefined
  /** What a pipe that was full has yet to get. */
  #unpiped: Buffer<ArrayBufferLike> = NOTHING
  /** Bytes behind the copy that came before it was loaded. */
  #behind: Buffer<ArrayBufferLike> = NOTHING
  #line = ''
  #copyId = ''
  #copyOffset = 0
  #isLoading = false
  #connectAt = 0
  /** Dispatched bytes of the stream that are not passed on yet: those before `safe` may be once nothing is due. */
  readonly #pending = new Reply(4096)
  #safe = 0
  #ackDue = false
  /** A client whose last answers are awaited before the link is taken up anew. */
  #draining: Connection | undefined
  #whenQuiet: (() => void) | undefined
  /** Nothing may be applied now, by a link that is taken up meanwhile either. */
  #isQuiet = false

  constructor(router: Router, replication: RouterReplication) {
    this.#router = router
    this.#replication = replication
    router.link.onAsk('master-follow', target => this.#follow(target as Target))
    router.link.onAsk('master-leave', () => this.#leave())
    router.link.onAsk('master-quiet', () => this.#quiet())
    router.link.onAsk('master-loud', () => this.#loud())
  }

  get #block() {
    return this.#replication.block
  }

  isClient(client: Connection): boolean {
    return client === this.#client
  }

  // ---- whom to follow

  #follow(target: Target): null {
    this.#hangUp()
    this.#target = target
    this.#path = [target]
    this.#elder = undefined
    this.#block.setNumber('DOWN_SINCE', Date.now())
    this.#block.setWord('LINK', LINK_STATE.CONNECT)
    this.#connectAt = 0
    return null
  }

  /** Follows nobody any more. What has come has been applied when the answer is given. */
  async #leave(): Promise<null> {
    await this.#quiet()
    this.#hangUp()
    this.#target = undefined
    this.#block.setWord('LINK', LINK_STATE.NONE)
    this.#loud()
    return null
  }

  #hangUp(): void {
    const client = this.#client
    const socket = this.#socket
    this.#socket = undefined
    this.#handshake = undefined
    this.#payload = undefined
    this.#pipe?.end(PIPE.BROKEN)
    this.#pipe = undefined
    this.#unpiped = NOTHING
    this.#behind = NOTHING
    this.#line = ''
    if (client !== undefined) this.#router.drop(client)
    else socket?.destroy()
    if (client !== undefined) this.lost()
  }

  /** The connection is gone. */
  lost(): void {
    const client = this.#client
    this.#client = undefined
    this.#socket = undefined
    this.#handshake = undefined
    this.#payload = undefined
    this.#pipe?.end(PIPE.BROKEN)
    this.#pipe = undefined
    if (client !== undefined) {
      this.#pending.length = Math.min(this.#pending.length, this.#safe)
      if (client.owed > 0) this.#draining = client
      else this.#flush()
    }
    if (this.#target === undefined) return
    this.#block.setNumber('DOWN_SINCE', Date.now())
    if (this.#block.word('LINK') === LINK_STATE.CONNECTED) this.#log('info', 'Connection with master lost.')
    this.#block.setWord('LINK', LINK_STATE.CONNECT)
  }

  // ---- connecting

  tick(now: number, isSecond: boolean): void {
    if (this.#target === undefined) return
    const state = this.#block.word('LINK')
    if (state === LINK_STATE.CONNECT) {
      if (now >= this.#connectAt && this.#draining === undefined && !this.#isLoading) this.#connect(now)
      return
    }
    if (isSecond) this.#second(now, state)
  }

  #second(now: number, state: number): void {
    const silentMs = now - this.#block.number('LAST_IO')
    if (silentMs > this.#router.config.number('repl-timeout') * 1000) {
      if (state === LINK_STATE.CONNECTED) this.#fail('MASTER timeout: no data nor PING received...')
      else if (state !== LINK_STATE.TRANSFER) this.#fail('Timeout connecting to the MASTER...')
      else if (!this.#isLoading || this.#payload !== undefined) {
        this.#fail(
          "Timeout receiving bulk data from MASTER... If the problem persists try to set the 'repl-timeout' parameter in redis.conf to a larger value.",
        )
      }
      return
    }
    if (state !== LINK_STATE.CONNECTED) return
    this.#sendAck()
    if (this.#reports) this.#say(array('REPLCONF', 'skep-tree', treeReport(this.#block, now)))
  }

  #connect(now: number): void {
    const { host, port } = this.#path.at(-1) as Target
    this.#connectAt = now + RETRY_MS
    this.#block.setNumber('LAST_IO', now)
    this.#block.setWord('LINK', LINK_STATE.CONNECTING)
    this.#log('info', `Connecting to MASTER ${host}:${port}`)
    const socket = this.#router.dial(host, port, {
      connected: client => this.#connected(client),
      received: (u8, length) => this.#received(u8, length),
      isStreaming: () => this.#block.word('LINK') === LINK_STATE.CONNECTED,
      isFull: () => this.#unpiped.length > 0 || (this.#isLoading && this.#payload === undefined),
      failed: error => {
        if (this.#socket !== socket) return
        this.#fail(`Error condition on socket for SYNC: ${error.message}`)
        this.#climb()
      },
    })
    this.#socket = socket
    this.#log('info', 'MASTER <-> REPLICA sync started')
  }

  #fail(why: string): void {
    this.#log('warn', why)
    this.#hangUp()
    this.#block.setWord('LINK', LINK_STATE.CONNECT)
  }

  /** The parent cannot be reached: its own master is asked next, and in the end the one that was asked first. */
  #climb(): void {
    const target = this.#target as Target
    if (this.#path.length > 1) this.#path.pop()
    else if (this.#path[0] !== target) this.#path = [target]
    else if (this.#elder !== undefined && this.#router.config.number('repl-fanout') > 0) this.#path = [this.#elder]
    else return
    const { host, port } = this.#path.at(-1) as Target
    this.#log('info', `The next to ask for the stream is ${host}:${port}`)
    this.#connectAt = 0
  }

  /** The handshake is over: what it has told of the tree. */
  #learnTree({ knowsTrees, grandparent }: Handshake): void {
    this.#reports = knowsTrees
    if (this.#path.length === 1 && this.#path[0] === this.#target) this.#elder = grandparent
  }

  #connected(client: Connection): void {
    this.#client = client
    client.isMaster = true
    client.replyMode = 'off'
    client.authenticated = true
    client.restrictedTo = undefined
    const { config } = this.#router
    const block = this.#block
    const ours = config.number('replica-announce-port')
    const hasHistory = block.number('HISTORY') === 1
    this.#handshake = new Handshake({
      user: config.get('masteruser'),
      password: config.get('masterauth'),
      port: ours !== 0 ? ours : config.number('port'),
      address: config.get('replica-announce-ip'),
      id: hasHistory ? block.id : NO_ID,
      offset: block.number('END') + 1,
      takesOver: this.#target?.takesOver === true,
    })
    block.setWord('LINK', LINK_STATE.HANDSHAKE)
    this.#log('info', 'Non blocking connect for SYNC fired the event.')
    if (hasHistory) {
      this.#log('info', `Trying a partial resynchronization (request ${block.id}:${block.number('END') + 1}).`)
    }
    this.#say(this.#handshake.begin())
  }

  #say(text: string): void {
    if (text !== '') (this.#client?.socket as Socket | undefined)?.write(Buffer.from(text, 'latin1'))
  }

  // ---- before the stream

  /**
   * Bytes have come. Returns from where on they are the stream: `length` if not at all. Whether to read on is
   * `isFull`'s to say.
   */
  #received(u8: Uint8Array, length: number): number {
    const block = this.#block
    block.setNumber('LAST_IO', Date.now())
    block.setNumber('NET_INPUT', block.number('NET_INPUT') + length)
    let at = 0
    while (at < length && this.#handshake !== undefined) at = this.#handshakeLine(u8, at, length)
    if (block.word('LINK') !== LINK_STATE.TRANSFER) return at
    if (this.#payload === undefined && !this.#isLoading) at = this.#header(u8, at, length)
    if (this.#payload !== undefined && at < length) {
      const from = at
      const end = this.#payload.feed(u8, at, length)
      at = end < 0 ? length : end
      block.setNumber('TRANSFER_READ', block.number('TRANSFER_READ') + at - from)
      if (end >= 0) {
        this.#payload = undefined
        this.#drain()
      }
    }
    if (this.#payload === undefined && at < length) {
      this.#behind = Buffer.concat([this.#behind, u8.subarray(at, length)])
    }
    return length
  }

  /** Collects a line. Returns where the next byte lies, and leaves the line in #line if it is whole. */
  #collect(u8: Uint8Array, from: number, length: number): { readonly at: number; readonly isWhole: boolean } {
    const end = u8.indexOf(LF, from)
    const stop = end < 0 || end >= length ? length : end
    this.#line += Buffer.from(u8.subarray(from, stop)).toString('latin1')
    return { at: stop === length ? length : stop + 1, isWhole: stop < length }
  }

  #handshakeLine(u8: Uint8Array, from: number, length: number): number {
    const { at, isWhole } = this.#collect(u8, from, length)
    if (!isWhole) return at
    const line = this.#line.replace(/\r$/, '')
    this.#line = ''
    this.#take((this.#handshake as Handshake).line(line))
    return at
  }

  #take(outcome: Outcome): void {
    if (outcome.what === 'more') return this.#say(outcome.send)
    this.#learnTree(this.#handshake as Handshake)
    this.#handshake = undefined
    if (outcome.what === 'failed') {
      if (outcome.refused && this.#target?.takesOver === true) this.#router.ask('failover-refused', null)
      this.#fail(outcome.log)
      // A parent that has lost its own is no use.
      if (this.#path.length > 1) this.#climb()
      return
    }
    if (this.#target?.takesOver === true) {
      this.#target = { host: this.#target.host, port: this.#target.port }
      this.#router.ask('failover-done', null)
    }
    if (outcome.what === 'refer') {
      const { host, port } = outcome
      this.#hangUp()
      this.#log('info', `The master has replicas enough and refers to ${host}:${port}`)
      if (this.#path.length < DEPTH_MAX) this.#path.push({ host, port })
      else this.#path = [this.#target as Target]
      this.#connectAt = 0
      this.#block.setWord('LINK', LINK_STATE.CONNECT)
    } else if (outcome.what === 'continue') this.#continue(outcome.id)
    else if (this.#path.length > 1 && !this.#hasDeclined && this.#block.number('HISTORY') === 1) {
      // Somebody further up may still have what is missing here.
      this.#hasDeclined = true
      this.#hangUp()
      this.#block.setWord('LINK', LINK_STATE.CONNECT)
      this.#climb()
    } else {
      this.#copyId = outcome.id
      this.#copyOffset = outcome.offset
      this.#log('info', `Full resync from master: ${outcome.id}:${outcome.offset}`)
      this.#block.setNumber('TRANSFER_READ', 0)
      this.#block.setNumber('TRANSFER_TOTAL', -1)
      this.#block.setWord('LINK', LINK_STATE.TRANSFER)
    }
  }

  /** The stream goes on where it broke. */
  #continue(id: string | undefined): void {
    const block = this.#block
    this.#log('info', 'Successful partial resynchronization with master.')
    if (id !== undefined && id !== block.id) {
      // The master was promoted: our replicas are to know its name for the history, and that the old one goes no further.
      block.lock()
      block.rename(id)
      block.unlock()
      this.#log('info', `Master replication ID changed to ${id}`)
      this.#router.ask('replicas-drop-all', 'the replication id has changed')
    }
    this.#stream()
    this.#log('info', 'MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization.')
  }

  /** From here on the bytes are the stream. */
  #stream(): void {
    const block = this.#block
    const client = this.#client as Connection
    client.db = Math.max(0, block.number('LINK_DB'))
    client.flags |= SENDER.MASTER
    if (this.#isQuiet) client.holds |= HOLD.PAUSED
    const { host, port } = this.#path.at(-1) as Target
    block.lock()
    block.masterHost = host
    block.setWord('MASTER_PORT', port)
    if (!this.#replication.stream.isActive) this.#replication.stream.activate()
    block.unlock()
    this.#hasDeclined = false
    block.setNumber('HISTORY', 1)
    block.setNumber('DOWN_SINCE', 0)
    block.setNumber('READ', block.number('END'))
    block.setWord('LINK', LINK_STATE.CONNECTED)
    this.#sendAck()
  }

  // ---- the full copy

  /** The line that announces the copy. */
  #header(u8: Uint8Array, from: number, length: number): number {
    let at = from
    while (at < length) {
      const collected = this.#collect(u8, at, length)
      at = collected.at
      if (!collected.isWhole) return at
      const line = this.#line.replace(/\r$/, '')
      this.#line = ''
      // Empty lines say that the master is alive and still at it.
      if (line !== '') {
        this.#beginCopy(line)
        return at
      }
    }
    return at
  }

  #beginCopy(line: string): void {
    if (line.startsWith('-')) return this.#fail(`MASTER aborted replication with an error: ${line.slice(1)}`)
    const buffer = pipeCreate(PIPE_BYTES)
    const pipe = new BytePipe(buffer)
    try {
      this.#payload = new Payload(line, (bytes, at, length) => this.#put(bytes, at, length))
    } catch (error) {
      return this.#fail((error as Error).message)
    }
    const { length } = this.#payload
    this.#pipe = pipe
    this.#isLoading = true
    this.#block.setNumber('TRANSFER_TOTAL', length)
    const how = length < 0 ? 'streamed RDB from master with EOF' : `${length} bytes from master`
    this.#log('info', `MASTER <-> REPLICA sync: receiving ${how} to parser`)
    const isSame = this.#copyId === this.#block.id
    this.#router.ask('copy-load', { pipe: buffer, isSame }).then(result => this.#loaded(pipe, result as LoadResult))
  }

  #put(bytes: Uint8Array, at: number, length: number): void {
    const taken = this.#unpiped.length > 0 ? 0 : (this.#pipe?.write(bytes, at, length) ?? length)
    if (taken === length) return
    this.#unpiped = Buffer.concat([this.#unpiped, bytes.subarray(at + taken, at + length)])
    setTimeout(() => this.#drain(), FULL_LOOK_MS)
  }

  /** Writes to the pipe what it had no room for, and ends it behind the last byte. */
  #drain(): void {
    const pipe = this.#pipe
    if (pipe === undefined) return
    if (pipe.state === PIPE.REFUSED) {
      this.#unpiped = NOTHING
      return
    }
    if (this.#unpiped.length > 0) {
      const taken = pipe.write(this.#unpiped, 0, this.#unpiped.length)
      this.#unpiped = this.#unpiped.subarray(taken)
    }
    // A slow load is no silence of the master's.
    this.#block.setNumber('LAST_IO', Date.now())
    if (this.#unpiped.length > 0) {
      setTimeout(() => this.#drain(), FULL_LOOK_MS)
      return
    }
    if (this.#payload === undefined) pipe.end(PIPE.COMPLETE)
    else this.#socket?.resume()
  }

  /** The copy has been read, and lies in the hidden databases if all went well. */
  async #loaded(pipe: BytePipe, { error, streamDb, libraries }: LoadResult): Promise<void> {
    if (this.#pipe !== pipe || error !== '' || this.#payload !== undefined || pipe.state !== PIPE.COMPLETE) {
      await this.#router.discardCopy()
      this.#isLoading = false
      if (this.#pipe === pipe) this.#fail(`Failed trying to load the MASTER synchronization DB: ${error}`)
      return
    }
    this.#pipe = undefined
    const block = this.#block
    await this.#router.ask('replicas-drop-all', 'there is a new data set')
    await this.#router.ask('copy-comes', null)
    const client = this.#client
    const isLinked = () => client !== undefined && this.#client === client
    this.#log('info', 'MASTER <-> REPLICA sync: Swapping active DB with loaded DB')
    const isIn = await this.#router.swapIn(isLinked, () => {
      this.#router.engine.libraries.replace(libraries)
      block.lock()
      block.id = this.#copyId
      block.secondId = NO_ID
      block.setNumber('SECOND_END', -1)
      this.#replication.stream.restart(this.#copyOffset)
      block.unlock()
      block.setNumber('LINK_DB', streamDb)
      this.#pending.reset()
      this.#safe = 0
    })
    this.#isLoading = false
    if (!isIn || client === undefined) {
      void this.#router.ask('copy-is-in', null)
      return
    }
    this.#stream()
    this.#log('info', 'MASTER <-> REPLICA sync: Finished with success')
    void this.#router.ask('copy-is-in', null)
    const behind = this.#behind
    this.#behind = NOTHING
    if (behind.length > 0) this.#router.feed(client, behind, behind.length)
    if (!client.closing && client.holds === 0) client.socket.resume()
  }

  // ---- the stream

  /**
   * Commands of the stream have been dispatched: u8[from … end), of which what lies behind `safe` belongs to a
   * transaction that is still open.
   */
  dispatched(u8: Uint8Array, from: number, safe: number, end: number): void {
    const client = this.#client as Connection
    const pending = this.#pending
    if (pending.length === 0 && safe === end && client.owed === 0) {
      this.#replication.stream.append(u8, from, end - from)
    } else {
      if (safe > from) this.#safe = pending.length + safe - from
      pending.raw(u8, from, end - from)
      if (client.owed === 0) this.#flush()
      else if (pending.length > PENDING_BYTES_MAX) client.holds |= HOLD.ANSWERS
    }
    const block = this.#block
    const now = Date.now()
    block.setNumber('LAST_IO', now)
    block.setNumber('LINK_DB', client.db)
    block.setNumber('READ', block.number('END') + pending.length)
    if (this.#ackDue && client.owed === 0) this.#sendAck()
    this.#router.endTurnSoon()
  }

  /** Answers that were due have come. */
  settled(client: Connection): void {
    if (client.owed > 0) return
    if (client === this.#draining) {
      this.#draining = undefined
      this.#flush()
    } else if (client === this.#client) {
      this.#flush()
      if (this.#ackDue) this.#sendAck()
    }
    const done = this.#whenQuiet
    this.#whenQuiet = undefined
    done?.()
  }

  /** A command of the master's has been replied to: with an error, if the data is not what the master's is. */
  replied(u8: Uint8Array, at: number, length: number): void {
    if (length === 0 || u8[at] !== MINUS) return
    const text = Buffer.from(u8.subarray(at, at + length))
      .toString('latin1')
      .trimEnd()
    const command = this.#client?.lastCommand ?? ''
    this.#log(
      'warn',
      `== CRITICAL == This replica is sending an error to its master: '${text}' after processing the command '${command}'`,
    )
  }

  /** Passes on what has taken effect. */
  #flush(): void {
    const pending = this.#pending
    if (this.#safe > 0) this.#replication.stream.append(pending.u8, 0, this.#safe)
    const left = pending.length - this.#safe
    if (left > 0) pending.u8.copyWithin(0, this.#safe, pending.length)
    this.#safe = 0
    if (left > 0) pending.length = left
    else pending.reset()
    this.#router.endTurnSoon()
  }

  /** REPLCONF GETACK: the acknowledgement goes out once what came with it is passed on. */
  acknowledge(client: Connection): void {
    if (client === this.#client) this.#ackDue = true
  }

  #sendAck(): void {
    this.#ackDue = false
    const { durability } = this.#replication
    const words = ['REPLCONF', 'ACK', String(this.#block.number('END'))]
    if (durability.isOn && durability.offset >= 0) words.push('FACK', String(durability.offset))
    this.#say(array(...words))
  }

  // ---- standing still

  /** Nothing more is applied until `#loud`; resolves when nothing is on its way. */
  #quiet(): Promise<null> {
    this.#isQuiet = true
    const client = this.#client ?? this.#draining
    if (client === undefined) return Promise.resolve(null)
    client.holds |= HOLD.PAUSED
    if (client.owed === 0) return Promise.resolve(null)
    return new Promise(resolve => {
      const before = this.#whenQuiet
      this.#whenQuiet = () => {
        before?.()
        resolve(null)
      }
    })
  }

  #loud(): null {
    this.#isQuiet = false
    const client = this.#client
    if (client !== undefined) this.#router.unhold(client, HOLD.PAUSED)
    return null
  }

  #log(level: 'info' | 'warn', text: string): void {
    this.#replication.log(level, text)
  }
}

const NOTHING = Buffer.alloc(0)
const LF = 10
const MINUS = 45
