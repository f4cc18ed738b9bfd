// For tests that hold for Redis as well as for skep: they run on both, where redis-server is installed.

import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { redisVersion, type ServerKind, startServer, type TestServer } from './server.ts'

/** The servers to try such tests on. */
export const SERVERS: readonly ServerKind[] = redisVersion() === undefined ? ['skep'] : ['skep', 'redis']

/** A server for the tests of the `describe` that calls this, empty before each of them, and a connection to it. */
export function useServer(kind: ServerKind): { readonly redis: Redis; readonly port: number } {
  let server: TestServer | undefined
  let redis: Redis | undefined
  beforeAll(async () => {
    server = await startServer(kind, { shards: 3 })
    redis = new Redis(server.port)
  })
  beforeEach(async () => {
    await redis?.flushall()
  })
  afterAll(async () => {
    redis?.disconnect()
    await server?.stop()
  })
  return {
    get redis() {
      return redis as Redis
    },
    get port() {
      return server?.port ?? 0
    },
  }
}
