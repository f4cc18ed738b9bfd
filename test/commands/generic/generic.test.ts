// Commands on keys whatever they hold: what they leave behind, on one shard and on several.

import { describe, expect, test } from 'vitest'
import { MAXMEMORY_POLICY, SETTING } from '../../../src/config/settings.ts'
import { NOTIFY } from '../../../src/store/engine.ts'
import { payloadSkipChecksum } from '../../../src/store/rdb/payload.ts'
import { errorReply } from '../../support/frame.ts'
import { type TestKeyspace, testKeyspace } from '../../support/keyspace.ts'

const DAY = 86_400_000

const events = (k: TestKeyspace): string[] =>
  k.engine.notices.map(({ event, key, db }) => `${db} ${event} ${Buffer.from(key).toString()}`)

function withEvents(shards = 3): TestKeyspace {
  const k = testKeyspace(shards, 64 * 2 ** 20)
  k.engine.settings[SETTING.notifyKeyspaceEvents] = NOTIFY.GENERIC | NOTIFY.EXPIRED | NOTIFY.NEW
  return k
}

/** One key of each type, the same on every shard count. */
function fill(k: TestKeyspace): void {
  k.call('SET', 'string', 'value')
  k.call('SET', 'long', 'x'.repeat(5000))
  k.call('RPUSH', 'list', 'a', 'b', 'c')
  k.call('SADD', 'intset', 1, 2, 3)
  k.call('SADD', 'set', 'a', 'b')
  k.call('ZADD', 'zset', 1, 'a', 2, 'b')
  k.call('ZADD', 'skiplist', ...Array.from({ length: 300 }, (_, i) => [i, `member ${i}`]).flat())
  k.call('HSET', 'hash', 'field', 'value')
  k.call('HSET', 'table', 'field', 'y'.repeat(200))
  k.call('XADD', 'stream', '1-1', 'field', 'value')
}

const TYPES = ['string', 'long', 'list', 'intset', 'set', 'zset', 'skiplist', 'hash', 'table', 'stream']

const digest = (k: TestKeyspace, key: string): string => {
  k.call('DUMP', key)
  return Buffer.from(k.reply.u8.subarray(0, k.reply.length)).toString('hex')
}

