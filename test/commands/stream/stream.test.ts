// Stream commands: what comparing replies with Redis does not show: generated ids, effects, the structure itself.

import { describe, expect, test } from 'vitest'
import { SETTING } from '../../../src/config/settings.ts'
import { arenaUsed } from '../../../src/store/arena.ts'
import { entryValue } from '../../../src/store/entry.ts'
import { graveyardStep } from '../../../src/store/graveyard.ts'
import type { StreamRef } from '../../../src/store/stream.ts'
import { streamCheck } from '../../../src/store/stream-value.ts'
import { errorReply } from '../../support/frame.ts'
import { type TestKeyspace, testKeyspace } from '../../support/keyspace.ts'
import { chooseSeed, randomFrom } from '../../support/random.ts'

const NOW = 1_700_000_000_000

/** Holds every stream of the keyspace against what its files promise. */
function checkStream(k: TestKeyspace, key: string): void {
  const bytes = new Uint8Array(Buffer.from(key))
  for (const shard of k.engine.shards) {
    const entry = shard.findKey(k.db, bytes, 0, bytes.length)
    if (entry !== 0) streamCheck(shard.m, entryValue(shard.m, entry) as StreamRef)
  }
}

describe('ids that XADD makes', () => {
  test('are the time and a sequence, and never go back', () => {
    const k = testKeyspace()
    expect(k.call('XADD', 's', '*', 'a', 1)).toBe(`${NOW}-0`)
    expect(k.call('XADD', 's', '*', 'a', 1)).toBe(`${NOW}-1`)
    k.now -= 5000
    expect(k.call('XADD', 's', '*', 'a', 1)).toBe(`${NOW}-2`)
    k.now += 5001
    expect(k.call('XADD', 's', '*', 'a', 1)).toBe(`${NOW + 1}-0`)
    expect(k.call('XADD', 's', `${NOW + 1}-*`, 'a', 1)).toBe(`${NOW + 1}-1`)
    expect(k.call('XADD', 's', `${NOW + 9}-*`, 'a', 1)).toBe(`${NOW + 9}-0`)
    checkStream(k, 's')
  })

  test('reach the next millisecond when a sequence is used up, and end with the highest id', () => {
    const k = testKeyspace()
    k.call('XADD', 's', `${NOW + 5}-18446744073709551615`, 'a', 1)
    expect(k.call('XADD', 's', '*', 'a', 1)).toBe(`${NOW + 6}-0`)
    k.call('XADD', 's', '18446744073709551615-18446744073709551614', 'a', 1)
    expect(k.call('XADD', 's', '*', 'a', 1)).toBe('18446744073709551615-18446744073709551615')
    expect(k.call('XADD', 's', '*', 'a', 1)).toEqual(
      errorReply('ERR The stream has exhausted the last possible ID, unable to add more items'),
    )
    checkStream(k, 's')
  })
})

