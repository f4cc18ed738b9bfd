// Connections to other servers that MIGRATE sends keys over. One that is done with is kept for the next time, for some
// seconds; while it is in use it is nobody else's.

import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Redis's: how long an idle connection is kept, and how many. */
const KEPT_MS = 10_000
const KEPT_MAX = 64
/** Bytes that must be taken within the timeout. */
const CHUNK_BYTES = 64 * 1024

/** What went wrong, as the reply tells it. */
export class PeerFailure extends Error {
  /** Whether nothing happened for too long. */
  readonly timedOut: boolean

  constructor(message: string, timedOut: boolean) {
    super(message)
    this.timedOut = timedOut
  }
}

const CONNECTING = 'error or timeout connecting to the client'
const WRITING = 'error or timeout writing to target instance'
const READING = 'error or timeout reading to target instance'

export class Peer {
  /** Whom it is kept for. */
  readonly name: string
  /** The database that was selected last, -1 if that is not known. */
  db = -1
  readonly #socket: Socket
  #text = ''
  #failed = false
  /** Told that something has come, or that nothing will any more. */
  #wake: () => void = () => undefined

  constructor(name: string, socket: Socket) {
    this.name = name
    this.#socket = socket
    socket.setNoDelay(true)
    const failed = (): void => {
      this.#failed = true
      this.#wake()
    }
    socket.on('error', failed)
    socket.on('close', failed)
    socket.on('data', bytes => {
      this.#text += bytes.toString('latin1')
      this.#wake()
    })
  }

  /** Whether it can still be used: nothing has come that nobody asked for. */
  get isSound(): boolean {
    return !this.#failed && this.#text === ''
  }

  close(): void {
    this.#socket.destroy()
  }

  async write(bytes: Uint8Array, timeoutMs: number): Promise<void> {
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      const chunk = bytes.subarray(at, at + CHUNK_BYTES)
      const taken = new Promise<boolean>(resolve => this.#socket.write(chunk, error => resolve(!error)))
      const took = await within(timeoutMs, taken)
      if (took !== true) throw new PeerFailure(WRITING, took === undefined)
    }
  }

  /** The next line, without its end. */
  async line(timeoutMs: number): Promise<string> {
    for (;;) {
      const end = this.#text.indexOf('\n')
      if (end >= 0) {
        const line = this.#text.slice(0, end).replace(/\r$/, '')
        this.#text = this.#text.slice(end + 1)
        return line
      }
      if (this.#failed) throw new PeerFailure(READING, false)
      const woken = new Promise<true>(resolve => {
        this.#wake = () => resolve(true)
      })
      if ((await within(timeoutMs, woken)) === undefined) throw new PeerFailure(READING, true)
    }
  }
}

/** Connections that nobody uses, the oldest first, each with what will end it. */
interface Kept {
  readonly peer: Peer
  readonly timer: NodeJS.Timeout
}

export class Peers {
  #kept: Kept[] = []
  /** Told how many are kept. */
  readonly #counted: (count: number) => void

  constructor(counted: (count: number) => void) {
    this.#counted = counted
  }

  /**
   * A connection to that server for this user, who has no part in those of others: a password that was given once is good
   * for a connection's life.
   */
  async take(host: string, port: number, user: string, timeoutMs: number): Promise<Peer> {
    const name = `${host}\n${port}\n${user}`
    for (;;) {
      const at = this.#kept.findIndex(kept => kept.peer.name === name)
      if (at < 0) return new Peer(name, await dial(host, port, timeoutMs))
      const { peer, timer } = this.#kept[at]
      clearTimeout(timer)
      this.#forget(peer)
      if (peer.isSound) return peer
      peer.close()
    }
  }

  /** Keeps a connection that is done with. */
  give(peer: Peer): void {
    const timer = setTimeout(() => this.#end(peer), KEPT_MS)
    timer.unref()
    this.#kept.push({ peer, timer })
    if (this.#kept.length > KEPT_MAX) this.#end(this.#kept[0].peer)
    this.#counted(this.#kept.length)
  }

  #end(peer: Peer): void {
    peer.close()
    this.#forget(peer)
  }

  #forget(peer: Peer): void {
    this.#kept = this.#kept.filter(kept => kept.peer !== peer)
    this.#counted(this.#kept.length)
  }
}

/** Connects; Redis notices that it was refused only when it writes, and says so. */
async function dial(host: string, port: number, timeoutMs: number): Promise<Socket> {
  const socket = connect({ host, port })
  const connected = new Promise<NodeJS.ErrnoException | true>(resolve => {
    socket.once('connect', () => resolve(true))
    socket.once('error', resolve)
  })
  const outcome = await within(timeoutMs, connected)
  if (outcome === true) return socket
  socket.on('error', () => undefined)
  socket.destroy()
  const isRefused = outcome?.code === 'ECONNREFUSED' || outcome?.code === 'EADDRNOTAVAIL'
  throw new PeerFailure(isRefused ? WRITING : CONNECTING, outcome === undefined)
}

/** What comes of it, undefined if that takes too long. */
async function within<T>(timeoutMs: number, promise: Promise<T>): Promise<T | undefined> {
  const stop = new AbortController()
  const late = sleep(Math.min(timeoutMs, 2 ** 31 - 1), undefined, { signal: stop.signal, ref: false })
  late.catch(() => undefined)
  try {
    return await Promise.race([promise, late])
  } finally {
    stop.abort()
  }
}
