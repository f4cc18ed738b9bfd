// Bit commands, where a wrong answer would not show in a comparison of replies: effects, encodings, growth, shards.

import { describe, expect, test } from 'vitest'
import { errorReply } from '../../support/frame.ts'
import { testKeyspace } from '../../support/keyspace.ts'

describe('SETBIT', () => {
  test('returns the old bit and lengthens the string with zeros', () => {
    const k = testKeyspace()
    expect(k.call('SETBIT', 'a', 7, 1)).toBe(0)
    expect(k.call('SETBIT', 'a', 7, 0)).toBe(1)
    expect(k.call('SETBIT', 'a', 30, 1)).toBe(0)
    expect(k.call('GET', 'a')).toBe('\0\0\0\u0002')
    k.check()
  })

  test('leaves no effect when it changes neither bit nor length', () => {
    const k = testKeyspace()
    k.call('SETBIT', 'a', 9, 0)
    expect(k.effects()).toEqual(['SETBIT a 9 0'])
    k.call('SETBIT', 'a', 9, 0)
    expect(k.effects()).toEqual([])
    k.call('SETBIT', 'a', 9, 1)
    expect(k.effects()).toEqual(['SETBIT a 9 1'])
  })

  test('keeps a string of any length when it becomes larger than its entry', () => {
    const k = testKeyspace()
    for (const length of [0, 1, 20, 44, 500, 512, 513, 1000, 5000]) {
      const text = 'x'.repeat(length)
      k.call('SET', 's', text)
      k.call('SETBIT', 's', length * 8 + 7, 1)
      expect(k.call('GET', 's')).toBe(`${text}\u0001`)
    }
    k.check()
  })

  test('refuses offsets beyond the longest string and bits that are none', () => {
    const k = testKeyspace()
    const badOffset = errorReply('ERR bit offset is not an integer or out of range')
    const badBit = errorReply('ERR bit is not an integer or out of range')
    expect(k.call('SETBIT', 'a', 2 ** 32, 1)).toEqual(badOffset)
    expect(k.call('SETBIT', 'a', -1, 1)).toEqual(badOffset)
    expect(k.call('SETBIT', 'a', 0, 2)).toEqual(badBit)
    expect(k.call('SETBIT', 'a', 0, '01')).toEqual(badBit)
    expect(k.call('GET', 'a')).toBe(null)
  })
})

describe('BITOP', () => {
  test('may write over one of its sources, on any shards', () => {
    const k = testKeyspace(3)
    k.call('SET', 'a', '\u00ff\u000f')
    k.call('SET', 'b', '\u00f0')
    expect(k.call('BITOP', 'AND', 'a', 'a', 'b')).toBe(2)
    expect(k.call('BITCOUNT', 'a')).toBe(4)
    expect(k.call('BITOP', 'NOT', 'b', 'b')).toBe(1)
    expect(k.call('GET', 'b')).toBe('\u000f')
    k.check()
  })

  test('deletes the target when all sources are missing', () => {
    const k = testKeyspace()
    k.call('SET', 'a', 'x')
    expect(k.call('BITOP', 'OR', 'a', 'none')).toBe(0)
    expect(k.call('GET', 'a')).toBe(null)
    expect(k.effects()).toEqual([])
    k.call('SET', 'a', 'x')
    k.call('BITOP', 'OR', 'a', 'none')
    expect(k.effects()).toEqual(['BITOP OR a none'])
  })
})

describe('BITFIELD', () => {
  test('changes nothing when a later operation is malformed', () => {
    const k = testKeyspace()
    expect(k.call('BITFIELD', 'a', 'SET', 'u8', 0, 1, 'GET', 'u64', 0)).toEqual(
      errorReply('ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.'),
    )
    expect(k.call('GET', 'a')).toBe(null)
  })

  test('holds 64-bit values exactly', () => {
    const k = testKeyspace()
    const max = '9223372036854775807'
    expect(k.call('BITFIELD', 'a', 'SET', 'i64', 3, max, 'GET', 'i64', 3)).toEqual([0, BigInt(max)])
    expect(k.call('BITFIELD', 'a', 'OVERFLOW', 'FAIL', 'INCRBY', 'i64', 3, 1)).toEqual([null])
    expect(k.call('BITFIELD', 'a', 'INCRBY', 'i64', 3, 1)).toEqual([-9223372036854775808n])
  })

  test('leaves effects only when it wrote something new', () => {
    const k = testKeyspace()
    k.call('BITFIELD', 'a', 'SET', 'u8', '#1', 5)
    expect(k.effects()).toEqual(['BITFIELD a SET u8 #1 5'])
    k.call('BITFIELD', 'a', 'SET', 'u8', '#1', 5, 'GET', 'u8', 0)
    expect(k.effects()).toEqual([])
  })
})
