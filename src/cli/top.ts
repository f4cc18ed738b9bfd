// `skep top`: a running server's shards, commands and clients, drawn anew every second until q or Ctrl-C. Where there is no
// terminal it prints one screen after the other.

import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { REMOTE_HELP, REMOTE_OPTIONS, Remote } from '../remote.ts'
import { UsageError } from './subcommand.ts'
import { pairs, type Sample, screen } from './top-screen.ts'

export const help = `${REMOTE_HELP}
  --interval, -i SECONDS
                    how often to look (1)
  --count, -n TIMES
                    stop after so many screens

On a terminal, q or Ctrl-C ends it.`

const SECTIONS = ['server', 'clients', 'memory', 'persistence', 'stats', 'replication', 'commandstats', 'skep']
/** Where there is no terminal to fill. */
const ROWS = 40

const ENTER = '\x1b[?1049h\x1b[?25l'
const LEAVE = '\x1b[?25h\x1b[?1049l'
const HOME = '\x1b[H'
const REST_OF_LINE = '\x1b[K'
const REST_OF_SCREEN = '\x1b[J'

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...REMOTE_OPTIONS,
      interval: { type: 'string', short: 'i', default: '1' },
      count: { type: 'string', short: 'n' },
    },
  })
  const seconds = positive('interval', values.interval)
  const count = values.count === undefined ? Number.POSITIVE_INFINITY : positive('count', values.count)
  const remote = await Remote.open(values)
  const terminal = new Terminal()
  try {
    const where = `${values.host}:${values.port}`
    let before = await look(remote)
    for (let i = 0; i < count && !terminal.isEnded; i++) {
      await terminal.pause(seconds * 1000)
      const now = await look(remote)
      terminal.show(screen(now, before, where, terminal.rows))
      before = now
    }
    return 0
  } finally {
    terminal.leave()
    remote.close()
  }
}

function positive(name: string, text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new UsageError(`--${name} takes a number above 0, not '${text}'`)
  return value
}

async function look(remote: Remote): Promise<Sample> {
  const [info, list] = await Promise.all([remote.info(...SECTIONS), remote.call('CLIENT', 'LIST')])
  const clients = String(list)
    .split('\n')
    .filter(line => line !== '')
    .map(line => pairs(line, ' '))
  return { at: performance.now(), info, clients }
}

/** The screen, and the keys that end it. */
class Terminal {
  isEnded = false
  readonly #isTerminal = process.stdout.isTTY === true
  readonly #end = new AbortController()

  constructor() {
    if (!this.#isTerminal) return
    process.stdout.write(ENTER)
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => this.#stop())
    if (!process.stdin.isTTY) return
    process.stdin.setRawMode(true)
    process.stdin.on('data', key => {
      if (key.includes('q') || key.includes('\x03')) this.#stop()
    })
  }

  get rows(): number {
    return this.#isTerminal ? process.stdout.rows : ROWS
  }

  #stop(): void {
    this.isEnded = true
    this.#end.abort()
  }

  /** Waits, or not once it is to end. */
  async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#end.signal }).catch(() => undefined)
  }

  show(lines: readonly string[]): void {
    if (!this.#isTerminal) {
      process.stdout.write(`${lines.map(line => line.trimEnd()).join('\n')}\n\n`)
      return
    }
    const cut = lines.map(line => line.slice(0, process.stdout.columns) + REST_OF_LINE)
    process.stdout.write(HOME + cut.join('\r\n') + REST_OF_SCREEN)
  }

  leave(): void {
    if (!this.#isTerminal) return
    if (process.stdin.isTTY) {
      process.stdin.setRawMode(false)
      process.stdin.pause()
    }
    process.stdout.write(LEAVE)
  }
}
