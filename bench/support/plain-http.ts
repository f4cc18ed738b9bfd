// What people write who want commands over HTTP and have no gateway: fastify in front of ioredis in front of a
// redis-server. Arguments: the port to listen on, the port of the redis-server.

import fastify from 'fastify'
import { Redis } from 'ioredis'

const [port, redisPort] = process.argv.slice(2).map(Number)
const redis = new Redis(redisPort, '127.0.0.1')
const app = fastify()

type Words = [string, ...string[]]

app.post<{ Body: Words }>('/', async ({ body }) => ({ result: await redis.call(...body) }))

app.post<{ Body: Words[] }>('/pipeline', async ({ body }) => {
  const pipeline = redis.pipeline()
  for (const words of body) pipeline.call(...words)
  const results = (await pipeline.exec()) ?? []
  return results.map(([error, result]) => (error === null ? { result } : { error: error.message }))
})

await app.listen({ port, host: '127.0.0.1' })
console.log('listening')
