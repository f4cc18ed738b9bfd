// DUMP payloads: Redis's own bytes in and out, and damaged ones, which must be refused or be sound, and leave nothing.

import { describe, expect, test } from 'vitest'
import { SETTING } from '../../../src/config/settings.ts'
import { requestOf } from '../../../src/protocol/request.ts'
import { ENCODING, type EntryRef, entryEncoding, entryType, entryValue, TYPE } from '../../../src/store/entry.ts'
import { hashCheck } from '../../../src/store/hash-ops.ts'
import { quicklistCheck } from '../../../src/store/quicklist-check.ts'
import { ValueEncoder } from '../../../src/store/rdb/encode.ts'
import { payloadOf, payloadSkipChecksum } from '../../../src/store/rdb/payload.ts'
import { RdbSink } from '../../../src/store/rdb/sink.ts'
import { setCheck } from '../../../src/store/set.ts'
import { zsetCheck } from '../../../src/store/zset.ts'
import { errorReply, parseFrame, plain } from '../../support/frame.ts'
import { type TestKeyspace, testKeyspace } from '../../support/keyspace.ts'
import { chooseSeed, randomFrom } from '../../support/random.ts'
import { bytesOf, COMPRESSED, DUMPS } from './fixtures.ts'

const MEGABYTE = 2 ** 20

function entryOf(k: TestKeyspace, key: string): EntryRef {
  const entry = k.engine.shards[0].peek(requestOf(['', key]), 1)
  if (entry === 0) throw new Error(`no key ${key}`)
  return entry
}

function dump(k: TestKeyspace, key: string): string {
  k.call('DUMP', key)
  const frame = parseFrame(Buffer.from(k.reply.u8.subarray(0, k.reply.length)), 0)
  if (frame === undefined) throw new Error('no whole reply')
  return (plain(frame, true) as Buffer).toString('hex')
}

function checkValue(k: TestKeyspace, key: string): void {
  const { m } = k.engine.shards[0]
  const entry = entryOf(k, key)
  const type = entryType(m, entry)
  if (type === TYPE.LIST) quicklistCheck(m, entryValue(m, entry))
  else if (type === TYPE.SET) setCheck(m, entry)
  else if (type === TYPE.ZSET) zsetCheck(m, entry)
  else if (type === TYPE.HASH) hashCheck(m, entry)
}

describe('payloads of redis-server', () => {
  test.each(DUMPS)('%s comes back as the same bytes', (key, hex) => {
    const k = testKeyspace(1, 64 * MEGABYTE)
    k.engine.settings[SETTING.rdbcompression] = 0
    // The thresholds that made these two what they are.
    if (key === 'skiplist') k.engine.settings[SETTING.zsetMaxListpackEntries] = 0
    if (key === 'table') k.engine.settings[SETTING.hashMaxListpackEntries] = 0
    expect(k.call('RESTORE', key, 0, bytesOf(hex))).toBe('OK')
    checkValue(k, key)
    expect(dump(k, key)).toBe(hex)
  })

  test('a compressed string is read, and compressed again', () => {
    const k = testKeyspace(1, 64 * MEGABYTE)
    k.call('RESTORE', 'key', 0, bytesOf(COMPRESSED))
    expect(k.call('GET', 'key')).toBe('x'.repeat(100))
    const again = dump(k, 'key')
    expect(again.slice(0, 4)).toBe(COMPRESSED.slice(0, 4))
    expect(again.length).toBeLessThan(2 * 40)
    expect(k.call('RESTORE', 'other', 0, bytesOf(again))).toBe('OK')
    expect(k.call('GET', 'other')).toBe('x'.repeat(100))
  })

  test('a wrong checksum, a later version and a short payload are refused', () => {
    const k = testKeyspace(1, 64 * MEGABYTE)
    const good = bytesOf(DUMPS[0][1])
    const wrong = errorReply('ERR DUMP payload version or checksum are wrong')
    for (const at of [0, 5, good.length - 1]) {
      const bad = new Uint8Array(good)
      bad[at] ^= 1
      expect(k.call('RESTORE', 'key', 0, bad)).toEqual(wrong)
    }
    const later = new Uint8Array(good)
    later[good.length - 10] = 11
    payloadSkipChecksum(k.engine.shards[0].m, true)
    expect(k.call('RESTORE', 'key', 0, later)).toEqual(wrong)
    expect(k.call('RESTORE', 'key', 0, good.subarray(0, 9))).toEqual(wrong)
    expect(k.call('RESTORE', 'key', 0, good.subarray(good.length - 10))).toEqual(errorReply('ERR Bad data format'))
    expect(k.call('EXISTS', 'key')).toBe(0)
  })
})

