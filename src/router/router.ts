// A router: the thread that has the clients. It reads their commands, has them run, and sends the replies in order.
//
// All sockets share one read buffer: what arrives is parsed where it lies, and only what is left of a command that has
// not come whole is kept. Replies to all clients that had something to say in one turn of the event loop collect in one
// buffer, a run of bytes for each, and are written when all have been read: the other side is woken once, not each time.
// The buffer is reused if the kernel took everything at once, which is the usual case.

import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type MessagePort, parentPort } from 'node:worker_threads'
import { byteArray } from '../bytes/byte-array.ts'
import { freeBuffer } from '../bytes/free-buffer.ts'
import type { Client, Question, Router as RouterForCommands } from '../commands/client.ts'
import type { MigrateOrder } from '../commands/generic/migrate.ts'
import type { Journal } from '../commands/journal.ts'
import { PAUSE } from '../commands/pause.ts'
import { questions } from '../commands/questions.ts'
import type { DebugSwitch } from '../commands/server/debug-switches.ts'
import type { LogFacts } from '../commands/server/info-log.ts'
import { Rates } from '../commands/server/rates.ts'
import { type Entry, entries } from '../commands/table.ts'
import { SETTING, viewSettings } from '../config/settings.ts'
import type { OutputBufferLimits } from '../config/special-kinds.ts'
import { ConfigCopy, type ConfigUpdate } from '../config/values.ts'
import { ThreadLog } from '../persist/thread-log.ts'
import { PARSED, Parser } from '../protocol/parser.ts'
import { Reply } from '../protocol/reply.ts'
import { Request } from '../protocol/request.ts'
import { LockedNeighbours } from '../shard/neighbours.ts'
import { logDamage, threadSink } from '../shard/sink.ts'
import type { RouterData } from '../shard/thread-data.ts'
import { CONTROL, controlFlag, controlSet, LOAD_STATE } from '../shared/control.ts'
import { LogBlock, LogsBlock } from '../shared/log-block.ts'
import { PersistenceFacts } from '../shared/persistence-block.ts'
import { STAT, Statistics } from '../shared/statistics.ts'
import { arenaAttach } from '../store/arena.ts'
import { Engine, type Notice } from '../store/engine.ts'
import { discardHidden, swapHidden } from '../store/hidden.ts'
import { Libraries } from '../store/libraries.ts'
import { Access } from './access.ts'
import { Blocking } from './blocking.ts'
import { ClientCron } from './client-cron.ts'
import { ClientSocket } from './client-socket.ts'
import { Connection, HOLD } from './connection.ts'
import { DISPATCHED, Dispatcher } from './dispatch.ts'
import type { Handout } from './handout.ts'
import { HeldReplies } from './held-replies.ts'
import { Link } from './link.ts'
import { Lookahead } from './lookahead.ts'
import { Migrations } from './migration.ts'
import { Monitors } from './monitors.ts'
import { RouterPause } from './pause.ts'
import { Post } from './post.ts'
import { RouterReplication } from './replication.ts'
import { RouterScripts } from './scripts.ts'
import { RouterSubscriptions } from './subscriptions.ts'
import { RouterTracking } from './tracking.ts'
import type { Transport } from './transport.ts'

const READ_BYTES = 64 * 1024
/** A client with more unsent bytes than this is not read until it has taken some. */
const UNSENT_BYTES_MAX = 32 * 1024 * 1024
/** Output buffers kept for clients that answers are due to. */
const SPARE_OUTPUTS = 256
const OUTPUT_BYTES = 4096
/** Replies that have collected to this are sent before the turn is over. */
const REPLIES_BYTES_MAX = 512 * 1024

export class Router implements RouterForCommands {
  readonly index: number
  readonly data: RouterData
  readonly config: ConfigCopy
  readonly engine: Engine
  readonly statistics: Statistics
  readonly sink
  /** Where the replies of the connection being served collect. */
  readonly reply = new Reply()
  readonly #port: MessagePort
  readonly #post: Post
  readonly #dispatcher: Dispatcher
  readonly #parser = new Parser(new Request())
  readonly #lookahead: Lookahead
  readonly #read = byteArray(READ_BYTES)
  /** By slot; undefined where a slot is free. */
  readonly #connections: (Connection | undefined)[] = []
  readonly #freeSlots: number[] = []
  readonly #spareOutputs: Reply[] = []
  readonly #toFlush: Connection[] = []
  /** Those of them that waited, and have been served. */
  readonly #served: Connection[] = []
  readonly #waitingForRing: Connection[] = []
  readonly clients = new Map<number, Connection>()
  #nextId: number
  /** Runs of bytes in `reply`: whose each is, and where it ends. */
  readonly #runClients: (Connection | undefined)[] = []
  #runEnds = new Int32Array(256)
  #runCount = 0
  /** Where the run being collected starts. */
  #runStart = 0
  #isPolling = false
  #outputLimits: OutputBufferLimits
  /** The connection whose commands are being run. */
  #serving: Connection | undefined
  readonly link: Link
  readonly blocking: Blocking
  readonly allStatistics: readonly Statistics[]
  readonly persistence: PersistenceFacts
  readonly log: LogFacts
  /** Takes down what this thread's commands change. */
  readonly #log: ThreadLog
  readonly #held: HeldReplies
  readonly pause: RouterPause
  readonly monitors: Monitors
  readonly rates: Rates
  readonly access: Access
  readonly subscriptions: RouterSubscriptions
  readonly cron: ClientCron
  readonly tracking: RouterTracking
  readonly scripts: RouterScripts
  readonly replication: RouterReplication
  readonly #migrations: Migrations
  /** Where the reply of the command that is being run starts in `reply`. */
  replyStart = 0

