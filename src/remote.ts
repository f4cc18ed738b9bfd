// A connection to a running server, for subcommands that ask one: commands in, replies out, one after the other.

import { connect, type Socket } from 'node:net'
import type { ParseArgsConfig } from 'node:util'

/** What a server replies, in RESP2. An error reply rejects the call. */
export type Answer = string | number | null | readonly Answer[]

/** A part of a command. */
export type Word = string | number | Uint8Array

/** The options that name a server, for parseArgs. */
export const REMOTE_OPTIONS = {
  host: { type: 'string', default: '127.0.0.1' },
  port: { type: 'string', short: 'p', default: '6379' },
  user: { type: 'string' },
  password: { type: 'string', short: 'a', default: process.env.REDISCLI_AUTH },
} as const satisfies ParseArgsConfig['options']

/** What those options mean, for a subcommand's help. */
export const REMOTE_HELP = `  --host HOST       where the server is (127.0.0.1)
  --port, -p PORT   its port (6379)
  --user NAME       log in as this user
  --password, -a TEXT
                    with this password (the variable REDISCLI_AUTH)`

/** What parseArgs makes of REMOTE_OPTIONS. */
export interface RemoteOptions {
  readonly host: string
  readonly port: string
  readonly user?: string | undefined
  readonly password?: string | undefined
}

interface Waiting {
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
}

const CONNECT_MS_MAX = 5000
const CRLF = Buffer.from('\r\n')

export class Remote {
  readonly #socket: Socket
  #unread: Buffer = Buffer.alloc(0)
  readonly #waiting: Waiting[] = []

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', chunk => this.#received(chunk as Buffer))
    socket.on('error', error => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the server has closed the connection')))
  }

  /** Connects, and logs in if there is a password. Rejects with a line for the person. */
  static async open({ host, port, user, password }: RemoteOptions): Promise<Remote> {
    const socket = await new Promise<Socket>((resolve, reject) => {
      const made = connect({ host, port: Number(port), noDelay: true, timeout: CONNECT_MS_MAX })
      const fail = (reason: string): void => {
        made.destroy()
        reject(new Error(`cannot connect to ${host}:${port}: ${reason}`))
      }
      made.once('error', error => fail((error as NodeJS.ErrnoException).code ?? error.message))
      made.once('timeout', () => fail('no answer'))
      made.once('connect', () => {
        made.removeAllListeners()
        made.setTimeout(0)
        resolve(made)
      })
    })
    const remote = new Remote(socket)
    if (password !== undefined) await remote.call('AUTH', ...(user === undefined ? [] : [user]), password)
    return remote
  }

  /** Sends one command; rejects if the server replies an error. */
  call(...words: readonly Word[]): Promise<Answer> {
    const parts = words.flatMap(word => {
      const bytes = typeof word === 'object' ? word : Buffer.from(String(word))
      return [Buffer.from(`$${bytes.length}\r\n`), bytes, CRLF]
    })
    this.#socket.write(Buffer.concat([Buffer.from(`*${words.length}\r\n`), ...parts]))
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  /** INFO as name and value; `sections` as INFO takes them. */
  async info(...sections: readonly string[]): Promise<Map<string, string>> {
    const text = String(await this.call('INFO', ...sections))
    const lines = text.split('\r\n').filter(line => line.includes(':'))
    return new Map(lines.map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]))
  }

  close(): void {
    this.#socket.destroy()
  }

  #received(chunk: Buffer): void {
    this.#unread = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk])
    for (;;) {
      const read = readAnswer(this.#unread, 0)
      if (read === undefined) return
      this.#unread = this.#unread.subarray(read.end)
      const waiting = this.#waiting.shift()
      if (read.answer instanceof Error) waiting?.reject(read.answer)
      else waiting?.resolve(read.answer)
    }
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
}

/** One reply from `at` on and where it ends; undefined if it has not come whole. */
function readAnswer(bytes: Buffer, at: number): { answer: Answer | Error; end: number } | undefined {
  const lineEnd = bytes.indexOf('\r\n', at)
  if (lineEnd < 0) return undefined
  const line = bytes.toString('utf8', at + 1, lineEnd)
  const next = lineEnd + 2
  const type = String.fromCharCode(bytes[at])
  if (type === '-') return { answer: new Error(line), end: next }
  if (type === '+') return { answer: line, end: next }
  if (type === ':') return { answer: Number(line), end: next }
  const count = Number(line)
  if (count < 0) return { answer: null, end: next }
  if (type === '$') {
    if (bytes.length < next + count + 2) return undefined
    return { answer: bytes.toString('utf8', next, next + count), end: next + count + 2 }
  }
  return readArray(bytes, count, next)
}

function readArray(bytes: Buffer, count: number, from: number): { answer: Answer; end: number } | undefined {
  const items: Answer[] = []
  let end = from
  for (let i = 0; i < count; i++) {
    const item = readAnswer(bytes, end)
    if (item === undefined) return undefined
    items.push(item.answer instanceof Error ? item.answer.message : item.answer)
    end = item.end
  }
  return { answer: items, end }
}
