// The two servers a bench compares: redis-server (where installed) and skep, without persistence, on loopback.

import { redisVersion, type ServerKind, startServer, type TestServer } from '../../test/support/server.ts'

/** What the command line of the bench says. */
export type Settings = {
  /** How often a measurement is repeated on each server, in turn. */
  readonly rounds: number
  /** About how long one measurement lasts. */
  readonly seconds: number
  /** skep's shards; undefined leaves skep's own default. */
  readonly shards: number | undefined
  /** Multiplies the sizes of data sets; 1 for figures worth keeping, less to try a suite out. */
  readonly scale: number
}

/** The kinds of server that can be measured here, redis-server first. */
export function kinds(): readonly ServerKind[] {
  return redisVersion() === undefined ? ['skep'] : ['redis', 'skep']
}

/** Starts a server for measuring. */
export function startForBench(kind: ServerKind, settings: Settings, args: readonly string[] = []): Promise<TestServer> {
  return startServer(kind, { args: ['--appendonly', 'no', ...args], shards: settings.shards })
}

/** Runs `measure` on a fresh server of each kind, one after the other, and ends the server whatever happens. */
export async function onEach<T>(
  settings: Settings,
  measure: (server: TestServer) => Promise<T>,
  args: readonly string[] = [],
): Promise<Partial<Record<ServerKind, T>>> {
  const values: Partial<Record<ServerKind, T>> = {}
  for (const kind of kinds()) {
    const server = await startForBench(kind, settings, args)
    try {
      values[kind] = await measure(server)
    } finally {
      await server.stop()
    }
  }
  return values
}

/** Runs `body` with a server of each kind up at the same time, and ends them whatever happens. */
export async function withAll(
  settings: Settings,
  body: (servers: readonly TestServer[]) => Promise<void>,
  args: readonly string[] = [],
): Promise<void> {
  const servers: TestServer[] = []
  try {
    for (const kind of kinds()) servers.push(await startForBench(kind, settings, args))
    await body(servers)
  } finally {
    for (const server of servers) await server.stop()
  }
}
