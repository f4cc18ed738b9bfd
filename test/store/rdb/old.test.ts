// Values in the forms of older and newer versions, put together here byte by byte.

import { describe, expect, test } from 'vitest'
import { payloadSkipChecksum } from '../../../src/store/rdb/payload.ts'
import { SkippedParts, walkValue } from '../../../src/store/rdb/skip.ts'
import { RdbSource } from '../../../src/store/rdb/source.ts'
import { errorReply } from '../../support/frame.ts'
import { type TestKeyspace, testKeyspace } from '../../support/keyspace.ts'
import { chooseSeed, randomFrom } from '../../support/random.ts'

const ROUNDS = Number(process.env.SKEP_ROUNDS ?? 2000)

const text = (value: string): number[] => [...Buffer.from(value, 'latin1')]
const string = (bytes: readonly number[]): number[] =>
  bytes.length < 64 ? [bytes.length, ...bytes] : [0x40 | (bytes.length >> 8), bytes.length & 0xff, ...bytes]
const u32 = (value: number): number[] => [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >> 24) & 0xff]

/** A ziplist of elements that come encoded: what stands behind the length of the one before. */
function ziplist(elements: readonly (readonly number[])[]): number[] {
  const body: number[] = []
  let before = 0
  let tail = 10
  for (const element of elements) {
    tail = 10 + body.length
    const back = before < 254 ? [before] : [254, ...u32(before)]
    body.push(...back, ...element)
    before = back.length + element.length
  }
  return [...u32(11 + body.length), ...u32(tail), elements.length & 0xff, elements.length >> 8, ...body, 0xff]
}

/** A ziplist's element: a string of up to 63 bytes. */
const zstring = (value: string): number[] => [value.length, ...text(value)]

function keyspace(): TestKeyspace {
  const k = testKeyspace(1, 64 * 2 ** 20)
  payloadSkipChecksum(k.engine.shards[0].m, true)
  return k
}

/** Restores a value, behind which may be bytes that nobody reads: Redis takes such a payload as well. */
function restoreDamaged(k: TestKeyspace, type: number, value: readonly number[]): unknown {
  const foot = [10, 0, 0, 0, 0, 0, 0, 0, 0, 0]
  return k.call('RESTORE', 'key', 0, Uint8Array.from([type, ...value, ...foot]), 'REPLACE')
}

/** Restores a value; one that is sound and can be passed over ends there, too. */
function restore(k: TestKeyspace, type: number, value: readonly number[]): unknown {
  const reply = restoreDamaged(k, type, value)
  const source = new RdbSource(Uint8Array.from(value))
  if (reply === 'OK' && walkValue(new SkippedParts(source), type)) expect(source.at, `type ${type}`).toBe(value.length)
  return reply
}

const BAD = errorReply('ERR Bad data format')

