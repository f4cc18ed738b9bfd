// HyperLogLog commands: what a comparison of replies with Redis would not show.

import { expect, test } from 'vitest'
import { errorReply, parseFrame } from '../../support/frame.ts'
import { type TestKeyspace, testKeyspace } from '../../support/keyspace.ts'

const elements = (from: number, count: number): string[] => Array.from({ length: count }, (_, i) => `e${from + i}`)

function bytesOf(k: TestKeyspace, key: string): Buffer {
  k.call('GET', key)
  return parseFrame(Buffer.from(k.reply.u8.subarray(0, k.reply.length)), 0)?.body ?? Buffer.alloc(0)
}

test('PFADD makes the key even without elements, and says 1 only when something changed', () => {
  const k = testKeyspace()
  expect(k.call('PFADD', 'a')).toBe(1)
  expect(k.call('PFADD', 'a')).toBe(0)
  expect(k.effects()).toEqual([])
  expect(k.call('PFADD', 'a', 'x', 'y')).toBe(1)
  expect(k.call('PFADD', 'a', 'x')).toBe(0)
  expect(k.call('PFCOUNT', 'a')).toBe(2)
})

test('PFCOUNT keeps the count in the value, which is passed on once', () => {
  const k = testKeyspace()
  k.call('PFADD', 'a', 'x')
  expect(k.call('PFCOUNT', 'a')).toBe(1)
  expect(k.effects()).toEqual(['PFCOUNT a'])
  expect(k.call('PFCOUNT', 'a')).toBe(1)
  expect(k.effects()).toEqual([])
})

test('a value that grows from the entry into a block and becomes dense keeps its expiry and its count', () => {
  const k = testKeyspace()
  const dense: string[] = []
  k.call('PFADD', 'a')
  k.call('SET', 'b', bytesOf(k, 'a'), 'PX', 100_000)
  for (let from = 0; from < 5000; from += 100) {
    k.call('PFADD', 'b', ...elements(from, 100))
    const encoding = k.call('PFDEBUG', 'ENCODING', 'b') as string
    if (!dense.includes(encoding)) dense.push(encoding)
    expect(Math.abs(Number(k.call('PFCOUNT', 'b')) - from - 100)).toBeLessThan((from + 100) * 0.03 + 2)
  }
  expect(dense).toEqual(['sparse', 'dense'])
  k.check()
  k.now += 100_001
  expect(k.call('PFCOUNT', 'b')).toBe(0)
})

test('PFMERGE and PFCOUNT join keys of any shards', () => {
  const k = testKeyspace(3)
  k.call('PFADD', 'a', ...elements(0, 50))
  k.call('PFADD', 'b', ...elements(25, 50))
  k.call('PFADD', 'c', ...elements(1000, 3000))
  const union = k.call('PFCOUNT', 'a', 'b', 'c', 'none')
  expect(Math.abs(Number(union) - 3075)).toBeLessThan(100)
  expect(k.call('PFMERGE', 'target', 'a', 'b', 'c')).toBe('OK')
  expect(k.call('PFCOUNT', 'target')).toBe(union)
  expect(k.call('PFDEBUG', 'ENCODING', 'target')).toBe('dense')
  k.check()
})

test('a damaged value is refused, not counted', () => {
  const k = testKeyspace()
  k.call('PFADD', 'a', 'x', 'y')
  k.call('SET', 'b', Buffer.concat([bytesOf(k, 'a'), Buffer.from('hello')]))
  expect(k.call('PFCOUNT', 'b')).toEqual(errorReply('INVALIDOBJ Corrupted HLL object detected'))
  expect(k.call('PFMERGE', 'c', 'b')).toEqual(errorReply('INVALIDOBJ Corrupted HLL object detected'))
  k.call('SET', 'b', 'HYLL')
  expect(k.call('PFADD', 'b', 'x')).toEqual(errorReply('WRONGTYPE Key is not a valid HyperLogLog string value.'))
})

test('PFSELFTEST finds nothing wrong', () => {
  expect(testKeyspace().call('PFSELFTEST')).toBe('OK')
})