describe('effects', () => {
  test('XADD passes on the id it chose, and keeps an id that was given', () => {
    const k = testKeyspace()
    k.call('XADD', 's', '*', 'a', 1)
    expect(k.effects()).toEqual([`XADD s ${NOW}-0 a 1`])
    k.call('XADD', 's', 'NOMKSTREAM', `${NOW}-*`, 'a', 1)
    expect(k.effects()).toEqual([`XADD s NOMKSTREAM ${NOW}-1 a 1`])
    k.call('XADD', 's', `${NOW}-7`, 'a', 1)
    expect(k.effects()).toEqual([`XADD s ${NOW}-7 a 1`])
  })

  test('approximate trimming is passed on as the exact one it came to', () => {
    const k = testKeyspace()
    k.engine.settings[SETTING.streamNodeMaxEntries] = 4
    for (let i = 1; i <= 10; i++) k.call('XADD', 's', `${i}-1`, 'a', 1)
    k.call('XADD', 's', 'MAXLEN', '~', 5, 'LIMIT', 100, '*', 'a', 1)
    expect(k.effects()).toEqual([`XADD s MAXLEN = 7 LIMIT 100 ${NOW}-0 a 1`])
    k.call('XTRIM', 's', 'MINID', '~', '9-1')
    expect(k.effects()).toEqual(['XTRIM s MINID = 9-1'])
    k.call('XTRIM', 's', 'MAXLEN', '~', 2)
    expect(k.effects()).toEqual([])
    k.call('XTRIM', 's', 'MAXLEN', 2)
    expect(k.effects()).toEqual(['XTRIM s MAXLEN 2'])
    checkStream(k, 's')
  })

  test('XREADGROUP is passed on as claims, with NOACK as the progress of the group', () => {
    const k = testKeyspace()
    for (let i = 1; i <= 3; i++) k.call('XADD', 's', `${i}-0`, 'a', i)
    k.call('XGROUP', 'CREATE', 's', 'g', 0)
    k.call('XREADGROUP', 'GROUP', 'g', 'alice', 'COUNT', 2, 'STREAMS', 's', '>')
    expect(k.effects()).toEqual([
      `XCLAIM s g alice 0 1-0 TIME ${NOW} RETRYCOUNT 1 FORCE JUSTID LASTID 1-0`,
      `XCLAIM s g alice 0 2-0 TIME ${NOW} RETRYCOUNT 1 FORCE JUSTID LASTID 2-0`,
    ])
    k.call('XREADGROUP', 'GROUP', 'g', 'alice', 'STREAMS', 's', 0)
    expect(k.effects()).toEqual([])
    k.call('XREADGROUP', 'GROUP', 'g', 'bob', 'NOACK', 'STREAMS', 's', '>')
    expect(k.effects()).toEqual(['XGROUP CREATECONSUMER s g bob', 'XGROUP SETID s g 3-0 ENTRIESREAD 3'])
    k.call('XREADGROUP', 'GROUP', 'g', 'carol', 'STREAMS', 's', '>')
    expect(k.effects()).toEqual([])
    expect(k.call('XINFO', 'CONSUMERS', 's', 'g')).toHaveLength(2)
  })

  test('claims are passed on with what they came to, lost entries with whose they were', () => {
    const k = testKeyspace()
    for (let i = 1; i <= 3; i++) k.call('XADD', 's', `${i}-0`, 'a', i)
    k.call('XGROUP', 'CREATE', 's', 'g', 0)
    k.call('XREADGROUP', 'GROUP', 'g', 'alice', 'STREAMS', 's', '>')
    k.now += 1000
    k.call('XCLAIM', 's', 'g', 'bob', 0, '1-0', '9-9', 'LASTID', '5-0')
    expect(k.effects()).toEqual([`XCLAIM s g bob 0 1-0 TIME ${NOW + 1000} RETRYCOUNT 2 FORCE JUSTID LASTID 5-0`])
    k.call('XCLAIM', 's', 'g', 'bob', 0, '9-9', 'LASTID', '6-0')
    expect(k.effects()).toEqual(['XGROUP SETID s g 6-0 ENTRIESREAD 3'])
    k.call('XDEL', 's', '2-0')
    k.call('XAUTOCLAIM', 's', 'g', 'carol', 0, 0, 'COUNT', 2)
    expect(k.effects()).toEqual([
      `XCLAIM s g carol 0 1-0 TIME ${NOW + 1000} RETRYCOUNT 3 FORCE JUSTID LASTID 6-0`,
      `XCLAIM s g alice 0 2-0 TIME ${NOW} RETRYCOUNT 1 FORCE JUSTID LASTID 6-0`,
    ])
    expect(k.call('XPENDING', 's', 'g')).toEqual([
      2,
      '1-0',
      '3-0',
      [
        ['alice', '1'],
        ['carol', '1'],
      ],
    ])
    checkStream(k, 's')
  })

  test('commands that find nothing to do leave none', () => {
    const k = testKeyspace()
    k.call('XADD', 's', '1-0', 'a', 1)
    k.call('XGROUP', 'CREATE', 's', 'g', 0)
    for (const idle of [
      ['XDEL', 's', '9-9'],
      ['XACK', 's', 'g', '1-0'],
      ['XGROUP', 'DESTROY', 's', 'none'],
      ['XGROUP', 'CREATE', 's', 'g', '0'],
      ['XCLAIM', 's', 'g', 'bob', '0', '1-0'],
      ['XAUTOCLAIM', 's', 'g', 'bob', '0', '0'],
      ['XADD', 'none', 'NOMKSTREAM', '*', 'a', '1'],
    ]) {
      k.call(...idle)
      expect(k.effects()).toEqual([])
    }
  })
})

