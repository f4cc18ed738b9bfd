import { describe, expect, test } from 'vitest'
import { sortKeys, sortLocks } from '../../../src/commands/sort/options.ts'
import { requestOf } from '../../../src/protocol/request.ts'
import { type TestKeyspace, testKeyspace } from '../../support/keyspace.ts'

/** Three records on three shards, named by a list. */
function records(): TestKeyspace {
  const keyspace = testKeyspace(3)
  keyspace.call('RPUSH', 'ids', 3, 1, 2)
  for (const [id, weight, name] of [
    [1, 30, 'one'],
    [2, 10, 'two'],
    [3, 20, 'three'],
  ]) {
    keyspace.call('SET', `weight_${id}`, weight)
    keyspace.call('SET', `name_${id}`, name)
  }
  return keyspace
}

describe('SORT', () => {
  test('orders by numbers, by text and downwards', () => {
    const keyspace = testKeyspace()
    keyspace.call('RPUSH', 'a', 10, 9, 100, -1, '1.5')
    expect(keyspace.call('SORT', 'a')).toEqual(['-1', '1.5', '9', '10', '100'])
    expect(keyspace.call('SORT', 'a', 'DESC', 'LIMIT', 1, 2)).toEqual(['10', '9'])
    expect(keyspace.call('SORT', 'a', 'ALPHA')).toEqual(['-1', '1.5', '10', '100', '9'])
  })

  test('follows BY and GET to keys on other shards', () => {
    const keyspace = records()
    expect(keyspace.call('SORT', 'ids', 'BY', 'weight_*')).toEqual(['2', '3', '1'])
    expect(keyspace.call('SORT', 'ids', 'BY', 'weight_*', 'GET', '#', 'GET', 'name_*', 'GET', 'none_*')).toEqual([
      ...['2', 'two', null],
      ...['3', 'three', null],
      ...['1', 'one', null],
    ])
    expect(keyspace.call('SORT', 'ids', 'BY', 'name_*', 'ALPHA')).toEqual(['1', '3', '2'])
    expect(keyspace.call('SORT', 'ids', 'BY', 'name_*', 'ALPHA', 'DESC')).toEqual(['2', '3', '1'])
  })

  test('puts elements without a text to sort by first, or last downwards', () => {
    const keyspace = records()
    keyspace.call('RPUSH', 'ids', 4)
    expect(keyspace.call('SORT', 'ids', 'BY', 'name_*', 'ALPHA')).toEqual(['4', '1', '3', '2'])
    expect(keyspace.call('SORT', 'ids', 'BY', 'name_*', 'ALPHA', 'DESC')).toEqual(['2', '3', '1', '4'])
  })

  test('leaves the order alone for a BY without a star', () => {
    const keyspace = records()
    expect(keyspace.call('SORT', 'ids', 'BY', 'nosort')).toEqual(['3', '1', '2'])
    expect(keyspace.call('SORT', 'ids', 'BY', 'nosort', 'DESC', 'LIMIT', 0, 2)).toEqual(['2', '1'])
    keyspace.call('ZADD', 'z', 1, 'c', 2, 'b', 3, 'a')
    expect(keyspace.call('SORT', 'z', 'BY', 'nosort')).toEqual(['c', 'b', 'a'])
    expect(keyspace.call('SORT', 'z', 'BY', 'nosort', 'DESC', 'LIMIT', 1, 5)).toEqual(['b', 'c'])
  })

  test('STORE puts the result in the place of what was there, time to live and all', () => {
    const keyspace = records()
    keyspace.call('SET', 'result', 'old', 'EX', 100)
    expect(keyspace.call('SORT', 'ids', 'GET', 'name_*', 'GET', 'none_*', 'STORE', 'result')).toBe(6)
    expect(keyspace.effects()).toEqual(['SORT ids GET name_* GET none_* STORE result'])
    expect(keyspace.call('LRANGE', 'result', 0, -1)).toEqual(['one', '', 'two', '', 'three', ''])
    expect(keyspace.call('TTL', 'result')).toBe(-1)
    expect(keyspace.call('SORT', 'nothing', 'STORE', 'result')).toBe(0)
    expect(keyspace.call('EXISTS', 'result')).toBe(0)
    expect(keyspace.call('SORT', 'ids', 'STORE', 'ids')).toBe(3)
    expect(keyspace.call('LRANGE', 'ids', 0, -1)).toEqual(['1', '2', '3'])
    keyspace.check()
  })

  test('STORE sorts a set whose order BY would leave alone', () => {
    const keyspace = testKeyspace()
    keyspace.call('SADD', 's', 'b', 'c', 'a')
    keyspace.call('SORT', 's', 'BY', 'nosort', 'STORE', 'result')
    expect(keyspace.call('LRANGE', 'result', 0, -1)).toEqual(['a', 'b', 'c'])
  })
})

describe('keys and locks of SORT', () => {
  const keysOf = (...words: string[]): number[] => {
    const found: number[] = []
    sortKeys(requestOf(words), found)
    return found
  }

  test('the last STORE is a key, wherever it stands; a pattern that reads like STORE is none', () => {
    expect(keysOf('SORT', 'a')).toEqual([1])
    expect(keysOf('SORT', 'a', 'STORE', 'b', 'DESC', 'STORE', 'c')).toEqual([1, 6])
    expect(keysOf('SORT', 'a', 'GET', 'STORE', 'BY', 'STORE', 'STORE', 'd')).toEqual([1, 7])
  })

  test('only patterns that lead to other keys want all locks', () => {
    const locksOf = (...words: string[]): string => sortLocks(requestOf(words))
    expect(locksOf('SORT', 'a', 'DESC', 'STORE', 'b*')).toBe('keys')
    expect(locksOf('SORT', 'a', 'BY', 'nosort', 'GET', '#')).toBe('keys')
    expect(locksOf('SORT', 'a', 'LIMIT', '0', '1', 'GET', 'x_*')).toBe('all')
    expect(locksOf('SORT', 'a', 'BY', 'w_*->f')).toBe('all')
  })
})
