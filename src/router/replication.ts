// Replication as a router sees it: the replicas among its clients, which it feeds, and clients that wait for them.

import type { Client } from '../commands/client.ts'
import {
  type ReplicaFacts,
  type Replication,
  replicaFacts,
  type TreeNode,
  type WaitOrder,
  type WaitOutcome,
} from '../commands/replication/replication.ts'
import { SETTING } from '../config/settings.ts'
import { Reply } from '../protocol/reply.ts'
import type { Request } from '../protocol/request.ts'
import { StreamConsumer } from '../replica/consumer.ts'
import { ReplicationStream } from '../replica/stream.ts'
import { treeNodes, treeReferral, treeSize } from '../replica/tree.ts'
import { StreamWaker } from '../replica/waker.ts'
import { LogBlock } from '../shared/log-block.ts'
import { CAPABILITY, REPLICA_FLAG, REPLICA_STATE, ReplicationBlock } from '../shared/replication-block.ts'
import { STAT } from '../shared/statistics.ts'
import type { Connection } from './connection.ts'
import { Durability, type LogMoment } from './durability.ts'
import { type CopyOrder, type CopyResult, FullCopy } from './full-copy.ts'
import { MasterLink } from './master-link.ts'
import type { Post } from './post.ts'
import { ReplicaFeed } from './replica-feed.ts'
import type { Router } from './router.ts'

/** A client in WAIT. */
interface Waiter {
  readonly client: Connection
  readonly order: WaitOrder
  readonly offset: number
  /** Of the append-only files, if they matter. */
  readonly moment: LogMoment
  readonly done: (outcome: WaitOutcome) => void
  timer: NodeJS.Timeout | undefined
}