describe('the structure behind the commands', () => {
  test.each([2, 10, 100])('holds through random commands with nodes of %i entries, and is freed whole', entries => {
    const seed = chooseSeed()
    const random = randomFrom(seed)
    const k = testKeyspace()
    const { m } = k.engine.shards[0]
    k.call('XADD', 's', '1-1', 'a', 1)
    k.call('DEL', 's')
    const before = arenaUsed(m)
    k.engine.settings[SETTING.streamNodeMaxEntries] = entries
    const consumer = (): string => random.pick(['alice', 'bob', 'al', 'carol'])
    let top = 1
    const some = (): string => `${random.int(1, top)}-0`
    try {
      for (let step = 0; step < 1500; step++) {
        const kind = random.int(0, 99)
        if (kind < 45) {
          top += random.int(1, 3)
          k.call('XADD', 's', `${top}-0`, ...(kind < 40 ? ['f', step] : ['x', 'y', 'z', step]))
        } else if (kind < 60) k.call('XDEL', 's', some(), some())
        else if (kind < 62) k.call('XTRIM', 's', 'MAXLEN', random.int(50, 200))
        else if (kind < 64) k.call('XTRIM', 's', 'MINID', '~', some())
        else if (kind < 66) k.call('XGROUP', 'CREATE', 's', random.pick(['g', 'h']), 0, 'MKSTREAM')
        else if (kind < 80) {
          const group = random.pick(['g', 'h'])
          k.call('XREADGROUP', 'GROUP', group, consumer(), 'COUNT', random.int(1, 20), 'STREAMS', 's', '>')
        } else if (kind < 88) k.call('XACK', 's', 'g', some(), some(), some())
        else if (kind < 93) k.call('XCLAIM', 's', 'g', consumer(), 0, some(), some(), 'FORCE')
        else if (kind < 96) k.call('XAUTOCLAIM', 's', 'g', consumer(), 0, some(), 'COUNT', 5)
        else if (kind < 98) k.call('XGROUP', 'DELCONSUMER', 's', 'g', consumer())
        else if (kind < 99) k.call('XGROUP', 'DESTROY', 's', 'h')
        else k.call('COPY', 's', 's2', 'REPLACE')
        if (step % 20 === 0) checkStream(k, 's')
      }
      checkStream(k, 's')
      k.call('COPY', 's', 's2', 'REPLACE')
      checkStream(k, 's2')
      for (const look of [
        ['XRANGE', '-', '+'],
        ['XPENDING', 'g'],
        ['XINFO', 'GROUPS'],
      ]) {
        const ask = (key: string): unknown =>
          look[0] === 'XINFO' ? k.call('XINFO', 'GROUPS', key) : k.call(look[0], key, ...look.slice(1))
        expect(ask('s2')).toEqual(ask('s'))
      }
      k.call('DEL', 's', 's2')
      expect(arenaUsed(m)).toBe(before)
      k.check()
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    }
  })

  test('a large stream that is unlinked goes in steps', () => {
    const k = testKeyspace()
    k.engine.settings[SETTING.streamNodeMaxEntries] = 2
    k.call('XADD', 's', '1-1', 'a', 1)
    k.call('DEL', 's')
    const { m } = k.engine.shards[0]
    const before = arenaUsed(m)
    for (let i = 1; i <= 1000; i++) k.call('XADD', 's', `${i}-1`, 'a', 1)
    k.call('XGROUP', 'CREATE', 's', 'g', 0)
    k.call('XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 's', '>')
    k.call('UNLINK', 's')
    expect(k.call('EXISTS', 's')).toBe(0)
    expect(arenaUsed(m)).toBeGreaterThan(before)
    let steps = 0
    while (graveyardStep(m, 100)) steps++
    expect(steps).toBeGreaterThan(10)
    expect(arenaUsed(m)).toBe(before)
  })

  test('an entry with many fields, numbers of every size and long texts reads back as it was', () => {
    const k = testKeyspace()
    const fields: string[] = []
    for (const n of ['0', '127', '128', '-1', '4095', '-4096', '32767', '-32769', '8388608', '2147483648'])
      fields.push(n, `-${n}`)
    for (const n of ['9223372036854775807', '-9223372036854775808', '9007199254740993', '007', '1.5']) fields.push(n, n)
    for (const length of [0, 63, 64, 4095, 4096, 70000]) fields.push(`f${length}`, 'x'.repeat(length))
    for (let i = 1; i < 5; i++) k.call('XADD', 's', `${i}-0`, ...fields)
    k.call('XADD', 's', '9-0', ...fields.slice(2))
    expect(k.call('XRANGE', 's', '4', '4')).toEqual([['4-0', fields]])
    expect(k.call('XREVRANGE', 's', '+', '-', 'COUNT', 1)).toEqual([['9-0', fields.slice(2)]])
    checkStream(k, 's')
  })
})
