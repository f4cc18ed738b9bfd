// Runs an example as a program: on the server that REDIS_URL names, or on a skep started for it in this process.
//
// Without REDIS_URL nothing of yours is touched: the server listens on a free port and is gone when the example ends.

import { Redis } from 'ioredis'
import { startServer } from '../../src/index.ts'

/** Calls `body` with a connection; ends the connection, and the server if it was started here. */
export async function demonstrate(body: (redis: Redis) => Promise<void>): Promise<void> {
  const given = process.env.REDIS_URL
  const server = given === undefined ? await startServer() : undefined
  // One attempt: who runs an example would rather read that nobody is there than wait.
  const redis = new Redis(given ?? server?.url ?? '', { lazyConnect: true, retryStrategy: () => null })
  redis.on('error', error => console.error(`${given ?? 'skep'}: ${error.message}`))
  try {
    await redis.connect()
    await body(redis)
  } finally {
    redis.disconnect()
    await server?.close()
  }
}
