import { describe, expect, test } from 'vitest'
import { countAlone, countInTransaction, fromManyConnections } from '../../examples/counters.ts'
import { SERVERS, useServer } from '../support/each-server.ts'

describe.each(SERVERS)('counters on %s', kind => {
  const server = useServer(kind)

  test('without a transaction others are seen half-way', async () => {
    // Long enough for all to have started: a wait, not a measurement.
    const seen = await fromManyConnections(server.redis, 5, 1, redis => countAlone(redis, 'alone', 300))
    expect(Math.max(...seen)).toBeGreaterThan(1)
    expect(await server.redis.get('alone')).toBe('0')
  })

  test('in a transaction the counter is never above 1', async () => {
    const seen = await fromManyConnections(server.redis, 10, 100, redis => countInTransaction(redis, 'together'))
    expect(seen).toEqual(Array(1000).fill(1))
    expect(await server.redis.get('together')).toBe('0')
  })
})
