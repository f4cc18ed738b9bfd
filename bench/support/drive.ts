// Closed-loop load that redis-benchmark cannot make: several connections, each sending one prepared batch of commands
// after the other. What the server spends on a batch is counted too, since the client here is no match for it in speed.

import { type Argument, encodeCommand } from '../../test/support/client.ts'
import type { ServerKind, TestServer } from '../../test/support/server.ts'
import { LoadClient } from './load-client.ts'
import { cpuMicroseconds } from './process.ts'
import type { Row } from './report.ts'
import type { Settings } from './servers.ts'

export type Driven = { readonly perSecond: number; readonly cpuMicroseconds: number }

/** Sends `batch(i)` over connection `i`, again and again, for so long. Figures are for one batch. */
export async function drive(
  server: TestServer,
  connections: number,
  seconds: number,
  batch: (connection: number) => readonly (readonly Argument[])[],
): Promise<Driven> {
  const clients = await Promise.all(Array.from({ length: connections }, () => LoadClient.connect(server.port)))
  const before = cpuMicroseconds(server.pid)
  const started = performance.now()
  const end = started + 1000 * seconds
  let count = 0
  await Promise.all(
    clients.map(async (client, i) => {
      const commands = batch(i)
      const bytes = Buffer.concat(commands.map(encodeCommand))
      while (performance.now() < end) {
        await client.send(bytes, commands.length)
        count++
      }
    }),
  )
  const spentMs = performance.now() - started
  const cpu = cpuMicroseconds(server.pid) - before
  for (const client of clients) client.close()
  return { perSecond: (1000 * count) / spentMs, cpuMicroseconds: cpu / count }
}

/** Adds a row for what was measured to each of two tables: how often a second, and at what cost for the server's processor. */
export function addRows(
  speed: Row[],
  cost: Row[],
  { what, goal, each = 1 }: { what: string; goal?: string; each?: number },
  figures: Partial<Record<ServerKind, Driven[]>>,
): void {
  const values = (read: (figure: Driven) => number) => ({
    redis: figures.redis?.map(read),
    skep: figures.skep?.map(read),
  })
  speed.push({ what, unit: '1/s', ...values(({ perSecond }) => perSecond * each), goal })
  cost.push({ what, unit: 'µs', ...values(({ cpuMicroseconds }) => cpuMicroseconds / each) })
}

/** Measures every server in turn, A B A B, `settings.rounds` times; once more before that for warming up. */
export async function measureInTurn<T>(
  servers: readonly TestServer[],
  settings: Settings,
  measure: (server: TestServer) => Promise<T>,
): Promise<Partial<Record<ServerKind, T[]>>> {
  const figures: Partial<Record<ServerKind, T[]>> = {}
  for (const server of servers) await measure(server)
  for (let round = 0; round < settings.rounds; round++) {
    for (const server of servers) figures[server.kind] = [...(figures[server.kind] ?? []), await measure(server)]
  }
  return figures
}
