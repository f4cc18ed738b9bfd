// Runs redis-benchmark against servers in turn, and adds what the server spent on each operation.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { ServerKind, TestServer } from '../../test/support/server.ts'
import { cpuMicroseconds } from './process.ts'
import type { Settings } from './servers.ts'

const run = promisify(execFile)

/** What redis-benchmark is to do; the command is a name of its own (`-t`) or words to send as they are. */
export type Load = {
  readonly test?: string
  readonly words?: readonly string[]
  readonly pipeline: number
  readonly clients?: number
  /** How many keys are drawn from (`__rand_int__`). */
  readonly keyspace?: number
  readonly valueBytes?: number
}

/** One run: operations a second, µs of the server's processor time for each, and the slowest reply in a hundred. */
export type Figures = { readonly perSecond: number; readonly cpuMicroseconds: number; readonly p99Ms: number }

/** Runs the load once with `count` operations. */
export async function benchmark(server: TestServer, load: Load, count: number): Promise<Figures> {
  const args = ['-h', '127.0.0.1', '-p', String(server.port), '-c', String(load.clients ?? 50), '-n', String(count)]
  args.push('-P', String(load.pipeline), '-d', String(load.valueBytes ?? 64), '--csv')
  if (load.keyspace !== undefined) args.push('-r', String(load.keyspace))
  if (load.test !== undefined) args.push('-t', load.test)
  else args.push(...(load.words ?? []))
  const before = cpuMicroseconds(server.pid)
  const { stdout } = await run('redis-benchmark', args, { maxBuffer: 1 << 26 })
  const spent = cpuMicroseconds(server.pid) - before
  // "test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"
  const line = stdout.trim().split('\n').at(-1) ?? ''
  const cells = line.split('","').map(cell => Number(cell.replaceAll('"', '')))
  if (!(cells[1] > 0)) throw new Error(`redis-benchmark ${args.join(' ')}: ${stdout}`)
  return { perSecond: cells[1], cpuMicroseconds: spent / count, p99Ms: cells[6] }
}

/** How long a server runs a load before it is measured: by then its code is compiled. */
const WARM_SECONDS = 2

/** Runs the load until the server is warm. Returns about how many operations a second it does then. */
export async function warmUp(
  server: TestServer,
  load: Load,
  prepare?: (server: TestServer, count: number) => Promise<void>,
): Promise<number> {
  // Long enough to tell the speed, short beside the measurement.
  let count = load.pipeline * 1000
  let perSecond = 0
  for (let spent = 0; spent < WARM_SECONDS; spent += count / perSecond) {
    if (perSecond > 0) count = Math.ceil((perSecond * WARM_SECONDS) / 2)
    await prepare?.(server, count)
    perSecond = (await benchmark(server, load, count)).perSecond
  }
  return perSecond
}

/**
 * The load on every server in turn, A B A B, so that whatever else the machine does falls on both.
 * `prepare` runs before each measurement (for lists that the measured command empties).
 */
export async function inTurn(
  servers: readonly TestServer[],
  settings: Settings,
  load: Load,
  prepare?: (server: TestServer, count: number) => Promise<void>,
): Promise<Partial<Record<ServerKind, Figures[]>>> {
  const figures: Partial<Record<ServerKind, Figures[]>> = {}
  let count = 0
  for (const server of servers) {
    count = Math.max(count, Math.ceil((await warmUp(server, load, prepare)) * settings.seconds))
  }
  for (let round = 0; round < settings.rounds; round++) {
    for (const server of servers) {
      await prepare?.(server, count)
      figures[server.kind] = [...(figures[server.kind] ?? []), await benchmark(server, load, count)]
    }
  }
  return figures
}