describe('RENAME, COPY and MOVE', () => {
  // With 3 shards, some of these names lie on another shard than `target`, and some on the same.
  test.each(TYPES)('a %s is the same under another name, and takes no memory twice', key => {
    for (const shards of [1, 3]) {
      const k = withEvents(shards)
      const used = (): number => k.engine.shards.reduce((sum, shard) => sum + shard.usedBytes, 0)
      const before = used()
      fill(k)
      k.call('PEXPIREAT', key, k.now + DAY)
      const value = digest(k, key)
      const filled = used()
      for (const target of ['target', 'b', 'c', 'd', key]) {
        k.call('RENAME', key, target)
        expect(digest(k, target)).toBe(value)
        expect(k.call('PEXPIRETIME', target)).toBe(k.now + DAY)
        k.call('RENAME', target, key)
      }
      expect(digest(k, key)).toBe(value)
      expect(used()).toBeLessThan(filled * 1.05)
      expect(k.call('COPY', key, 'copy')).toBe(1)
      expect(k.effects()).toEqual([`COPY ${key} copy`])
      expect(digest(k, 'copy')).toBe(value)
      expect(k.call('PEXPIRETIME', 'copy')).toBe(k.now + DAY)
      k.check()
      k.call('FLUSHALL')
      expect(used()).toBe(before)
    }
  })

  test('a rename says what became of both names, and replaces what was there', () => {
    const k = withEvents()
    k.call('SET', 'a', '1')
    k.call('RPUSH', 'b', 'x')
    expect(k.call('RENAME', 'a', 'b')).toBe('OK')
    expect(events(k)).toEqual(['0 new b', '0 rename_from a', '0 rename_to b'])
    expect(k.engine.dirty).toBe(1)
    expect(k.call('GET', 'b')).toBe('1')
    expect(k.call('RENAME', 'a', 'b')).toEqual(errorReply('ERR no such key'))
    expect(k.call('RENAME', 'b', 'b')).toBe('OK')
    expect(k.engine.dirty).toBe(0)
    k.call('SET', 'c', '2')
    expect(k.call('RENAMENX', 'b', 'c')).toBe(0)
    expect(k.call('RENAMENX', 'b', 'd')).toBe(1)
  })

  test('a copy into another database, and a move', () => {
    const k = withEvents()
    k.call('SET', 'a', '1', 'PXAT', k.now + DAY)
    expect(k.call('COPY', 'a', 'a')).toEqual(errorReply('ERR source and destination objects are the same'))
    expect(k.call('COPY', 'a', 'a', 'DB', 1)).toBe(1)
    expect(events(k)).toEqual(['1 new a', '1 copy_to a'])
    expect(k.call('COPY', 'a', 'a', 'DB', 1)).toBe(0)
    expect(k.call('COPY', 'a', 'a', 'DB', 1, 'REPLACE')).toBe(1)
    expect(k.call('COPY', 'a', 'b', 'DB', 16)).toEqual(errorReply('ERR DB index is out of range'))
    expect(k.call('MOVE', 'a', 1)).toBe(0)
    expect(k.call('MOVE', 'a', 2)).toBe(1)
    expect(events(k)).toEqual(['2 new a', '0 move_from a', '2 move_to a'])
    k.db = 2
    expect(k.call('PEXPIRETIME', 'a')).toBe(k.now + DAY)
    expect(k.call('MOVE', 'a', 2)).toEqual(errorReply('ERR source and destination objects are the same'))
    k.check()
  })

  test('the time of the last use comes along with a rename, but not with a copy', () => {
    const k = withEvents()
    k.call('SET', 'a', '1')
    k.now += 100_000
    k.call('COPY', 'a', 'c')
    expect(k.call('OBJECT', 'IDLETIME', 'c')).toBe(0)
    k.now += 50_000
    k.call('RENAME', 'c', 'd')
    expect(k.call('OBJECT', 'IDLETIME', 'd')).toBe(0)
    k.now += 50_000
    k.call('MOVE', 'd', 1)
    k.db = 1
    expect(k.call('OBJECT', 'IDLETIME', 'd')).toBe(0)
    k.now += 30_000
    expect(k.call('OBJECT', 'IDLETIME', 'd')).toBe(30)
    expect(k.call('TOUCH', 'd', 'none')).toBe(1)
    expect(k.call('OBJECT', 'IDLETIME', 'd')).toBe(0)
  })
})

describe('DEL and UNLINK', () => {
  test('count and tell what was there, once for each key', () => {
    const k = withEvents()
    fill(k)
    expect(k.call('DEL', 'string', 'none', 'list', 'string')).toBe(2)
    expect(events(k)).toEqual(['0 del string', '0 del list'])
    expect(k.engine.dirty).toBe(2)
    expect(k.call('UNLINK', 'none')).toBe(0)
    expect(k.effects()).toEqual([])
    expect(k.call('UNLINK', 'skiplist', 'hash')).toBe(2)
    expect(k.call('EXISTS', 'set', 'skiplist', 'set')).toBe(2)
    k.check()
  })
})

