// A small raw client for tests: sends what it is told, hides nothing of what comes back.
//
// Replies are read strictly in order: every `call` takes the next one. RESP3 pushes stand apart (`nextPush`);
// RESP2 messages of a subscriber are ordinary replies, read with `next`. An error is a value, never an exception;
// exceptions mean that the connection closed or that nothing came in time.

import { createConnection, type Socket } from 'node:net'
import { type Frame, parseFrame, plain, type Value } from './frame.ts'

/** An argument of a command: text is sent as UTF-8, numbers in decimal. */
export type Argument = string | number | bigint | Uint8Array

/** Where a server listens: a port on 127.0.0.1, or the path of its socket. */
export type Address = { readonly port: number } | { readonly path: string }

const REPLY_MS_MAX = 15_000

/** The command as a RESP array of bulk strings, as clients send it. */
export function encodeCommand(args: readonly Argument[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`)]
  for (const arg of args) {
    const bytes = arg instanceof Uint8Array ? arg : Buffer.from(String(arg))
    parts.push(Buffer.from(`$${bytes.length}\r\n`), Buffer.from(bytes), Buffer.from('\r\n'))
  }
  return Buffer.concat(parts)
}

type Waiter = { resolve(frame: Frame): void; reject(error: Error): void }

/** What has come and nobody has asked for, or who has asked for what has not come; never both. */
class Inbox {
  readonly frames: Frame[] = []
  readonly waiters: Waiter[] = []
  failure: Error | undefined

  deliver(frame: Frame): void {
    const waiter = this.waiters.shift()
    if (waiter === undefined) this.frames.push(frame)
    else waiter.resolve(frame)
  }

  fail(error: Error): void {
    this.failure ??= error
    for (const waiter of this.waiters.splice(0)) waiter.reject(error)
  }

  take(timeoutMs: number, what: string): Promise<Frame> {
    const frame = this.frames.shift()
    if (frame !== undefined) return Promise.resolve(frame)
    if (this.failure !== undefined) return Promise.reject(this.failure)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiters.splice(this.waiters.indexOf(waiter), 1)
        reject(new Error(`no ${what} within ${timeoutMs} ms`))
      }, timeoutMs)
      const waiter: Waiter = {
        resolve(value) {
          clearTimeout(timer)
          resolve(value)
        },
        reject(error) {
          clearTimeout(timer)
          reject(error)
        },
      }
      this.waiters.push(waiter)
    })
  }
}

/** One connection to a server. */
export class RespClient {
  /** Resolves when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>
  readonly #socket: Socket
  readonly #replies = new Inbox()
  readonly #pushes = new Inbox()
  #chunks: Buffer[] = []
  #held = 0
  #needed = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('error', error => this.#fail(error))
    this.closed = new Promise(resolve => {
      socket.on('close', () => {
        this.#fail(new Error('the server closed the connection'))
        resolve()
      })
    })
  }

  /** Connects; rejects when nobody listens there. */
  static connect(address: Address): Promise<RespClient> {
    return new Promise((resolve, reject) => {
      const socket = createConnection('port' in address ? { host: '127.0.0.1', port: address.port } : address)
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.removeListener('error', reject)
        resolve(new RespClient(socket))
      })
    })
  }

  /** Sends a command and reads the next reply as a plain value. */
  async call(...args: Argument[]): Promise<Value> {
    return plain(await this.exchange(args))
  }

  /** As `call`, with bulk strings as Buffers. */
  async callBinary(...args: Argument[]): Promise<Value> {
    return plain(await this.exchange(args), true)
  }

  /** As `call`, and throws when the reply is an error: for the set-up of a test. */
  async must(...args: Argument[]): Promise<Value> {
    const frame = await this.exchange(args)
    if (frame.type === '-' || frame.type === '!') {
      throw new Error(`${args.join(' ').slice(0, 200)}: ${frame.body?.toString()}`)
    }
    return plain(frame)
  }

  /** Sends a command and reads the next reply as it came. */
  exchange(args: readonly Argument[]): Promise<Frame> {
    this.send(...args)
    return this.nextFrame()
  }

  /** Sends the commands in one write and reads as many replies. */
  async pipeline(commands: readonly (readonly Argument[])[]): Promise<Frame[]> {
    this.write(Buffer.concat(commands.map(encodeCommand)))
    const frames: Frame[] = []
    for (let i = 0; i < commands.length; i++) frames.push(await this.nextFrame())
    return frames
  }

  /** Sends a command and waits for nothing. */
  send(...args: Argument[]): void {
    this.write(encodeCommand(args))
  }

  /** Sends bytes as they are: inline commands, halves of commands, rubbish. */
  write(bytes: string | Uint8Array): void {
    this.#socket.write(bytes)
  }

  /** The next reply as a plain value. */
  async next(timeoutMs = REPLY_MS_MAX): Promise<Value> {
    return plain(await this.nextFrame(timeoutMs))
  }

  /** The next reply as it came. */
  nextFrame(timeoutMs = REPLY_MS_MAX): Promise<Frame> {
    return this.#replies.take(timeoutMs, 'reply')
  }

  /** The next RESP3 push message as an array. */
  async nextPush(timeoutMs = REPLY_MS_MAX): Promise<Value> {
    return plain(await this.#pushes.take(timeoutMs, 'push message'))
  }

  /** Replies that have come and have not been read. */
  get unread(): number {
    return this.#replies.frames.length
  }

  /** Stops reading from the socket, so that the server's output piles up; `resume` reads on. */
  pause(): void {
    this.#socket.pause()
  }

  /** Reads on after `pause`. */
  resume(): void {
    this.#socket.resume()
  }

  /** Says that no more will be sent, and goes on reading. */
  end(): void {
    this.#socket.end()
  }

  /** Ends the connection at once. */
  async close(): Promise<void> {
    this.#socket.destroy()
    await this.closed
  }

  #receive(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#held += chunk.length
    // A long reply is joined when it has doubled or may have ended, not at every chunk: else 512 MB would be copied
    // a thousand times.
    if (this.#held < this.#needed && chunk[chunk.length - 1] !== 10) return
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks)
    let at = 0
    try {
      while (at < bytes.length) {
        const frame = parseFrame(bytes, at)
        if (frame === undefined) break
        at += frame.raw.length
        if (frame.type === '>') this.#pushes.deliver(frame)
        else this.#replies.deliver(frame)
      }
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)))
      this.#socket.destroy()
      return
    }
    const rest = bytes.subarray(at)
    this.#chunks = rest.length > 0 ? [rest] : []
    this.#held = rest.length
    this.#needed = 2 * rest.length
  }

  #fail(error: Error): void {
    this.#replies.fail(error)
    this.#pushes.fail(error)
  }
}