describe('values of many elements', () => {
  const k = testKeyspace(1, 64 * MEGABYTE)
  const names = Array.from({ length: 3000 }, (_, i) => `element ${i}`)
  k.call('RPUSH', 'list', ...names)
  k.call('SADD', 'set', ...names)
  k.call('ZADD', 'zset', ...names.flatMap((name, i) => [i / 3, name]))
  k.call('HSET', 'hash', ...names.flatMap((name, i) => [name, i]))

  test.each(['list', 'set', 'zset', 'hash'])('a %s written in steps of one is what it is written at once', key => {
    const { m } = k.engine.shards[0]
    const payload = payloadOf(m, entryOf(k, key), true)
    const whole = Buffer.from(payload.u8.subarray(0, payload.length))
    const encoder = new ValueEncoder()
    const sink = new RdbSink(16)
    const pieces: Buffer[] = []
    encoder.start(m, entryOf(k, key), sink)
    sink.byte(encoder.type)
    let steps = 1
    for (; !encoder.step(1); steps++) {
      pieces.push(Buffer.from(sink.u8.subarray(0, sink.length)))
      sink.length = 0
    }
    pieces.push(Buffer.from(sink.u8.subarray(0, sink.length)))
    const foot = 10
    expect(Buffer.concat(pieces).equals(whole.subarray(0, whole.length - foot))).toBe(true)
    expect(steps).toBeGreaterThan(key === 'list' ? 3 : 3000)
  })

  test.each(['list', 'set', 'zset', 'hash'])('a %s survives DUMP and RESTORE', key => {
    const read: Record<string, string[]> = {
      list: ['LRANGE', key, '0', '-1'],
      set: ['SMEMBERS', key],
      zset: ['ZRANGE', key, '0', '-1', 'WITHSCORES'],
      hash: ['HGETALL', key],
    }
    const sorted = (): unknown => (k.call(...read[key]) as string[]).toSorted()
    const before = sorted()
    expect(k.call('RESTORE', key, 0, bytesOf(dump(k, key)), 'REPLACE')).toBe('OK')
    checkValue(k, key)
    expect(sorted()).toEqual(before)
    k.check()
  })
})

test('hash fields keep their times to live, in the form of Redis 7.4', () => {
  const k = testKeyspace(1, 64 * MEGABYTE)
  k.call('HSET', 'hash', 'a', '1', 'b', '2', 'c', '3')
  k.call('HPEXPIREAT', 'hash', k.now + 5000, 'FIELDS', 1, 'a')
  k.call('HPEXPIREAT', 'hash', k.now + 9000, 'FIELDS', 1, 'c')
  const hex = dump(k, 'hash')
  expect(hex.slice(0, 2)).toBe('18')
  expect(k.call('RESTORE', 'hash', 0, bytesOf(hex), 'REPLACE')).toBe('OK')
  expect(k.call('HPEXPIRETIME', 'hash', 'FIELDS', 3, 'a', 'b', 'c')).toEqual([k.now + 5000, -1, k.now + 9000])
  checkValue(k, 'hash')
})

test('damaged payloads are refused or sound, never more than that, and no memory is lost', () => {
  const seed = chooseSeed()
  const random = randomFrom(seed)
  const k = testKeyspace(1, 64 * MEGABYTE)
  const { m } = k.engine.shards[0]
  payloadSkipChecksum(m, true)
  const dumps = DUMPS.map(([, hex]) => bytesOf(hex))
  const before = k.engine.shards[0].usedBytes
  let refused = 0
  for (let i = 0; i < 3000; i++) {
    const bytes = new Uint8Array(random.pick(dumps))
    const body = bytes.length - 10
    for (let flips = random.int(1, 3); flips > 0; flips--) {
      const at = random.int(0, body - 1)
      bytes[at] = random.pick([bytes[at] ^ (1 << random.int(0, 7)), 0xff, 0, random.int(0, 255)])
    }
    const what = `seed ${seed}, payload ${Buffer.from(bytes).toString('hex')}`
    const reply = k.call('RESTORE', 'key', 0, bytes)
    if (reply === 'OK') {
      checkValue(k, 'key')
      dump(k, 'key')
      if (entryEncoding(m, entryOf(k, 'key')) === ENCODING.STREAM) k.call('XRANGE', 'key', '-', '+')
      k.call('DEL', 'key')
    } else {
      refused++
      expect(reply, what).toEqual(errorReply('ERR Bad data format'))
    }
    expect(k.engine.shards[0].usedBytes, what).toBe(before)
  }
  expect(refused).toBeGreaterThan(1000)
  k.check()
})