describe('times to live', () => {
  test('EXPIRE and its kin go out as PEXPIREAT, with their conditions', () => {
    const k = withEvents()
    k.call('SET', 'k', 'v')
    expect(k.call('EXPIRE', 'k', 10)).toBe(1)
    expect(k.effects()).toEqual([`PEXPIREAT k ${k.now + 10_000}`])
    expect(k.call('PEXPIRE', 'k', 20_000, 'GT')).toBe(1)
    expect(k.effects()).toEqual([`PEXPIREAT k ${k.now + 20_000} GT`])
    expect(k.call('EXPIREAT', 'k', 4_000_000_000, 'XX')).toBe(1)
    expect(k.effects()).toEqual(['PEXPIREAT k 4000000000000 XX'])
    expect(k.call('PEXPIREAT', 'k', 4_000_000_000_001)).toBe(1)
    expect(k.effects()).toEqual(['PEXPIREAT k 4000000000001'])
    expect(k.call('PERSIST', 'k')).toBe(1)
    expect(k.effects()).toEqual(['PERSIST k'])
    expect(k.call('PERSIST', 'k')).toBe(0)
  })

  test('conditions', () => {
    const k = withEvents()
    k.call('SET', 'k', 'v')
    const tries: readonly (readonly [string, number, string[]])[] = [
      ['XX', 0, []],
      ['GT', 0, []],
      ['LT', 1, []],
      ['NX', 0, []],
      ['GT', 0, ['XX']],
      ['LT', 0, ['XX']],
    ]
    for (const [condition, reply, more] of tries) {
      expect(k.call('EXPIRE', 'k', 100, condition, ...more), condition).toBe(reply)
    }
    expect(k.call('EXPIRE', 'k', 101, 'GT')).toBe(1)
    expect(k.call('EXPIRE', 'k', 100, 'LT')).toBe(1)
    expect(k.call('TTL', 'k')).toBe(100)
    const incompatible = 'ERR NX and XX, GT or LT options at the same time are not compatible'
    expect(k.call('EXPIRE', 'k', 1, 'NX', 'XX')).toEqual(errorReply(incompatible))
    expect(k.call('EXPIRE', 'k', 1, 'zz')).toEqual(errorReply('ERR Unsupported option zz'))
  })

  test('a time that has passed deletes, but not on a replica', () => {
    const k = withEvents()
    k.call('SET', 'k', 'v')
    expect(k.call('EXPIREAT', 'k', 1)).toBe(1)
    expect(k.effects()).toEqual(['DEL k'])
    expect(events(k)).toEqual(['0 del k'])
    k.call('SET', 'k', 'v')
    k.engine.deletesExpired = false
    expect(k.call('EXPIRE', 'k', -5)).toBe(1)
    expect(k.effects()).toEqual(['PEXPIREAT k 1699999995000'])
    expect(k.call('EXISTS', 'k')).toBe(0)
    expect(k.call('DBSIZE')).toBe(1)
  })

  test('a key whose time is up is deleted by whoever meets it, and that goes out', () => {
    const k = withEvents()
    for (const key of ['a', 'b', 'c', 'd', 'e']) k.call('SET', key, 'v', 'PX', 10)
    k.now += 10
    expect(k.call('GET', 'a')).toBe(null)
    expect(k.effects()).toEqual(['SELECT 0', 'DEL a'])
    expect(events(k)).toEqual(['0 expired a'])
    expect(k.call('KEYS', '*')).toEqual([])
    expect(k.call('DBSIZE')).toBe(4)
    expect(k.call('RANDOMKEY')).toBe(null)
    expect(k.call('DBSIZE')).toBe(0)
    k.check()
  })

  test('seconds are rounded to the nearest', () => {
    const k = withEvents()
    k.call('SET', 'k', 'v', 'PX', 1499)
    expect(k.call('TTL', 'k')).toBe(1)
    k.call('PEXPIRE', 'k', 1500)
    expect(k.call('TTL', 'k')).toBe(2)
    expect(k.call('TTL', 'none')).toBe(-2)
    k.call('PERSIST', 'k')
    expect([k.call('TTL', 'k'), k.call('PEXPIRETIME', 'k')]).toEqual([-1, -1])
    const invalid = errorReply("ERR invalid expire time in 'expire' command")
    expect(k.call('EXPIRE', 'k', '9223372036854775807')).toEqual(invalid)
    expect(k.call('EXPIRE', 'k', '-9223372036854775808')).toEqual(invalid)
  })
})

describe('databases', () => {
  test('a flush goes out even if there was nothing to flush, and says when it comes', () => {
    const k = withEvents()
    const flushed: number[] = []
    k.engine.onFlush = db => flushed.push(db)
    fill(k)
    expect(k.call('FLUSHDB', 'ASYNC')).toBe('OK')
    expect(k.engine.dirty).toBe(TYPES.length)
    expect(k.effects()).toEqual(['FLUSHDB ASYNC'])
    expect(k.call('FLUSHALL')).toBe('OK')
    expect(k.effects()).toEqual(['FLUSHALL'])
    expect(k.call('FLUSHDB', 'LATER')).toEqual(errorReply('ERR syntax error'))
    expect(flushed).toEqual([0, -1])
    k.check()
  })

  test('SWAPDB exchanges keys, times to live and all', () => {
    const k = withEvents()
    k.call('SET', 'a', '0', 'EX', 100)
    k.db = 1
    k.call('SET', 'a', '1')
    expect(k.call('SWAPDB', 0, 1)).toBe('OK')
    expect([k.call('GET', 'a'), k.call('TTL', 'a')]).toEqual(['0', 100])
    k.db = 0
    expect([k.call('GET', 'a'), k.call('TTL', 'a')]).toEqual(['1', -1])
    expect(k.call('SWAPDB', 0, 16)).toEqual(errorReply('ERR DB index is out of range'))
    expect(k.call('SWAPDB', 'x', 0)).toEqual(errorReply('ERR invalid first DB index'))
    k.check()
  })
})