  constructor(data: RouterData) {
    const { memory, index, config } = data
    this.index = index
    this.data = data
    this.config = new ConfigCopy(config)
    this.#outputLimits = this.config.outputBufferLimits()
    this.engine = new Engine(viewSettings(config.settings), memory.arenas.map(arenaAttach), memory.shape.routers)
    this.#lookahead = new Lookahead(this.engine)
    this.engine.bytesBeside = new Float64Array(memory.beside)
    this.engine.libraries = new Libraries(memory.functions)
    this.statistics = new Statistics(memory.statistics[index], entries.length)
    this.#port = parentPort as MessagePort
    logDamage(this.engine, this.#port)
    this.sink = {
      ...threadSink(this.#port, id => this.clients.get(id)),
      // To this router's subscribers without a detour.
      notices: (notices: readonly Notice[]) => {
        this.subscriptions.notices(notices)
        if (memory.shape.routers > 1) this.link.tell('notices', notices)
      },
    }
    this.#post = new Post(
      data,
      (client, shard, u8, at, length) => this.#connections[client]?.answer(shard, u8, at, length),
      (client, shard, u8) => this.#connections[client]?.answerLarge(shard, u8),
      () => this.#pollPost(),
    )
    const control = new Int32Array(memory.control)
    const claims = new Int32Array(memory.claims[index])
    this.blocking = new Blocking(this, this.#post, control, claims, slot => this.#connections[slot])
    this.#post.words = this.blocking
    this.engine.neighbours = new LockedNeighbours(control)
    this.#dispatcher = new Dispatcher(this, this.engine, this.statistics, this.#post, control)
    // Ids are unique over all routers: each takes every n-th.
    this.#nextId = index + 1
    this.link = new Link(this, this.#port)
    this.persistence = new PersistenceFacts(memory.persistence, memory.snapshot, control)
    const blocks = memory.log.blocks.map(block => new LogBlock(block))
    const figures = new Float64Array(memory.log.figures)
    this.log = { logs: new LogsBlock(memory.log.logs), blocks, figures }
    this.#log = new ThreadLog(this.engine, control, memory.log.logs, blocks)
    this.#held = new HeldReplies(this.#log, blocks.length, (client, bytes) => this.#release(client, bytes))
    this.#post.isDue = () => this.#held.isDue
    this.allStatistics = memory.statistics.map(block => new Statistics(block, entries.length))
    const waits = controlFlag(control, CONTROL.LOADING) === LOAD_STATE.BRIEF
    this.pause = new RouterPause(waits, kind => {
      controlSet(control, CONTROL.PAUSED, kind)
      // Nothing changes during a pause: what has expired is gone for readers, and deleted later.
      this.engine.deletesExpired = kind === PAUSE.NONE
    })
    this.subscriptions = new RouterSubscriptions(this)
    this.link.onTold('notices', notices => this.subscriptions.notices(notices as readonly Notice[]))
    this.access = new Access(this)
    this.rates = new Rates(this.engine, this.allStatistics)
    this.cron = new ClientCron(this)
    this.tracking = new RouterTracking(this, this.#post, control)
    this.replication = new RouterReplication(this, this.#post, control)
    this.#dispatcher.runner.journal.consumers.push(this.#log)
    this.#dispatcher.runner.journal.consumers.push(this.replication.consumer())
    this.engine.followRole(this.replication.block.i32)
    this.scripts = new RouterScripts(this, control)
    this.#migrations = new Migrations(this, control)
    this.monitors = new Monitors(control, this.link, memory.shape.routers)
    for (const question of questions) this.link.onAsk(question.name, args => question.answer(this, args as never))
  }

  /** Tells the supervisor that the thread can take clients. */
  ready(): void {
    this.link.ready()
  }

  // ---- connections

  /** Takes over a connection that a listener has accepted. */
  accept(accepted: Socket, path: string): void {
    this.statistics.add(STAT.CONNECTIONS, 1)
    const handle = (accepted as unknown as { _handle: unknown })._handle
    if (handle === null || handle === undefined) return
    let client: Connection
    // The accepted socket hands its handle to one that reads into the shared buffer: `onread` is an option of the
    // constructor only, and saves a buffer, an event and a stream's bookkeeping with every read.
    const socket = new ClientSocket({
      handle,
      // Who has no more to say may still wait for replies.
      allowHalfOpen: true,
      onread: { buffer: this.#read, callback: (length: number) => this.#received(client, this.#read, length) },
    } as never)
    ;(accepted as unknown as { _handle: unknown })._handle = null
    socket.setNoDelay(true)
    const keepalive = this.config.number('tcp-keepalive')
    if (path === '' && keepalive > 0) socket.setKeepAlive(true, keepalive * 1000)
    const [address, local] =
      path !== ''
        ? [`${path}:0`, `${path}:0`]
        : [`${hostOf(socket.remoteAddress)}:${socket.remotePort}`, `${hostOf(socket.localAddress)}:${socket.localPort}`]
    client = this.#enter(socket, address, local, path !== '')
    socket.on('error', () => undefined)
    socket.on('end', () => this.#ended(client))
    socket.on('close', () => this.#closed(client))
    socket.on('drain', () => this.unhold(client, HOLD.OUTPUT))
    const refusal = this.#refusal(client, path)
    if (refusal !== undefined) {
      this.statistics.add(STAT.REJECTED_CONNECTIONS, 1)
      socket.write(refusal)
      socket.destroySoon()
      client.closing = true
    }
    socket.read(0)
  }

  /** Connects to a master: what comes before the stream is `events`' business. */
  dial(host: string, port: number, events: DialEvents): Socket {
    let client: Connection | undefined
    const socket = new ClientSocket({
      onread: {
        buffer: this.#read,
        callback: (length: number) => client === undefined || this.#fromMaster(client, length, events),
      },
    } as never)
    const bind = this.config.get('bind-source-addr')
    socket.on('connect', () => {
      socket.setNoDelay(!this.config.bool('repl-disable-tcp-nodelay'))
      client = this.#enter(
        socket,
        `${hostOf(socket.remoteAddress)}:${socket.remotePort}`,
        `${hostOf(socket.localAddress)}:${socket.localPort}`,
        false,
      )
      events.connected(client)
    })
    socket.on('error', error => {
      if (client === undefined) events.failed(error)
    })
    socket.on('end', () => client !== undefined && this.#ended(client))
    socket.on('close', () => client !== undefined && this.#closed(client))
    socket.connect({ host, port, ...(bind === '' ? {} : { localAddress: bind }) })
    return socket
  }

  #fromMaster(client: Connection, length: number, events: DialEvents): boolean {
    if (client.closing) return true
    const from = events.isStreaming() ? 0 : events.received(this.#read, length)
    if (client.closing) return true
    if (from < length) return this.#received(client, from === 0 ? this.#read : this.#read.subarray(from), length - from)
    return !events.isFull()
  }

  /**
   * Puts the hidden databases, which a copy of the master's was loaded into, in the place of those that are seen, and runs
   * `work` in the same moment; if the copy is not wanted any more by then, discards it. Resolves with whether it is in.
   */
  async swapIn(isWanted: () => boolean, work: () => void): Promise<boolean> {
    let isIn = false
    await this.withShardsSoon(engine => {
      isIn = isWanted()
      if (!isIn) return discardHidden(engine)
      swapHidden(engine)
      work()
    })
    return isIn
  }

  /** A copy of the master's data has come to nothing. */
  discardCopy(): Promise<void> {
    return this.withShardsSoon(discardHidden)
  }

  /** The server has become a replica, or a master. */
  roleChanged(): null {
    if (!this.engine.isReplica) return null
    for (const client of [...this.clients.values()]) if (this.blocking.end(client, UNBLOCKED)) client.closeAfterReply()
    return null
  }

  /** An id that no client of the process has had. */
  newId(): number {
    const id = this.#nextId
    this.#nextId += this.data.memory.shape.routers
    return id
  }

  /** Makes the client that a connection stands for. */
  #enter(socket: Transport, address: string, localAddress: string, isUnix: boolean): Connection {
    const id = this.newId()
    const slot = this.#freeSlots.pop() ?? this.#connections.length
    const client = new Connection(this, socket, id, slot, address, localAddress, isUnix)
    this.#connections[slot] = client
    this.clients.set(id, client)
    this.statistics.set(STAT.CLIENTS, this.clients.size)
    this.welcome(client)
    return client
  }

  /**
   * Makes a client of something else than a socket. Its commands come by `feed`, its replies go to `transport`, and
   * `leave` ends it. Returns the error to answer with if there are too many clients. Who may come is for the caller to know.
   */
  admit(transport: Transport, address: string, localAddress: string): Connection | string {
    this.statistics.add(STAT.CONNECTIONS, 1)
    const client = this.#enter(transport, address, localAddress, false)
    if (!this.#isFull()) return client
    this.statistics.add(STAT.REJECTED_CONNECTIONS, 1)
    this.leave(client)
    return TOO_MANY
  }

  /** Takes commands, or parts of them, of a client that `admit` has made: u8[0 … length), of which nothing is kept. */
  feed(client: Connection, u8: Uint8Array, length: number): void {
    this.#received(client, u8, length)
  }

  /** The client's connection is gone. */
  leave(client: Connection): void {
    client.closing = true
    this.#closed(client)
  }

  /** Why a new client is turned away, as a reply. */
  #refusal(client: Connection, path: string): string | undefined {
    if (this.#isFull()) return `-${TOO_MANY}\r\n`
    const isLocal = path !== '' || client.address.startsWith('127.') || client.address.startsWith('[::1]')
    const isProtected = this.engine.settings[SETTING.protectedMode] !== 0 && this.access.hasOpenDefault && !isLocal
    return isProtected ? PROTECTED : undefined
  }

  /** Whether there are more clients than may be, over all routers. */
  #isFull(): boolean {
    let clients = 0
    for (const block of this.allStatistics) clients += block.get(STAT.CLIENTS)
    return clients > this.engine.settings[SETTING.maxclients]
  }

  #ended(client: Connection): void {
    client.closing = true
    this.blocking.gone(client)
    // Answers that are due still go out, as replies do that were given before the end was seen.
    this.#endIfAnswered(client)
  }

  /** Ends a client's connection once everything that it is to get has been sent. */
  #endIfAnswered(client: Connection): void {
    const { owed, heldBytes, hasRun, out, handout } = client
    const isAnswered = owed === 0 && heldBytes === 0 && !hasRun && out === undefined && handout === undefined
    if (isAnswered) client.socket.destroySoon()
  }

  #closed(client: Connection): void {
    if (client.closed) return
    client.closed = true
    this.cron.gone(client)
    this.monitors.remove(client)
    this.pause.forget(client)
    this.subscriptions.removeAll(client)
    this.tracking.remove(client)
    this.blocking.gone(client)
    this.replication.gone(client)
    client.discard()
    this.#freeSlot(client)
  }

  /**
   * A slot is used again only when no answer is on its way to it any more. Until then the client is listed: whoever finds
   * it gone finds its commands done.
   */
  #freeSlot(client: Connection): void {
    if (client.owed > 0 || this.#connections[client.slot] !== client) return
    this.clients.delete(client.id)
    this.statistics.set(STAT.CLIENTS, this.clients.size)
    this.#connections[client.slot] = undefined
    this.#freeSlots.push(client.slot)
  }

  /** Closes a connection at once. */
  drop(client: Connection): void {
    client.closing = true
    this.cron.gone(client)
    // From now on it is nobody's client: whoever asks need not wait for the socket to be closed.
    this.clients.delete(client.id)
    this.statistics.set(STAT.CLIENTS, this.clients.size)
    client.socket.destroy()
  }

  // ---- reading

  /** Bytes have come, u8[0 … length). Returns whether to go on reading. */
  #received(client: Connection, u8: Uint8Array, length: number): boolean {
    if (client.closing) return true
    this.statistics.add(STAT.NET_INPUT, length)
    this.statistics.add(STAT.READS, 1)
    client.lastActive = Date.now()
    client.share.received(length)
    for (let from = 0; from < length && !client.closing; ) {
      const kept = client.parser
      if (kept === undefined) {
        const parser = this.#parser
        parser.begin(from)
        this.#run(client, parser, u8, length)
        if (parser.start < length && !client.closing) client.keep(u8, parser.start, length, parser)
        break
      }
      // No more than the command at hand lacks: its buffer has exactly the room for it, however large it is.
      const missing = kept.needed - client.buffered
      const taken = missing > 0 && missing < length - from ? missing : length - from
      client.append(u8, from, taken)
      client.share.received(kept.needed)
      from += taken
      if (client.buffered > this.engine.settings[SETTING.clientQueryBufferLimit] && !client.isMaster) {
        this.statistics.add(STAT.QUERY_LIMIT_DISCONNECTIONS, 1)
        this.drop(client)
        return false
      }
      if (client.holds === 0) this.#runKept(client)
      this.cron.grown(client)
    }
    this.#afterBatch(client)
    // A client that waits is read on: how else would we see that it is gone?
    return (client.holds & ~HOLD.BLOCKED) === 0
  }

  #runKept(client: Connection): void {
    const parser = client.parser as Parser
    this.#run(client, parser, client.buffer, client.buffered)
    client.consumed(parser.start)
  }

  /** Runs the commands in u8[… end); afterwards `parser.start` is behind the last one that has run. */
  #run(client: Connection, parser: Parser, u8: Uint8Array, end: number): void {
    const dispatcher = this.#dispatcher
    parser.stranger = !client.authenticated
    parser.bulkBytesMax = client.isMaster ? Number.POSITIVE_INFINITY : this.engine.settings[SETTING.protoMaxBulkLen]
    dispatcher.start(u8)
    const begin = parser.start
    /** Behind the last command outside of a transaction. */
    let safe = begin
    this.#serving = client
    this.tracking.limit()
    const ahead = this.#lookahead
    while (client.holds === 0 && !client.closing) {
      // What a stranger may send next depends on what this command does.
      const parsed = ahead.read(parser, u8, end, client.db, parser.stranger ? 1 : Number.POSITIVE_INFINITY)
      const { count } = ahead
      let ran = 0
      for (; ran < count && client.holds === 0 && !client.closing; ran++) {
        if (dispatcher.dispatch(client, ahead.requests[ran], ahead.entries[ran]) === DISPATCHED.HELD) break
        if (client.queue === undefined) safe = ahead.ends[ran]
      }
      if (ran < count) {
        parser.begin(ahead.starts[ran])
        break
      }
      if (parsed === PARSED.MORE || client.holds !== 0 || client.closing) break
      if (parsed === PARSED.ERROR) {
        this.#protocolError(client, parser.error)
        break
      }
      if (parsed === PARSED.NOTHING) {
        parser.begin(parser.at)
        if (client.queue === undefined) safe = parser.start
      }
      parser.stranger = !client.authenticated
    }
    dispatcher.finish()
    this.#serving = undefined
    if (client.isMaster && parser.start > begin && !client.closed) {
      this.replication.link.dispatched(u8, begin, safe, parser.start)
    }
  }

  #protocolError(client: Connection, text: string): void {
    const out = client.owed > 0 ? client.output() : this.reply
    out.error(text)
    this.statistics.failedWith('ERR')
    client.closing = true
  }

  /** Sees to it that what the batch has replied is sent in this turn, and delivers answers that have come meanwhile. */
  #afterBatch(client: Connection): void {
    // Who waited does not wait for the turn's end if this is the first batch of it: it may well be the only one.
    if (this.#served.length > 0 && this.#runCount === 0 && !this.#log.waits) {
      this.#log.commit()
      this.#flushServed()
    }
    this.#sealRun(client)
    // With `appendfsync always` all clients of a turn wait for the disk together.
    if (!this.#post.isIdle && !this.#log.waits) this.#pollPost()
    else if (this.replication.hasNews || this.#log.isPending || !this.#post.isIdle) this.#schedulePoll()
  }

  configChanged(update: ConfigUpdate): void {
    this.config.update(update)
    this.#outputLimits = this.config.outputBufferLimits()
    if ('min-replicas-max-lag' in update) this.replication.countGood()
    if ('maxmemory-clients' in update || 'maxmemory' in update) this.cron.limitChanged()
  }

  // ---- holding clients back

  /** Lets a client's commands go on once it has no holds left. */
  unhold(client: Connection, hold: number): void {
    if (client.closed || (client.holds & hold) === 0) return
    client.holds &= ~hold
    if (client.holds !== 0) return
    if (client.parser !== undefined && !client.closing) {
      // What the client waited for goes out ahead of what its next commands reply.
      if (client.out !== undefined || client.handout !== undefined) {
        this.#writeRuns()
        this.#flushOutput(client)
      }
      this.#runKept(client)
      this.#sealRun(client)
    }
    if (client.holds === 0 && !client.closing) client.socket.resume()
    this.#schedulePoll()
  }

  waitForRing(client: Connection): void {
    this.#waitingForRing.push(client)
  }

  // ---- replies

  /** The reply to a command has been written to `reply` from `before` on: drops it if the client does not want it. */
  replied(client: Connection, before: number, reply = this.reply): void {
    if (client.replyMode === 'on') return
    if (this.wantsReply(client)) return
    if (reply.length > before) this.replication.unwanted(client, reply, before)
    reply.length = before
  }

  /** Whether CLIENT REPLY lets the current command's reply through; moves SKIP on. */
  wantsReply(client: Connection): boolean {
    if (client.replyMode === 'on') return true
    if (client.replyMode === 'off') return false
    client.replyMode = client.replyMode === 'skip-next' ? 'skip' : 'on'
    return false
  }

  /** What has been replied since the last run ended is this client's. */
  #sealRun(client: Connection): void {
    const { length } = this.reply
    if (length === this.#runStart && !client.closing) return
    if (this.#runCount === this.#runEnds.length) {
      const larger = new Int32Array(this.#runCount * 2)
      larger.set(this.#runEnds)
      this.#runEnds = larger
    }
    client.hasRun = true
    this.#runClients[this.#runCount] = client
    this.#runEnds[this.#runCount++] = length
    this.#runStart = length
    if (length > REPLIES_BYTES_MAX) this.#writeRuns()
    else this.#schedulePoll()
  }

  /** Writes to the sockets what has been replied in passing. */
  #writeRuns(): void {
    const count = this.#runCount
    if (count === 0) return
    const { reply } = this
    let canReuse = true
    let start = 0
    for (let i = 0; i < count; i++) {
      const client = this.#runClients[i] as Connection
      // Set one by one: setting the array's length costs as much as a command.
      this.#runClients[i] = undefined
      const end = this.#runEnds[i]
      client.hasRun = false
      if (end > start && !this.#write(client, reply, start, end)) canReuse = false
      if (client.closing) this.#endIfAnswered(client)
      start = end
    }
    this.#runCount = 0
    this.#runStart = 0
    if (canReuse) reply.reset()
    else reply.take()
  }

  /** Writes a part of `reply`. Returns whether the buffer may be used again: the kernel has taken all. */
  #write(client: Connection, reply: Reply, start: number, end: number): boolean {
    return this.#send(client, Buffer.from(reply.u8.buffer, start, end - start))
  }

  /** Sends bytes as soon as that may be. Returns whether they may be overwritten now. */
  #send(client: Connection, bytes: Buffer): boolean {
    // Nobody hears of a change before the kernel has it, or the disk where that is asked for.
    this.#log.commitForReplies()
    if (this.#held.bytes > HELD_BYTES_MAX) {
      this.#log.commit()
      this.#log.waitSynced()
      this.#sendHeld()
    }
    if (this.#held.bytes === 0) {
      if (!this.#log.mustWait) return this.#transmit(client, bytes)
      this.#post.expect(1)
    }
    if (this.#held.isTurnEmpty) this.#schedulePoll()
    return this.#held.add(client, bytes)
  }

  /** Sends what was held back. */
  #release(client: Connection, bytes: Buffer): boolean {
    const canReuse = this.#transmit(client, bytes)
    if (client.closing) this.#endIfAnswered(client)
    return canReuse
  }

  /** Returns whether the kernel has taken all of it. */
  #transmit(client: Connection, bytes: Buffer): boolean {
    const { socket } = client
    this.statistics.add(STAT.NET_OUTPUT, bytes.length)
    this.statistics.add(STAT.WRITES, 1)
    client.share.replied(bytes.length)
    if (client.closed || socket.destroyed || socket.writableEnded) return true
    if (this.#isOverLimit(client, bytes.length)) return true
    // A huge reply's memory goes back as soon as it is sent, not when the collector comes round.
    const isHuge = bytes.length > HUGE_BYTES
    socket.send(bytes, isHuge ? () => freeBuffer(bytes.buffer) : undefined)
    const { unsent } = socket
    if (unsent === 0) return !isHuge
    this.#checkUnsent(client, unsent)
    return false
  }

  /** A client that does not read is no longer listened to. */
  #checkUnsent(client: Connection, unsent: number): void {
    if (unsent > UNSENT_BYTES_MAX) client.holds |= HOLD.OUTPUT
    this.cron.grown(client)
  }

  /** Cuts a client off that would have more to read than it may: it gets nothing of what put it over its limit. */
  #isOverLimit(client: Connection, added: number): boolean {
    const { hard } = this.#outputLimits[client.isSubscriber ? 'pubsub' : 'normal']
    if (hard === 0 || client.socket.unsent + added <= hard) return false
    this.statistics.add(STAT.OUTPUT_LIMIT_DISCONNECTIONS, 1)
    this.drop(client)
    return true
  }

  /** Sends a reply that came in a buffer of its own, behind what has been replied before it. */
  writeLarge(client: Connection, u8: Uint8Array): void {
    this.#writeRuns()
    this.#flushOutput(client)
    this.#send(client, Buffer.from(u8.buffer, u8.byteOffset, u8.length))
  }

  /** Where to put what a client gets beside its replies: behind what it has been replied so far. */
  outputFor(to: Client): Reply {
    const client = to as Connection
    const isServed = client === this.#serving && client.owed === 0 && client.replyMode === 'on'
    const out = isServed ? this.reply : client.output()
    out.resp = client.resp
    return out
  }

  /** Gives a client messages, which lie in `handout` from `start` to `end`: behind what it has been replied so far. */
  hand(client: Connection, handout: Handout, start: number, end: number): void {
    if (client !== this.#serving) client.hand(handout, start, end)
    else this.outputFor(client).raw(handout.messages.u8, start, end - start)
  }

  borrowOutput(): Reply {
    return this.#spareOutputs.pop() ?? new Reply(OUTPUT_BYTES)
  }

  willFlush(client: Connection): void {
    this.#toFlush.push(client)
    this.#schedulePoll()
  }

  /** A client that waited has its reply in its output: it goes out ahead of others' replies. */
  wasServed(client: Connection): void {
    this.#served.push(client)
  }

  #flushServed(): void {
    for (let i = 0; i < this.#served.length; i++) if (!this.#served[i].hasRun) this.#flushOutput(this.#served[i])
    this.#served.length = 0
  }

  #flushOutputs(): void {
    for (let i = 0; i < this.#toFlush.length; i++) this.#flushOutput(this.#toFlush[i])
    this.#toFlush.length = 0
    this.subscriptions.sent()
  }

  #flushOutput(client: Connection): void {
    const { out, handout } = client
    if (handout !== undefined) {
      client.handout = undefined
      if (!this.#send(client, handout.view(client.handoutStart, client.handoutEnd))) handout.keep()
      return
    }
    if (out === undefined) return
    client.out = undefined
    if (out.length > 0 && !this.#write(client, out, 0, out.length)) out.take(OUTPUT_BYTES)
    if (this.#spareOutputs.length < SPARE_OUTPUTS) {
      out.reset(OUTPUT_BYTES)
      this.#spareOutputs.push(out)
    }
  }

  // ---- the post

  /** Has the turn's end come: what is to be sent then would not wait for the next reply. */
  endTurnSoon(): void {
    this.#schedulePoll()
  }

  /** Has the post looked at, and listened to, once this turn is over. */
  pollSoon(): void {
    this.#schedulePoll()
  }

  #schedulePoll(): void {
    if (this.#isPolling) return
    this.#isPolling = true
    setImmediate(this.#poll)
  }

  readonly #poll = (): void => {
    this.#isPolling = false
    this.#pollPost()
  }

  /** Commits what this thread's commands have changed, before another thread tells of it. */
  commitLog(): void {
    this.#log.commit()
  }

  /** Delivers answers, sends them, and lets clients go on that waited for them. */
  #pollPost(): void {
    this.#post.poll()
    if (this.#held.bytes > 0) this.#sendHeld()
    this.#log.commitForReplies()
    if (this.engine.invalidations.length > 0) this.tracking.passOn()
    this.tracking.broadcast()
    // Who waited hears of what it got before who gave it hears that it was taken, as from Redis.
    if (this.#served.length > 0) this.#flushServed()
    // Before the answers: they were given earlier.
    this.#writeRuns()
    this.replication.turn()
    if (this.#toFlush.length > 0) {
      const flushed = this.#toFlush.slice()
      this.#flushOutputs()
      for (const client of flushed) this.#settled(client)
    }
    if (this.#log.gathers()) this.#schedulePoll()
    if (this.#held.bytes > 0) this.#sendHeld()
    if (this.#waitingForRing.length > 0) {
      for (const client of this.#waitingForRing.splice(0)) this.unhold(client, HOLD.RING)
    }
    if (!this.#post.listen()) this.#schedulePoll()
  }

  #sendHeld(): void {
    this.#held.look()
    if (this.#held.bytes === 0) this.#post.expect(-1)
  }

  #settled(client: Connection): void {
    if (client.owed > 0) return
    if (client.isMaster) this.replication.link.settled(client)
    if (client.closed) this.#freeSlot(client)
    else if (client.closing) this.#endIfAnswered(client)
    else this.unhold(client, HOLD.ANSWERS)
  }

  // ---- for commands

  get count(): number {
    return this.data.memory.shape.routers
  }

  get facts() {
    return this.data.facts
  }

  ask(op: string, args: unknown): Promise<unknown> {
    return this.link.ask(op, args)
  }

  askRouters<Args, Answer>({ name }: Question<Args, Answer>, args: Args): Promise<Answer[]> {
    return this.link.ask('routers', { name, args }) as Promise<Answer[]>
  }

  tell(topic: string, value: unknown): void {
    this.link.tell(topic, value)
  }

  kill(client: Client): void {
    this.drop(client as Connection)
  }

  /** A command that was to reply later has: notes what could not be noted at once. */
  endedLater(client: Connection, reply: Reply, failed: boolean): void {
    const { late } = client
    const { runner } = this.#dispatcher
    if (late === undefined) return
    client.late = undefined
    if (failed) runner.failedLate(late.entry.id, reply)
    runner.tally.noteSlow(late.entry, late.req, (performance.now() - late.startedAt) * 1000)
  }

  withShards<T>(work: (engine: Engine) => T): T {
    return this.#dispatcher.withShards(work)
  }

  /**
   * Runs `work` with every shard locked: before this returns its promise, unless a script has had a shard for long. Its end
   * is not waited for in sleep, deaf to SCRIPT KILL.
   */
  async withShardsSoon(work: (engine: Engine) => void): Promise<void> {
    while (!this.#dispatcher.withShardsInTime(work)) {
      while (this.scripts.isBusyAnywhere) await sleep(SCRIPT_LOOK_MS)
    }
    this.endTurnSoon()
  }

  migrate(order: MigrateOrder): Promise<string> {
    return this.#migrations.run(order)
  }

  /** Runs `work` on shards: see Dispatcher. */
  withKeys(keys: readonly Uint8Array[], mayWait: boolean, work: (engine: Engine, journal: Journal) => void): boolean {
    return this.#dispatcher.withKeys(keys, mayWait, work)
  }

  debugSwitch(name: DebugSwitch, on: boolean): void {
    const control = new Int32Array(this.data.memory.control)
    if (name === 'active-expire') controlSet(control, CONTROL.EXPIRE_OFF, on ? 0 : 1)
    else if (name === 'deny-scripts') controlSet(control, CONTROL.DENY_OFF, on ? 0 : 1)
    else if (name === 'cron') {
      this.cron.isPaused = !on
      void this.ask('pause-cron', !on)
    }
  }

  evict(): void {
    void this.withShardsSoon(engine => {
      for (const shard of engine.shards) engine.makeRoom(shard)
      this.#dispatcher.runner.passOn()
    })
  }

  debugReplyPeak(ms: number | undefined, resizes: boolean | undefined): void {
    const rules = this.cron.replyRoom
    if (ms !== undefined) rules.peakMs = ms
    if (resizes !== undefined) rules.resizes = resizes
  }

  startMonitor(client: Client): void {
    this.monitors.add(client as Connection)
  }

  stopMonitor(client: Connection): void {
    this.monitors.remove(client)
  }

  /** Shows a command to the clients that MONITOR. */
  monitored(client: Connection, entry: Entry, req: Request): void {
    if (this.monitors.any) this.monitors.command(entry, req, client.db, shownAddress(client))
  }

  /** Makes a new client, or one that has asked for RESET, the default user if that needs no password. */
  welcome(client: Connection): void {
    client.user = 'default'
    client.authenticated = this.access.hasOpenDefault
    this.access.apply(client)
  }

  get hasOpenDefaultUser(): boolean {
    return this.access.hasOpenDefault
  }

  get users() {
    return this.access.users
  }

  authenticate(client: Client, user: string, password: string, command: string): boolean {
    return this.access.authenticate(client as Connection, user, password, command)
  }

  trackingChanged(client: Client): void {
    this.tracking.changed(client as Connection)
  }
}

/** Who hears of a connection to a master. */
export interface DialEvents {
  connected(client: Connection): void
  failed(error: Error): void
  /** Bytes have come, u8[0 … length). Returns from where on they are commands. */
  received(u8: Uint8Array, length: number): number
  isStreaming(): boolean
  /** Whether nothing more may be read now. */
  isFull(): boolean
}

/** How often it is looked whether a script has ended. */
const SCRIPT_LOOK_MS = 10

const UNBLOCKED = 'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)'

/** The router sleeps until the disk has come as far as it is to, rather than hold back more than this. */
const HELD_BYTES_MAX = 32 * 1024 * 1024

/** Replies of this size are freed by hand. */
const HUGE_BYTES = 8 * 1024 * 1024

/** Where a client comes from, as MONITOR shows it. */
export const shownAddress = ({ isUnix, address }: Connection): string =>
  isUnix ? `unix:${address.slice(0, -2)}` : address

const hostOf = (address: string | undefined): string => {
  if (address === undefined) return '?'
  if (address.startsWith('::ffff:')) return address.slice(7)
  return address.includes(':') ? `[${address}]` : address
}

const TOO_MANY = 'ERR max number of clients reached'

const PROTECTED =
  '-DENIED skep is running in protected mode because protected mode is enabled and no password is set for the default user. ' +
  'In this mode connections are only accepted from the loopback interface. ' +
  'To connect from elsewhere, set a password (requirepass), or disable protected mode (CONFIG SET protected-mode no) from a local client, or bind to chosen addresses.\r\n'