/** A line for the log of the main thread. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn'
  readonly text: string
}

const GETACK = Buffer.from('*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n')
const CRON_MS = 100
const TICKS_A_SECOND = 10
const LOGGED_REPLY_MAX = 256
const NEWLINE = Buffer.from('\n')

export class RouterReplication implements Replication {
  readonly block: ReplicationBlock
  readonly stream: ReplicationStream
  readonly link: MasterLink
  readonly durability: Durability
  readonly #router: Router
  readonly #post: Post
  readonly #waker: StreamWaker
  readonly #feeds = new Map<Connection, ReplicaFeed>()
  readonly #waiters = new Set<Waiter>()
  #copy: FullCopy | undefined
  #ticks = 0

  constructor(router: Router, post: Post, control: Int32Array) {
    const { replication, shape } = router.data.memory
    this.#router = router
    this.#post = post
    this.block = new ReplicationBlock(replication.block)
    const { settings } = router.engine
    this.stream = new ReplicationStream(this.block, replication.pages, () => settings[SETTING.replBacklogSize])
    this.#waker = new StreamWaker(this.stream, control, shape)
    this.durability = new Durability(router.data.memory.log.blocks.map(each => new LogBlock(each)))
    this.link = new MasterLink(router, this)
    router.link.onAsk('copy', order => this.#runCopy(order as CopyOrder))
    router.link.onAsk('copy-failed', rows => this.#copyFailed(rows as readonly number[]))
    router.link.onAsk('replicas-drop', why => this.#dropAll(String(why)))
    router.link.onAsk('role-changed', () => router.roleChanged())
    setInterval(() => this.#tick(), CRON_MS).unref()
  }

  /** What puts changes made on this thread into the stream. */
  consumer(): StreamConsumer {
    return new StreamConsumer(this.stream)
  }

  get backlogFirst(): number {
    return this.stream.isActive ? this.stream.first() : 0
  }

  get hasLog(): boolean {
    return this.durability.isOn
  }

  get treeSize(): number {
    return treeSize(this.block)
  }

  treeNodes(now: number): readonly TreeNode[] {
    return treeNodes(this.block, now)
  }

  get bufferBytes(): number {
    return this.stream.isActive ? this.stream.bytes : 0
  }

  /** Resolves when the line is written. */
  log(level: LogLine['level'], text: string): Promise<unknown> {
    return this.#router.ask('replication-log', { level, text } satisfies LogLine)
  }

  // ---- becoming a replica

  psync(client: Client, id: string, offset: number): void {
    const connection = client as Connection
    const feed = this.#register(connection, false)
    if (feed === undefined) return
    if (this.#refers(feed) || this.#continues(feed, id.toLowerCase(), offset)) return
    this.#wantsCopy(feed, id)
  }

  sync(client: Client): void {
    const feed = this.#register(client as Connection, true)
    if (feed !== undefined) this.#wantsCopy(feed, '?')
  }

  /** Sends a replica on to another, if there are as many here as there may be. */
  #refers(feed: ReplicaFeed): boolean {
    const { block } = this
    if ((block.rowWord(feed.row, 'CAPA') & CAPABILITY.TREE) === 0) return false
    const target = treeReferral(block, feed.row, this.#router.config.number('repl-fanout'))
    if (target === undefined) return false
    this.log('info', `Replica ${feed.name} is referred to ${target.address}:${target.port}`)
    feed.socket.write(Buffer.from(`-REFER ${target.address} ${target.port}\r\n`))
    feed.client.socket.destroySoon()
    feed.client.closing = true
    return true
  }

  wrongOffset(client: Client): Promise<unknown> {
    return this.log('warn', `Replica ${client.address} asks for synchronization but with a wrong offset`)
  }

  #register(client: Connection, isOld: boolean): ReplicaFeed | undefined {
    const facts = replicaFacts(client)
    const { block } = this
    const row = block.claim(this.#router.index, client.id)
    if (row < 0) {
      client.socket.send(Buffer.from('-ERR there are too many replicas\r\n'))
      this.#router.drop(client)
      return undefined
    }
    facts.row = row
    block.setRowWord(row, 'PORT', facts.port)
    block.setRowWord(row, 'CAPA', facts.capa)
    block.setRowWord(row, 'FLAGS', flagsOf(facts, isOld))
    block.setAddress(row, facts.address !== '' ? facts.address : hostOf(client))
    block.setRowNumber(row, 'ACK_TIME', Date.now())
    block.setNumber('NO_REPLICAS', 0)
    const feed = new ReplicaFeed(this.stream, client, row)
    if (this.#feeds.size === 0) {
      block.setBit('FEEDS', this.#router.index, true)
      this.#post.expect(1)
    }
    this.#feeds.set(client, feed)
    // From here on nothing but the stream is written to it.
    client.replyMode = 'off'
    return feed
  }

  /** Takes up the stream where the replica left it, if that can be had. */
  #continues(feed: ReplicaFeed, id: string, offset: number): boolean {
    const { block, stream } = this
    const isOurs = id === block.id || (id === block.secondId && offset <= block.number('SECOND_END'))
    if (!isOurs || !stream.attach(feed.row, offset - 1)) {
      if (id !== '?') this.#explainRefusal(feed, id, offset, isOurs)
      return false
    }
    const facts = feed.client.replica as ReplicaFacts
    const line = (facts.capa & CAPABILITY.PSYNC2) !== 0 ? `+CONTINUE ${block.id}\r\n` : '+CONTINUE\r\n'
    feed.socket.write(Buffer.from(line))
    block.setRowNumber(feed.row, 'ACK_TIME', Date.now())
    feed.state = REPLICA_STATE.ONLINE
    block.add('SYNC_PARTIAL', 1)
    this.log(
      'info',
      `Partial resynchronization request from ${feed.name} accepted. Sending ${stream.end - offset + 1} bytes of backlog starting from offset ${offset}.`,
    )
    this.#router.endTurnSoon()
    this.countGood()
    return true
  }

  #explainRefusal(feed: ReplicaFeed, id: string, offset: number, isOurs: boolean): void {
    const { block } = this
    this.log(
      'info',
      isOurs
        ? `Unable to partial resync with replica ${feed.name} for lack of backlog (Replica request was: ${offset}).`
        : `Partial resynchronization not accepted: Replication ID mismatch (Replica asked for '${id}', my replication IDs are '${block.id}' and '${block.secondId}')`,
    )
  }

  #wantsCopy(feed: ReplicaFeed, id: string): void {
    if (id !== '?') this.block.add('SYNC_REFUSED', 1)
    this.block.add('SYNC_FULL', 1)
    this.log('info', `Replica ${feed.name} asks for synchronization`)
    if (this.#copy?.join(feed) === true) this.log('info', 'Waiting for end of BGSAVE for SYNC')
    else this.#router.ask('copy-wanted', this.#router.index)
  }

  // ---- full copies

  async #runCopy(order: CopyOrder): Promise<CopyResult> {
    const feeds = [...this.#feeds.values()].filter(feed => order.rows.includes(feed.row))
    const copy = new FullCopy(this.#router, this, order, feeds)
    this.#copy = copy
    const result = await copy.run()
    this.#copy = undefined
    this.#router.endTurnSoon()
    return result
  }

  #copyFailed(rows: readonly number[]): null {
    for (const feed of [...this.#feeds.values()]) {
      if (rows.includes(feed.row)) this.drop(feed, 'the copy for it could not be made')
    }
    return null
  }

  // ---- its replicas

  /** Whether the client is a replica here. */
  has(client: Connection): boolean {
    return this.#feeds.has(client)
  }

  drop(feed: ReplicaFeed, why: string): void {
    this.log('warn', `Connection with replica ${feed.name} is closed: ${why}`)
    this.#router.drop(feed.client)
  }

  #dropAll(why: string): null {
    for (const feed of [...this.#feeds.values()]) this.drop(feed, why)
    return null
  }

  /** A client is gone: it may have been a replica, the master, or have waited. */
  gone(client: Connection): void {
    for (const waiter of this.#waiters) if (waiter.client === client) this.#endWait(waiter)
    if (this.link.isClient(client)) this.link.lost()
    const feed = this.#feeds.get(client)
    if (feed === undefined) return
    this.#feeds.delete(client)
    this.log('info', `Connection with replica ${feed.name} lost.`)
    this.block.release(feed.row)
    ;(client.replica as ReplicaFacts).row = -1
    this.#copy?.gone(feed)
    this.stream.trim()
    if (this.#feeds.size === 0) {
      this.block.setBit('FEEDS', this.#router.index, false)
      this.#post.expect(-1)
    }
    if (this.block.rows().length === 0) this.block.setNumber('NO_REPLICAS', Date.now())
    this.countGood()
  }

  replicate(db: number, req: Request, first: number): void {
    if (this.block.isReplica || !this.stream.isActive) return
    const command = new Reply(256)
    command.array(req.argc - first)
    for (let i = first; i < req.argc; i++) command.bulk(req.u8, req.at[i], req.length[i])
    this.block.lock()
    if (this.stream.isActive) this.stream.addInDatabase(db, command.u8, 0, command.length)
    this.block.unlock()
    this.#router.endTurnSoon()
  }

  resetStatistics(): void {
    for (const field of ['SYNC_FULL', 'SYNC_PARTIAL', 'SYNC_REFUSED', 'NET_INPUT', 'NET_OUTPUT'] as const) {
      this.block.setNumber(field, 0)
    }
  }

  acknowledged(client: Client, offset: number, durable: number): void {
    const feed = this.#feeds.get(client as Connection)
    if (feed === undefined) return
    const { block } = this
    block.setRowNumber(feed.row, 'ACK_TIME', Date.now())
    if (offset > block.rowNumber(feed.row, 'ACK')) block.setRowNumber(feed.row, 'ACK', offset)
    if (durable > block.rowNumber(feed.row, 'DURABLE')) block.setRowNumber(feed.row, 'DURABLE', durable)
    if (feed.onlineOnAck) {
      feed.onlineOnAck = false
      this.online(feed)
    }
    if (this.block.word('WAITS') !== 0) this.#ackCame()
  }

  /** The replica has its copy: the stream follows. */
  online(feed: ReplicaFeed): void {
    if ((this.block.rowWord(feed.row, 'FLAGS') & REPLICA_FLAG.RDB_ONLY) !== 0) {
      this.log('info', `Close the connection with replica ${feed.name} as RDB transfer is complete`)
      this.#router.drop(feed.client)
      return
    }
    this.block.setRowNumber(feed.row, 'ACK_TIME', Date.now())
    feed.state = REPLICA_STATE.ONLINE
    this.log('info', `Synchronization with replica ${feed.name} succeeded`)
    this.countGood()
    this.#router.endTurnSoon()
  }

  reported(client: Client, replicas: number, tree: string): void {
    const feed = this.#feeds.get(client as Connection)
    if (feed === undefined) return
    this.block.setRowWord(feed.row, 'WORD', replicas)
    this.block.setTree(feed.row, tree)
  }

  countGood(): void {
    this.block.countGood(Date.now(), this.#router.engine.settings[SETTING.minReplicasMaxLag])
  }

  /** A command of a replica or of the master has been replied to, which nobody reads. */
  unwanted(client: Connection, reply: Reply, from: number): void {
    if (client.isMaster) return this.link.replied(reply.u8, from, reply.length - from)
    const feed = this.#feeds.get(client)
    if (feed === undefined) return
    const text = Buffer.from(reply.u8.subarray(from, reply.length)).toString('latin1').trimEnd()
    if (text.startsWith('-')) {
      this.log(
        'warn',
        `== CRITICAL == This master is sending an error to its replica: '${text}' after processing the command '${client.lastCommand}'`,
      )
    }
    this.log(
      'warn',
      `Replica generated a reply to command '${client.lastCommand}', disconnecting it: ${text.slice(0, LOGGED_REPLY_MAX)}`,
    )
    this.#router.drop(client)
  }

  // ---- the end of a turn

  /** Whether there is something that replicas of this router, or of others, have not been given. */
  get hasNews(): boolean {
    return this.#waker.hasNews
  }

  /** Feeds this router's replicas, and wakes the routers of others. */
  turn(): void {
    this.#waker.wake(this.#router.index)
    if (this.#feeds.size > 0) {
      let bytes = 0
      for (const feed of this.#feeds.values()) {
        if (this.#isOverLimit(feed)) continue
        bytes += feed.feed()
      }
      if (bytes > 0) this.block.add('NET_OUTPUT', bytes)
    }
    if (this.#waiters.size > 0) this.#checkWaiters()
  }

  #isOverLimit(feed: ReplicaFeed): boolean {
    if (feed.isLost) {
      this.drop(feed, 'it is too far behind, and memory for the stream is used up')
      return true
    }
    const { hard } = this.#router.config.outputBufferLimits().slave
    const limit =
      hard === 0 ? Number.POSITIVE_INFINITY : Math.max(hard, this.#router.engine.settings[SETTING.replBacklogSize])
    if (feed.behind <= limit) return false
    this.#router.statistics.add(STAT.OUTPUT_LIMIT_DISCONNECTIONS, 1)
    this.drop(feed, `it is ${feed.behind} bytes behind, more than client-output-buffer-limit allows`)
    return true
  }

  #isOverSoft(feed: ReplicaFeed, now: number): boolean {
    const { soft, softSeconds } = this.#router.config.outputBufferLimits().slave
    const limit = Math.max(soft, this.#router.engine.settings[SETTING.replBacklogSize])
    if (soft === 0 || feed.behind <= limit) {
      feed.overSoftSince = 0
      return false
    }
    if (feed.overSoftSince === 0) feed.overSoftSince = now
    return now - feed.overSoftSince > softSeconds * 1000
  }

  // ---- from time to time

  #tick(): void {
    const now = Date.now()
    const isSecond = ++this.#ticks % TICKS_A_SECOND === 0
    for (const feed of [...this.#feeds.values()]) {
      if (this.#isOverLimit(feed)) continue
      if (this.#isOverSoft(feed, now)) {
        this.#router.statistics.add(STAT.OUTPUT_LIMIT_DISCONNECTIONS, 1)
        this.drop(feed, `it was ${feed.behind} bytes or more behind for longer than client-output-buffer-limit allows`)
      } else if (isSecond) this.#secondOf(feed, now)
    }
    if (isSecond) this.countGood()
    this.durability.look(this.stream.end)
    this.link.tick(now, isSecond)
    this.turn()
  }

  #secondOf(feed: ReplicaFeed, now: number): void {
    // Says to one that waits for its copy that we are alive.
    if (feed.state === REPLICA_STATE.WAITS) feed.socket.write(NEWLINE)
    if (feed.state === REPLICA_STATE.FREE || (this.block.rowWord(feed.row, 'FLAGS') & REPLICA_FLAG.OLD) !== 0) return
    if (feed.state !== REPLICA_STATE.ONLINE && !feed.onlineOnAck) return
    const timeoutMs = this.#router.config.number('repl-timeout') * 1000
    // While it loads its copy, a replica says no more than empty lines.
    const lastHeard = feed.onlineOnAck ? feed.client.lastActive : 0
    if (now - Math.max(lastHeard, this.block.rowNumber(feed.row, 'ACK_TIME')) <= timeoutMs) return
    this.log('warn', `Disconnecting timedout replica (streaming sync): ${feed.name}`)
    this.#router.drop(feed.client)
  }

  // ---- waiting for acknowledgements

  wait(client: Client, order: WaitOrder, done: (outcome: WaitOutcome) => void): WaitOutcome | undefined {
    const connection = client as Connection
    const { needsLocal } = order
    const waiter: Waiter = {
      client: connection,
      order,
      offset: this.stream.end,
      moment: needsLocal || order.isDurable ? this.durability.moment() : [],
      done,
      timer: undefined,
    }
    const outcome = this.#outcome(waiter)
    if (isEnough(waiter, outcome) || connection.captures !== undefined) return outcome
    if (order.ms > 0) waiter.timer = setTimeout(() => this.#endWait(waiter), Math.min(order.ms, 2 ** 31 - 1))
    if (this.#waiters.size === 0) {
      this.block.setBit('WAITS', this.#router.index, true)
      this.#post.expect(1)
    }
    this.#waiters.add(waiter)
    connection.isWaiting = true
    this.#countWaiting()
    if (this.stream.isActive && !this.block.isReplica) this.stream.append(GETACK, 0, GETACK.length)
    this.#router.endTurnSoon()
    return undefined
  }

  #ackCame(): void {
    this.#checkWaiters()
    this.#waker.ring('WAITS', this.#router.index)
  }

  #countWaiting(): void {
    this.#router.blocking.othersWaiting(this.#waiters.size)
  }

  #outcome({ offset, order, moment }: Waiter): WaitOutcome {
    const local = moment.length > 0 && this.durability.isOn && this.durability.isSynced(moment) ? 1 : 0
    return { local, replicas: this.block.acknowledged(offset, order.isDurable ? 'DURABLE' : 'ACK') }
  }

  #checkWaiters(): void {
    for (const waiter of this.#waiters) if (isEnough(waiter, this.#outcome(waiter))) this.#endWait(waiter)
  }

  #endWait(waiter: Waiter): void {
    if (!this.#waiters.delete(waiter)) return
    clearTimeout(waiter.timer)
    waiter.client.isWaiting = false
    this.#countWaiting()
    if (this.#waiters.size === 0) {
      this.block.setBit('WAITS', this.#router.index, false)
      this.#post.expect(-1)
    }
    waiter.done(this.#outcome(waiter))
  }

  /** CLIENT UNBLOCK, or the end of the time when it could be answered: ends a client's wait. */
  unblock(client: Connection): boolean {
    for (const waiter of this.#waiters) {
      if (waiter.client !== client) continue
      this.#endWait(waiter)
      return true
    }
    return false
  }

  acknowledge(client: Client): void {
    this.link.acknowledge(client as Connection)
  }
}

/** Whether a client has waited for enough. */
const isEnough = ({ order }: Waiter, { local, replicas }: WaitOutcome): boolean =>
  replicas >= order.replicas && (!order.needsLocal || local === 1)

const flagsOf = ({ isRdbOnly, leavesOutData }: ReplicaFacts, isOld: boolean): number =>
  (isOld ? REPLICA_FLAG.OLD : 0) | (isRdbOnly ? REPLICA_FLAG.RDB_ONLY : 0) | (leavesOutData ? REPLICA_FLAG.NO_DATA : 0)

/** The address without the port, and without the brackets of IPv6. */
function hostOf(client: Connection): string {
  const host = client.address.slice(0, client.address.lastIndexOf(':'))
  return host.startsWith('[') ? host.slice(1, -1) : host
}