describe('OBJECT and MEMORY', () => {
  test('each policy tells its own measure of use and refuses the other', () => {
    const k = withEvents()
    k.call('SET', 'k', '12')
    expect(String((k.call('OBJECT', 'FREQ', 'k') as { text: string }).text)).toMatch(/^ERR An LFU .* not selected/)
    k.engine.settings[SETTING.maxmemoryPolicy] = MAXMEMORY_POLICY.ALLKEYS_LFU
    k.call('SET', 'l', 'v')
    expect(k.call('OBJECT', 'FREQ', 'l')).toBe(5)
    expect(String((k.call('OBJECT', 'IDLETIME', 'k') as { text: string }).text)).toMatch(/^ERR An LFU .* is selected/)
    expect(k.call('OBJECT', 'REFCOUNT', 'k')).toBe(2147483647)
    expect(k.call('OBJECT', 'REFCOUNT', 'l')).toBe(1)
    expect(k.call('OBJECT', 'ENCODING', 'none')).toBe(null)
  })

  test('MEMORY USAGE grows with the value', () => {
    const k = withEvents()
    fill(k)
    const usage = (key: string): number => k.call('MEMORY', 'USAGE', key, 'SAMPLES', 0) as number
    for (const key of TYPES) expect(usage(key)).toBeGreaterThan(20)
    expect(usage('long')).toBeGreaterThan(5000)
    expect(usage('skiplist')).toBeGreaterThan(300 * 20)
    expect(k.call('MEMORY', 'USAGE', 'none')).toBe(null)
    expect(k.call('MEMORY', 'USAGE', 'list', 'SAMPLES', -1)).toEqual(errorReply('ERR syntax error'))
  })
})

describe('RESTORE', () => {
  const dumpOf = (k: TestKeyspace, key: string): Buffer => {
    k.call('DUMP', key)
    const text = Buffer.from(k.reply.u8.subarray(0, k.reply.length))
    return text.subarray(text.indexOf('\n') + 1, -2)
  }

  test('its time to live goes out as a time', () => {
    const k = withEvents()
    k.call('SET', 'a', 'v')
    const dump = dumpOf(k, 'a')
    expect(k.call('RESTORE', 'b', 1000, dump)).toBe('OK')
    expect(k.effects()[0]).toMatch(new RegExp(`^RESTORE b ${k.now + 1000} [^]* ABSTTL$`))
    expect(events(k)).toEqual(['0 new b', '0 restore b'])
    expect(k.call('PTTL', 'b')).toBe(1000)
    expect(k.call('RESTORE', 'b', 0, dump)).toEqual(errorReply('BUSYKEY Target key name already exists.'))
    expect(k.call('RESTORE', 'b', -1, dump, 'REPLACE')).toEqual(errorReply('ERR Invalid TTL value, must be >= 0'))
    expect(k.call('RESTORE', 'b', 1, dump, 'REPLACE', 'ABSTTL')).toBe('OK')
    expect(k.effects()).toEqual(['DEL b'])
    expect(k.call('EXISTS', 'b')).toBe(0)
    expect(k.call('RESTORE', 'b', 0, dump, 'IDLETIME', 100)).toBe('OK')
    expect(k.call('OBJECT', 'IDLETIME', 'b')).toBe(100)
    expect(k.call('RESTORE', 'c', 0, dump, 'FREQ', 256)).toEqual(
      errorReply('ERR Invalid FREQ value, must be >= 0 and <= 255'),
    )
  })

  test('a damaged payload leaves the key that it was to replace, and is reported', () => {
    const k = withEvents()
    const reports: string[] = []
    k.engine.onDamage = text => reports.push(text)
    k.call('SET', 'a', 'v')
    const dump = Buffer.from('1201020100' + '0a00' + '0000000000000000', 'hex')
    for (const { m } of k.engine.shards) payloadSkipChecksum(m, true)
    expect(k.call('RESTORE', 'a', 0, dump, 'REPLACE')).toEqual(errorReply('ERR Bad data format'))
    expect(k.call('GET', 'a')).toBe('v')
    expect(reports).toEqual(['Listpack integrity check failed.'])
  })
})
