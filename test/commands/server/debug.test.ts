import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { SERVERS, useServer } from '../../support/each-server.ts'

describe.each(SERVERS)('DEBUG on %s', kind => {
  const server = useServer(kind)

  test('OBJECT and SDSLEN show what has expired and is still there', async () => {
    const { redis } = server
    await redis.call('DEBUG', 'SET-ACTIVE-EXPIRE', '0')
    await redis.set('key', 'value', 'PX', 1)
    await sleep(20)
    expect(await redis.call('DEBUG', 'OBJECT', 'key')).toContain('encoding:embstr')
    expect(await redis.call('DEBUG', 'SDSLEN', 'key')).toContain('val_sds_len:5')
    expect(await redis.get('key')).toBe(null)
    await expect(redis.call('DEBUG', 'OBJECT', 'key')).rejects.toThrow(/no such key/)
    await redis.call('DEBUG', 'SET-ACTIVE-EXPIRE', '1')
  })
})