describe('ziplists', () => {
  const integers: readonly (readonly [number[], string])[] = [
    [[0xf1], '0'],
    [[0xfd], '12'],
    [[0xfe, 0x80], '-128'],
    [[0xc0, 0x00, 0x80], '-32768'],
    [[0xf0, 0x00, 0x00, 0x80], '-8388608'],
    [[0xd0, ...u32(-2147483648)], '-2147483648'],
    [[0xe0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], '9223372036854775807'],
  ]

  test('a list of all kinds of elements', () => {
    const k = keyspace()
    const long = 'y'.repeat(300)
    const longest = [0x80, 0, 0, ...[20000 >> 8, 20000 & 0xff], ...text('z'.repeat(20000))]
    const elements = [zstring('abc'), [0x41, 0x2c, ...text(long)], ...integers.map(([bytes]) => bytes), longest, [0]]
    const bytes = ziplist(elements)
    const expected = ['abc', long, ...integers.map(([, value]) => value), 'z'.repeat(20000), '']
    expect(restore(k, 10, [0x80, ...u32(bytes.length).reverse(), ...bytes])).toBe('OK')
    expect(k.call('LRANGE', 'key', '0', '-1')).toEqual(expected)
  })

  test('a quicklist of ziplists, empty ones passed over', () => {
    const k = keyspace()
    const nodes = [ziplist([zstring('a'), zstring('b')]), ziplist([]), ziplist([zstring('c')])]
    expect(restore(k, 14, [3, ...nodes.flatMap(string)])).toBe('OK')
    expect(k.call('LRANGE', 'key', '0', '-1')).toEqual(['a', 'b', 'c'])
    expect(restore(k, 14, [1, ...string(ziplist([]))])).toEqual(BAD)
  })

  test('hashes and sorted sets, none with a member twice or without its other half', () => {
    const k = keyspace()
    const pairs = [zstring('a'), [0xf3], zstring('b'), zstring('2.5')]
    expect(restore(k, 13, string(ziplist(pairs)))).toBe('OK')
    expect(k.call('HGETALL', 'key')).toEqual(['a', '2', 'b', '2.5'])
    expect(restore(k, 12, string(ziplist(pairs)))).toBe('OK')
    expect(k.call('ZRANGE', 'key', '0', '-1', 'WITHSCORES')).toEqual(['a', '2', 'b', '2.5'])
    for (const type of [12, 13]) {
      expect(restore(k, type, string(ziplist([zstring('a'), [0xf3], zstring('a'), [0xf4]])))).toEqual(BAD)
      expect(restore(k, type, string(ziplist([zstring('a')])))).toEqual(BAD)
      expect(restore(k, type, string(ziplist([])))).toEqual(BAD)
    }
    expect(restore(k, 12, string(ziplist([zstring('a'), zstring('nan')])))).toEqual(BAD)
  })

  test('one whose bytes contradict each other is refused', () => {
    const k = keyspace()
    const good = ziplist([zstring('abc'), zstring('de')])
    expect(restore(k, 10, string(good))).toBe('OK')
    // Size, tail, count, a string's length, the length of the element before, the end.
    for (const at of [0, 4, 8, 11, 15, good.length - 1]) {
      const bad = [...good]
      bad[at]++
      expect(restore(k, 10, string(bad)), `byte ${at}`).toEqual(BAD)
    }
  })
})

/** Two pairs, a byte left free behind the second value. */
const ZIPMAP = [
  2,
  1,
  ...text('a'),
  2,
  3,
  ...text('xy'),
  0,
  0,
  0,
  2,
  ...text('bb'),
  254,
  ...u32(1),
  0,
  ...text('z'),
  0xff,
]

test('zipmaps, with bytes left free behind a value', () => {
  const k = keyspace()
  expect(restore(k, 9, string(ZIPMAP))).toBe('OK')
  expect(k.call('HGETALL', 'key')).toEqual(['a', 'xy', 'bb', 'z'])
  expect(restore(k, 9, string([...ZIPMAP.slice(0, 4), 200, ...ZIPMAP.slice(5)]))).toEqual(BAD)
  expect(restore(k, 9, string([3, ...ZIPMAP.slice(1)]))).toEqual(BAD)
  expect(restore(k, 9, string([0, 0xff]))).toEqual(BAD)
})

test('plain lists and sets, and sorted sets with their scores in text', () => {
  const k = keyspace()
  const members = [...string(text('a')), 0xc0, 5]
  expect(restore(k, 1, [2, ...members])).toBe('OK')
  expect(k.call('LRANGE', 'key', '0', '-1')).toEqual(['a', '5'])
  expect(restore(k, 2, [2, ...members])).toBe('OK')
  expect(k.call('SISMEMBER', 'key', '5')).toBe(1)
  const scored = [...string(text('a')), 3, ...text('2.5'), ...string(text('b')), 255, ...string(text('c')), 254]
  expect(restore(k, 3, [3, ...scored])).toBe('OK')
  expect(k.call('ZRANGE', 'key', '0', '-1', 'WITHSCORES')).toEqual(['b', '-inf', 'a', '2.5', 'c', 'inf'])
  expect(restore(k, 3, [1, ...string(text('a')), 253])).toEqual(BAD)
  for (const type of [1, 2, 3, 4, 5, 14, 18]) expect(restore(k, type, [0]), `type ${type}`).toEqual(BAD)
})

