// Starts a skep or a redis-server for a test and waits until it serves.
//
// Every server has a folder of its own, listens on 127.0.0.1 on a port that was free, and ends with the test process
// at the latest. SKEP_SERVER in the environment puts another command (absolute paths, parted by blanks) in the
// place of the source tree's skep.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { RespClient } from './client.ts'

/** Which program serves. */
export type ServerKind = 'skep' | 'redis'

/** What may be asked of a server that is started; everything has a default. */
export type ServerOptions = {
  /** More of redis-server's command line; it comes after, and so overrides, what every test server gets. */
  readonly args?: readonly string[]
  /** Lines of a configuration file to start with. */
  readonly config?: readonly string[]
  /** The folder to work in. Left in place when given; else a fresh one, removed by `stop`. */
  readonly dir?: string
  /** How many shards skep gets; redis-server has none. */
  readonly shards?: number
  /** The port, for a server that must come back where it was. */
  readonly port?: number
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>
  readonly readyMsMax?: number
}

/** How a server ended. */
export type ServerEnd = { readonly code: number | null; readonly signal: NodeJS.Signals | null }

/** A running server. */
export type TestServer = {
  readonly kind: ServerKind
  readonly port: number
  readonly pid: number
  readonly dir: string
  readonly process: ChildProcess
  /** All it has written to stdout and stderr so far. */
  output(): string
  /** Resolves once the output matches; rejects when the server ends first or after `timeoutMs`. */
  logged(pattern: RegExp, timeoutMs?: number): Promise<void>
  /** Resolves when the process has ended. */
  readonly ended: Promise<ServerEnd>
  connect(): Promise<RespClient>
  /** Sends the signal (SIGTERM unless told otherwise), SIGKILL after half a minute, and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<ServerEnd>
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const READY = /Ready to accept connections/
const READY_MS_MAX = 60_000
const STOP_MS_MAX = 30_000
const LOGGED_MS_MAX = 30_000
/** Below the ports that Linux gives to connections, so that none of them takes a free one before a server does. */
const PORTS = { FIRST: 12_000, COUNT: 20_000 }
const PORT_ATTEMPTS_MAX = 10

/** Servers that still run, to be ended should the test process end without having stopped them. */
const running = new Map<ChildProcess, string | undefined>()

process.on('exit', () => {
  for (const [child, dir] of running) {
    child.kill('SIGKILL')
    if (dir !== undefined) rmSync(dir, { recursive: true, force: true })
  }
})

let endsOnSignals = false

/** Makes a signal that ends this process run its 'exit' handlers, which end what it has started. */
export function endOnSignals(): void {
  if (endsOnSignals) return
  endsOnSignals = true
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => process.exit(128 + constants.signals[signal]))
  }
}

/** The Node that the project depends on, or the one that runs now. */
export function projectNode(): string {
  const own = join(ROOT, 'node_modules', '.bin', 'node')
  return existsSync(own) ? own : process.execPath
}

/** The words that start a server of this kind, before its options. */
export function serverCommand(kind: ServerKind): readonly string[] {
  if (kind === 'redis') return [process.env.REDIS_SERVER ?? 'redis-server']
  const other = process.env.SKEP_SERVER
  if (other !== undefined && other !== '') return other.split(' ')
  return [projectNode(), join(ROOT, 'src', 'cli.ts')]
}

/** The version of the redis-server to compare with, such as '7.0.15'; undefined when none is installed. */
export function redisVersion(): string | undefined {
  const run = spawnSync(serverCommand('redis')[0], ['--version'], { encoding: 'utf8' })
  return run.status === 0 ? /v=(\S+)/.exec(run.stdout)?.[1] : undefined
}

/** A port on 127.0.0.1 that was free just now. */
export async function freePort(): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const port = PORTS.FIRST + Math.floor(Math.random() * PORTS.COUNT)
    try {
      await probe(port)
      return port
    } catch (error) {
      if (attempt === PORT_ATTEMPTS_MAX) throw error
    }
  }
}

/** Listens on a port for a moment; rejects when it is taken. */
function probe(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => server.close(() => resolve()))
  })
}

/** Starts a server and resolves once it accepts connections; rejects with its output when it does not. */
export async function startServer(kind: ServerKind, options: ServerOptions = {}): Promise<TestServer> {
  for (let attempt = 1; ; attempt++) {
    const server = await launch(kind, options)
    try {
      await server.logged(READY, options.readyMsMax ?? READY_MS_MAX)
      return server
    } catch (error) {
      const taken = /Failed listening on port|Address already in use/.test(server.output())
      await server.stop('SIGKILL')
      // Another test may have taken the port between the probe and the start.
      if (!taken || options.port !== undefined || attempt === PORT_ATTEMPTS_MAX) throw error
    }
  }
}

/** Starts a server without waiting: for one that is expected to refuse its configuration or to load for long. */
export async function launch(kind: ServerKind, options: ServerOptions = {}): Promise<TestServer> {
  endOnSignals()
  const port = options.port ?? (await freePort())
  const ownDir = options.dir === undefined ? mkdtempSync(join(tmpdir(), `skep-test-${kind}-`)) : undefined
  const dir = options.dir ?? ownDir ?? ''
  const words = [...serverCommand(kind), ...commandLine(kind, port, dir, options)]
  const child = spawn(words[0], words.slice(1), {
    cwd: dir,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.set(child, ownDir)

  let output = ''
  const keep = (chunk: Buffer): void => {
    output += chunk.toString()
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)

  const ended = new Promise<ServerEnd>(resolve => {
    child.on('error', error => {
      output += String(error)
      running.delete(child)
      resolve({ code: null, signal: null })
    })
    // 'close' rather than 'exit': by then all output has been read.
    child.on('close', (code, signal) => {
      running.delete(child)
      resolve({ code, signal })
    })
  })
  let hasEnded = false
  void ended.then(() => {
    hasEnded = true
  })

  return {
    kind,
    port,
    pid: child.pid ?? -1,
    dir,
    process: child,
    output: () => output,
    ended,
    async logged(pattern, timeoutMs = LOGGED_MS_MAX) {
      const deadline = Date.now() + timeoutMs
      while (!pattern.test(output)) {
        if (hasEnded) throw new Error(`${words.join(' ')} ended before it logged ${pattern}:\n${output}`)
        if (Date.now() > deadline) throw new Error(`${words.join(' ')} did not log ${pattern} in time:\n${output}`)
        await sleep(5)
      }
    },
    connect: () => RespClient.connect({ port }),
    async stop(signal = 'SIGTERM') {
      child.kill(signal)
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX)
      const end = await ended
      clearTimeout(timer)
      if (ownDir !== undefined) rmSync(ownDir, { recursive: true, force: true })
      return end
    },
  }
}

function commandLine(kind: ServerKind, port: number, dir: string, options: ServerOptions): string[] {
  const words: string[] = []
  if (options.config !== undefined) {
    const path = join(dir, 'test.conf')
    writeFileSync(path, `${options.config.join('\n')}\n`)
    words.push(path)
  }
  words.push('--port', String(port), '--bind', '127.0.0.1', '--dir', dir)
  words.push('--save', '', '--enable-debug-command', 'yes')
  if (kind === 'skep' && options.shards !== undefined) words.push('--shards', String(options.shards))
  words.push(...(options.args ?? []))
  return words
}
