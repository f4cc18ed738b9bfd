// What a replica says to its master before the stream begins, and what it makes of the answers. No sockets here.

import { NO_ID } from '../shared/replication-block.ts'

/** What a replica wants its master to know. */
export interface Introduction {
  /** '' for the default user. */
  readonly user: string
  readonly password: string
  readonly port: number
  /** Address to show instead of the socket's, '' for that. */
  readonly address: string
  /** The history that it could go on with, or NO_ID; and the offset of the next byte, 1 for the first. */
  readonly id: string
  readonly offset: number
  /** This is a failover: the master is to hand over. */
  readonly takesOver: boolean
}

/** What comes of the handshake. */
export type Outcome =
  /** More lines must come; `send` first. */
  | { readonly what: 'more'; readonly send: string }
  /** The stream goes on; under another id if one is named. */
  | { readonly what: 'continue'; readonly id: string | undefined }
  /** A full copy follows. */
  | { readonly what: 'full'; readonly id: string; readonly offset: number }
  /** Another server is to be asked. */
  | { readonly what: 'refer'; readonly host: string; readonly port: number }
  /** It did not work; `log` says why, unless it is to be tried again quietly. */
  | { readonly what: 'failed'; readonly log: string; readonly refused: boolean }

/** A command as it goes over the wire. */
export const array = (...words: string[]): string =>
  `*${words.length}\r\n${words.map(word => `$${word.length}\r\n${word}\r\n`).join('')}`

const isError = (line: string): boolean => line.startsWith('-')

/** The names of the answers to come, in order. */
type Step = 'ping' | 'auth' | 'port' | 'address' | 'capa' | 'parent' | 'psync'

export class Handshake {
  readonly #introduction: Introduction
  #due: Step[] = ['ping']
  /** Whether the master is a skep, and wants to know of those below. */
  knowsTrees = false
  /** The master's own master, if it has one and tells. */
  grandparent: { readonly host: string; readonly port: number } | undefined

  constructor(introduction: Introduction) {
    this.#introduction = introduction
  }

  /** What to send first. */
  begin(): string {
    return array('PING')
  }

  /** Takes a line of the master's, without its end. Empty ones say only that it is alive. */
  line(line: string): Outcome {
    if (line === '') return more()
    const step = this.#due.shift()
    switch (step) {
      case 'ping':
        return this.#pinged(line)
      case 'auth':
        if (isError(line)) return failed(`Unable to AUTH to MASTER: ${line}`)
        break
      case 'parent':
        this.#learnParent(line)
        break
      case 'psync':
        return this.#answered(line)
      default:
        // A master that does not know an option can still be followed.
        break
    }
    if (this.#due.length > 0) return more()
    this.#due = ['psync']
    return more(this.#psync())
  }

  #pinged(line: string): Outcome {
    if (isError(line) && !/^-(NOAUTH|NOPERM|ERR operation not permitted)/.test(line)) {
      return failed(`Error reply to PING from master: '${line}'`)
    }
    const { user, password, port, address } = this.#introduction
    let send = ''
    if (password !== '') {
      this.#due.push('auth')
      send += user === '' ? array('AUTH', password) : array('AUTH', user, password)
    }
    this.#due.push('port')
    send += array('REPLCONF', 'listening-port', String(port))
    if (address !== '') {
      this.#due.push('address')
      send += array('REPLCONF', 'ip-address', address)
    }
    this.#due.push('capa', 'parent')
    send += array('REPLCONF', 'capa', 'eof', 'capa', 'psync2', 'capa', 'skep-tree')
    send += array('REPLCONF', 'skep-parent', '?')
    return more(send)
  }

  /** `+host port`, or `+none`; a Redis knows no such option. */
  #learnParent(line: string): void {
    this.knowsTrees = line.startsWith('+')
    const [host, port] = line.slice(1).split(' ')
    if (this.knowsTrees && Number(port) > 0) this.grandparent = { host, port: Number(port) }
  }

  #psync(): string {
    const { id, offset, takesOver } = this.#introduction
    const known = id !== NO_ID
    const words = ['PSYNC', known ? id : '?', known ? String(offset) : '-1']
    return array(...words, ...(takesOver ? ['FAILOVER'] : []))
  }

  #answered(line: string): Outcome {
    const [word, first, second] = line.split(' ')
    if (word === '+FULLRESYNC') {
      const offset = Number(second)
      if (first?.length === 40 && Number.isSafeInteger(offset)) return { what: 'full', id: first, offset }
      return failed('Master replied with wrong +FULLRESYNC syntax.')
    }
    if (word === '+CONTINUE') return { what: 'continue', id: first?.length === 40 ? first : undefined }
    if (word === '-REFER' && Number(second) > 0) return { what: 'refer', host: first, port: Number(second) }
    if (word === '-NOMASTERLINK' || word === '-LOADING') {
      return failed(`Master is currently unable to PSYNC but should be in the future: ${line}`)
    }
    return failed(`Unexpected reply to PSYNC from master: ${line}`, true)
  }
}

const more = (send = ''): Outcome => ({ what: 'more', send })
const failed = (log: string, refused = false): Outcome => ({ what: 'failed', log, refused })
