// SCAN: pages, options, and its guarantee while the shards' tables grow and shrink under it.

import { expect, test } from 'vitest'
import { errorReply } from '../../support/frame.ts'
import { type TestKeyspace, testKeyspace } from '../../support/keyspace.ts'
import { chooseSeed, randomFrom } from '../../support/random.ts'

type Page = [cursor: string, keys: string[]]

/** All keys of a whole scan; `between` runs after each page. */
function scanAll(k: TestKeyspace, options: (string | number)[], between?: () => void): string[] {
  const found: string[] = []
  let cursor = '0'
  for (let pages = 0; pages === 0 || cursor !== '0'; pages++) {
    expect(pages).toBeLessThan(5000)
    const [next, keys] = k.call('SCAN', cursor, ...options) as Page
    found.push(...keys)
    cursor = next
    between?.()
  }
  return found
}

test.each([1, 2, 5])('a scan of %i shards returns every key, and a small database in one page', shards => {
  const k = testKeyspace(shards, 64 * 2 ** 20)
  const names = Array.from({ length: 700 }, (_, i) => `key:${i}`)
  for (const name of names) k.call('SET', name, 'v')
  expect(scanAll(k, []).toSorted()).toEqual(names.toSorted())
  expect(scanAll(k, ['COUNT', 1]).toSorted()).toEqual(names.toSorted())
  const [cursor, all] = k.call('SCAN', 0, 'COUNT', 1000) as Page
  expect(cursor).toBe('0')
  expect(all).toHaveLength(700)
  expect(scanAll(k, ['MATCH', 'key:1?']).toSorted()).toEqual(names.slice(10, 20).toSorted())
  expect(k.call('SCAN', 0, 'COUNT', '9223372036854775807')).toEqual(k.call('SCAN', 0, 'COUNT', 1000))
})

test('keys that are there from start to end are returned, whatever comes and goes meanwhile', () => {
  const seed = chooseSeed()
  const random = randomFrom(seed)
  for (let round = 0; round < 6; round++) {
    const k = testKeyspace(random.int(1, 4), 64 * 2 ** 20)
    const staying = Array.from({ length: random.int(1, 300) }, (_, i) => `stay:${i}`)
    for (const name of staying) k.call('SET', name, 'v')
    let others = 0
    const found = new Set(
      scanAll(k, ['COUNT', random.int(1, 20)], () => {
        // Now and then the table grows or shrinks by a lot, so that scans meet rehashes in all their stages.
        const burst = random.chance(0.05) ? 500 : 5
        for (let i = 0; i < burst; i++) k.call('SET', `other:${others++}`, 'v')
        if (random.chance(0.1)) for (; others > 0; others--) k.call('DEL', `other:${others - 1}`)
      }),
    )
    expect(
      staying.filter(name => !found.has(name)),
      `seed ${seed}`,
    ).toEqual([])
    k.check()
  }
})

test('TYPE narrows, in any case, and an expired key is neither returned nor kept', () => {
  const k = testKeyspace(2, 64 * 2 ** 20)
  k.call('SET', 'text', 'v')
  k.call('RPUSH', 'list', 'v')
  k.call('SET', 'gone', 'v', 'PX', 5)
  k.now += 5
  expect(scanAll(k, ['TYPE', 'LiSt'])).toEqual(['list'])
  expect(scanAll(k, ['TYPE', 'nothing'])).toEqual([])
  expect(scanAll(k, []).toSorted()).toEqual(['list', 'text'])
  expect(k.call('DBSIZE')).toBe(2)
})

test('cursors are read as strtoul reads them, and options strictly', () => {
  const k = testKeyspace(2, 64 * 2 ** 20)
  k.call('SET', 'a', 'v')
  const whole = ['0', ['a']]
  for (const cursor of ['0', '', '+0', '-0', '00', '18446744073709551616'.slice(0, 0)]) {
    expect(k.call('SCAN', cursor), `cursor ${JSON.stringify(cursor)}`).toEqual(whole)
  }
  for (const cursor of ['x', ' 0', '1x', '18446744073709551616', '1.5', '-']) {
    expect(k.call('SCAN', cursor), `cursor ${cursor}`).toEqual(errorReply('ERR invalid cursor'))
  }
  // Any other number is some cursor: a page, perhaps an empty one, and no error.
  for (const cursor of ['1', '18446744073709551615', '-1', '9007199254740993', '4294967297']) {
    expect((k.call('SCAN', cursor) as Page)[1].length, `cursor ${cursor}`).toBeLessThan(2)
  }
  expect(k.call('SCAN', 0, 'COUNT', 0)).toEqual(errorReply('ERR syntax error'))
  expect(k.call('SCAN', 0, 'COUNT', 'x')).toEqual(errorReply('ERR value is not an integer or out of range'))
  expect(k.call('SCAN', 0, 'COUNT')).toEqual(errorReply('ERR syntax error'))
  expect(k.call('SCAN', 0, 'COUNT', 5, 'NOISE', 1)).toEqual(errorReply('ERR syntax error'))
})