test('a count that no payload could hold is refused before anything is made of it', () => {
  const k = keyspace()
  for (const type of [1, 2, 3, 4, 5, 14, 18, 15, 19, 24]) {
    expect(restore(k, type, [0x81, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 97]), `type ${type}`).toEqual(BAD)
    expect(restore(k, type, [0x81, 0xff, 0, 0, 0, 0, 0, 0, 0, 1, 97]), `type ${type}`).toEqual(BAD)
  }
  // A compressed string that claims to be a terabyte.
  expect(restore(k, 0, [0xc3, 2, 0x81, 0, 0, 1, 0, 0, 0, 0, 0, 0, 97])).toEqual(BAD)
})

test('the listpack sets of later versions', () => {
  const k = keyspace()
  const listpack = [...u32(12), 2, 0, 0x81, 97, 2, 5, 1, 0xff]
  expect(restore(k, 20, string(listpack))).toBe('OK')
  expect((k.call('SMEMBERS', 'key') as string[]).toSorted()).toEqual(['5', 'a'])
})

/** A value in each of these forms. */
function forms(): (readonly [type: number, value: readonly number[]])[] {
  const pairs = [zstring('a'), [0xf3], zstring('b'), zstring('2.5')]
  const members = [2, ...string(text('a')), 0xc0, 5]
  const scored = [3, ...string(text('a')), 3, ...text('2.5'), ...string(text('b')), 255, ...string(text('c')), 254]
  const nodes = [ziplist([zstring('a'), [0x41, 0x2c, ...text('y'.repeat(300))]]), ziplist([[0xc0, 0x00, 0x80]])]
  // The year 2100, and how long after it.
  const first = [...u32(4102444800000 % 2 ** 32), ...u32(Math.floor(4102444800000 / 2 ** 32))]
  const field = [0x81, 97, 2]
  const triples = [...field, 1, 1, 0xf4, ...first, 9, 0x81, 98, 2, 2, 1, 0, 1]
  return [
    [1, members],
    [2, members],
    [3, scored],
    [9, string(ZIPMAP)],
    [10, string(ziplist(pairs))],
    [12, string(ziplist(pairs))],
    [13, string(ziplist(pairs))],
    [14, [2, ...nodes.flatMap(string)]],
    [20, string([...u32(12), 2, 0, ...field, 5, 1, 0xff])],
    [24, [...first, 2, 1, ...string(text('a')), 0xc0, 5, 0, ...string(text('b')), 0xc0, 6]],
    [25, [...first, ...string([...u32(7 + triples.length), 6, 0, ...triples, 0xff])]],
  ]
}

test('damaged values of all these forms are refused or sound, never more than that, and no memory is lost', () => {
  const seed = chooseSeed()
  const random = randomFrom(seed)
  const k = keyspace()
  for (const [type, value] of forms()) expect(restore(k, type, value), `type ${type}`).toBe('OK')
  k.call('DEL', 'key')
  const before = k.engine.shards[0].usedBytes
  let refused = 0
  for (let i = 0; i < ROUNDS; i++) {
    const [type, whole] = random.pick(forms())
    const value = [...whole]
    for (let flips = random.int(1, 3); flips > 0; flips--) {
      const at = random.int(0, value.length - 1)
      value[at] = random.pick([value[at] ^ (1 << random.int(0, 7)), 0xff, 0, random.int(0, 255)])
    }
    if (random.chance(0.1)) value.length = random.int(0, value.length)
    const what = `seed ${seed}, type ${type}, value ${Buffer.from(value).toString('hex')}`
    const reply = restoreDamaged(k, type, value)
    if (reply === 'OK') {
      k.check()
      k.call('DUMP', 'key')
      k.call('DEL', 'key')
    } else {
      refused++
      expect(reply, what).toEqual(BAD)
    }
    expect(k.engine.shards[0].usedBytes, what).toBe(before)
  }
  expect(refused).toBeGreaterThan(ROUNDS / 4)
})
