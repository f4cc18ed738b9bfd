// A raw connection for load: sends prepared bytes and counts replies, without making anything of them.

import { createConnection, type Socket } from 'node:net'
import { type Argument, encodeCommand } from '../../test/support/client.ts'

const CR_LF_BYTES = 2
const [MINUS, DOLLAR, STAR, EQUALS, BANG, PERCENT, TILDE, PUSH] = Buffer.from('-$*=!%~>')
const TYPES = Buffer.from('+-:$*_,#(!=%~>')
const NEW_LINE = 10

/** Counts whole replies in a stream of RESP, however it is cut into chunks. */
export class ReplyCounter {
  replies = 0
  errors = 0
  #type = 0
  #number = 0
  #negative = false
  #skip = 0
  /** Frames still to come before the reply at hand is whole; an aggregate adds its items. */
  #open = 1

  feed(chunk: Uint8Array): void {
    for (let i = 0; i < chunk.length; ) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, chunk.length - i)
        this.#skip -= step
        i += step
        if (this.#skip === 0) this.#close()
        continue
      }
      const byte = chunk[i++]
      if (this.#type === 0) {
        if (!TYPES.includes(byte)) throw new Error(`no reply starts with byte ${byte}`)
        this.#type = byte
        this.#number = 0
        this.#negative = false
      } else if (byte === NEW_LINE) this.#line()
      else if (byte >= 48 && byte <= 57) this.#number = this.#number * 10 + byte - 48
      else if (byte === MINUS) this.#negative = true
    }
  }

  #line(): void {
    const type = this.#type
    this.#type = 0
    if (type === DOLLAR || type === EQUALS || type === BANG) {
      if (this.#negative) this.#close()
      else this.#skip = this.#number + CR_LF_BYTES
      return
    }
    if (type === MINUS) this.errors++
    else if (type === PERCENT) this.#open += 2 * this.#number
    else if ((type === STAR || type === TILDE || type === PUSH) && !this.#negative) this.#open += this.#number
    this.#close()
  }

  #close(): void {
    this.#open--
    if (this.#open > 0) return
    this.#open = 1
    this.replies++
  }
}

/** One connection that sends bytes and waits for a number of replies; an error reply is an exception. */
export class LoadClient {
  readonly #socket: Socket
  readonly #counter = new ReplyCounter()
  #awaited = 0
  #resolve: (() => void) | undefined
  #reject: ((error: Error) => void) | undefined
  #last: Buffer = Buffer.alloc(0)

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#last = chunk
      this.#counter.feed(chunk)
      this.#check()
    })
    socket.on('error', error => this.#reject?.(error))
    socket.on('close', () => this.#reject?.(new Error('the server closed the connection')))
  }

  static connect(port: number): Promise<LoadClient> {
    return new Promise((resolve, reject) => {
      const socket = createConnection({ host: '127.0.0.1', port, noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.removeListener('error', reject)
        resolve(new LoadClient(socket))
      })
    })
  }

  /** Sends the bytes of `replies` commands and resolves when all are answered. */
  send(bytes: Uint8Array, replies: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#awaited += replies
      this.#resolve = resolve
      this.#reject = reject
      this.#socket.write(bytes)
    })
  }

  /** Sends the commands at once and waits for their replies. */
  run(commands: readonly (readonly Argument[])[]): Promise<void> {
    return this.send(Buffer.concat(commands.map(encodeCommand)), commands.length)
  }

  close(): void {
    this.#reject = undefined
    this.#socket.destroy()
  }

  #check(): void {
    if (this.#counter.errors > 0) {
      const text = this.#last.toString('latin1')
      this.#reject?.(new Error(`an error reply: ${text.slice(text.indexOf('-')).slice(0, 200)}`))
      this.#socket.destroy()
    } else if (this.#counter.replies >= this.#awaited) {
      this.#counter.replies -= this.#awaited
      this.#awaited = 0
      this.#resolve?.()
    }
  }
}

/** Runs `make(0)` to `make(count - 1)` against the server, a thousand commands at a time. */
export async function load(port: number, count: number, make: (i: number) => readonly Argument[]): Promise<void> {
  const client = await LoadClient.connect(port)
  for (let at = 0; at < count; at += 1000) {
    const length = Math.min(1000, count - at)
    await client.run(Array.from({ length }, (_, i) => make(at + i)))
  }
  client.close()
}
