// Commands on strings: what replies alone do not show (effects, events, encodings), and the corners of numbers.

import { describe, expect, test } from 'vitest'
import { SETTING } from '../../../src/config/settings.ts'
import { NOTIFY } from '../../../src/store/engine.ts'
import { errorReply } from '../../support/frame.ts'
import { type TestKeyspace, testKeyspace } from '../../support/keyspace.ts'
import { chooseSeed, randomFrom } from '../../support/random.ts'

const WRONG_TYPE = errorReply('WRONGTYPE Operation against a key holding the wrong kind of value')
const NOT_AN_INTEGER = errorReply('ERR value is not an integer or out of range')
const SYNTAX = errorReply('ERR syntax error')

const events = (k: TestKeyspace): string[] =>
  k.engine.notices.map(({ event, key }) => `${event} ${Buffer.from(key).toString()}`)

function withEvents(shards = 2): TestKeyspace {
  const k = testKeyspace(shards, 64 * 2 ** 20)
  k.engine.settings[SETTING.notifyKeyspaceEvents] = NOTIFY.STRING | NOTIFY.GENERIC
  return k
}

const encoding = (k: TestKeyspace, key: string): unknown => k.call('OBJECT', 'ENCODING', key)

describe('SET and its kin', () => {
  test('a time to live goes out as the time it ends', () => {
    const k = withEvents()
    k.call('SET', 'k', 'v', 'EX', 10)
    expect(k.effects()).toEqual([`SET k v PXAT ${k.now + 10_000}`])
    expect(events(k)).toEqual(['set k', 'expire k'])
    k.call('SETEX', 'k', 5, 'v')
    expect(k.effects()).toEqual([`SET k v PXAT ${k.now + 5000}`])
    k.call('PSETEX', 'k', 5, 'v')
    expect(k.effects()).toEqual([`SET k v PXAT ${k.now + 5}`])
    k.call('SET', 'k', 'v', 'KEEPTTL')
    expect(k.effects()).toEqual(['SET k v KEEPTTL'])
    expect(k.call('PTTL', 'k')).toBe(5)
  })

  test('GET is left out of what replicas are told', () => {
    const k = withEvents()
    expect(k.call('SET', 'k', 'v', 'NX', 'GET')).toBe(null)
    expect(k.effects()).toEqual(['SET k v NX'])
    expect(k.call('SET', 'k', 'w', 'NX', 'GET')).toBe('v')
    expect(k.effects()).toEqual([])
    expect(k.call('GETSET', 'k', 'x')).toBe('v')
    expect(k.effects()).toEqual(['SET k x'])
  })

  test('a refused SET changes nothing', () => {
    const k = withEvents()
    k.call('RPUSH', 'list', 'a')
    expect(k.call('SET', 'list', 'v', 'GET')).toEqual(WRONG_TYPE)
    expect(k.call('SET', 'list', 'v', 'EX', 0)).toEqual(errorReply("ERR invalid expire time in 'set' command"))
    expect(k.call('SET', 'list', 'v', 'EX', 'x')).toEqual(NOT_AN_INTEGER)
    expect(k.call('SET', 'list', 'v', 'EX', 5, 'PX', 5)).toEqual(SYNTAX)
    expect(k.call('SET', 'list', 'v', 'NX', 'XX')).toEqual(SYNTAX)
    expect(k.call('SET', 'list', 'v', 'KEEPTTL', 'EX', 5)).toEqual(SYNTAX)
    expect(k.call('TYPE', 'list')).toBe('list')
    expect(k.call('SET', 'list', 'v', 'EX', 5, 'EX', 7)).toBe('OK')
    expect(k.call('TTL', 'list')).toBe(7)
  })

  test('times to live are taken up to the end of int64 and not beyond', () => {
    const k = withEvents()
    const invalid = errorReply("ERR invalid expire time in 'set' command")
    expect(k.call('SET', 'k', 'v', 'PXAT', '9223372036854775807')).toBe('OK')
    expect(k.call('SET', 'k', 'v', 'PX', '9223372036854775807')).toEqual(invalid)
    expect(k.call('SET', 'k', 'v', 'EXAT', '9223372036854775')).toBe('OK')
    expect(k.call('SET', 'k', 'v', 'EXAT', '9223372036854776')).toEqual(invalid)
  })
})

describe('GETEX and GETDEL', () => {
  test('GETEX goes out as what it did', () => {
    const k = withEvents()
    k.call('SET', 'k', 'v')
    expect(k.call('GETEX', 'k')).toBe('v')
    expect(k.effects()).toEqual([])
    k.call('GETEX', 'k', 'PX', 700)
    expect(k.effects()).toEqual([`PEXPIREAT k ${k.now + 700}`])
    k.call('GETEX', 'k', 'PERSIST')
    expect(k.effects()).toEqual(['PERSIST k'])
    expect(events(k)).toEqual(['persist k'])
    k.call('GETEX', 'k', 'PERSIST')
    expect(k.effects()).toEqual([])
    expect(k.call('GETEX', 'k', 'PXAT', k.now - 1)).toBe('v')
    expect(k.effects()).toEqual(['DEL k'])
    expect(events(k)).toEqual(['del k'])
    expect(k.call('EXISTS', 'k')).toBe(0)
  })

  test('GETDEL goes out as DEL, or as UNLINK where deletions are lazy', () => {
    const k = withEvents()
    k.call('SET', 'k', 'v')
    expect(k.call('GETDEL', 'k')).toBe('v')
    expect(k.effects()).toEqual(['DEL k'])
    expect(k.call('GETDEL', 'k')).toBe(null)
    expect(k.effects()).toEqual([])
    k.engine.settings[SETTING.lazyfreeLazyUserDel] = 1
    k.call('SET', 'k', 'v')
    k.call('GETDEL', 'k')
    expect(k.effects()).toEqual(['UNLINK k'])
  })
})

describe('counters', () => {
  test('all of int64 is exact, and not a step more', () => {
    const k = withEvents()
    k.call('SET', 'n', '9007199254740991')
    expect(k.call('INCR', 'n')).toBe(9007199254740992n)
    expect(k.call('INCR', 'n')).toBe(9007199254740993n)
    k.call('SET', 'n', '9223372036854775806')
    expect(k.call('INCR', 'n')).toBe(9223372036854775807n)
    expect(k.call('INCR', 'n')).toEqual(errorReply('ERR increment or decrement would overflow'))
    expect(k.call('DECRBY', 'n', '9223372036854775807')).toBe(0)
    expect(k.call('DECRBY', 'n', '-9223372036854775808')).toEqual(errorReply('ERR decrement would overflow'))
    expect(k.call('INCRBY', 'n', '-9223372036854775808')).toBe(-9223372036854775808n)
    expect(k.call('DECR', 'n')).toEqual(errorReply('ERR increment or decrement would overflow'))
  })

  test('random sums agree with bigints', () => {
    const seed = chooseSeed()
    const random = randomFrom(seed)
    const k = withEvents()
    let model = 0n
    for (let i = 0; i < 2000; i++) {
      const amount = BigInt(random.int(-1000, 1000)) * random.pick([1n, 10n ** 6n, 10n ** 12n, 10n ** 15n])
      const isDown = random.chance(0.5)
      const sum = isDown ? model - amount : model + amount
      const reply = k.call(isDown ? 'DECRBY' : 'INCRBY', 'n', amount.toString())
      if (sum >= -(2n ** 63n) && sum < 2n ** 63n) {
        model = sum
        expect(BigInt(reply as number), `seed ${seed}`).toBe(model)
      } else {
        expect(reply).toEqual(errorReply('ERR increment or decrement would overflow'))
      }
      expect(k.call('GET', 'n')).toBe(model.toString())
    }
    k.check()
  })

  test('a counter keeps its time to live and becomes an integer again', () => {
    const k = withEvents()
    k.call('SET', 'n', '9', 'EX', 100)
    k.call('APPEND', 'n', '8')
    expect(encoding(k, 'n')).toBe('raw')
    expect(k.call('INCR', 'n')).toBe(99)
    expect(encoding(k, 'n')).toBe('int')
    expect(k.call('INCR', 'n')).toBe(100)
    expect(k.call('TTL', 'n')).toBe(100)
    expect(events(k)).toEqual([])
    expect(k.call('INCR', 'text')).toBe(1)
    expect(events(k)).toEqual(['incrby text'])
    for (const text of ['', ' 1', '1 ', '01', '-0', '1.0', '9223372036854775808']) {
      k.call('SET', 'text', text)
      expect(k.call('INCR', 'text')).toEqual(NOT_AN_INTEGER)
    }
  })

  test('a key so long that its counter lies apart', () => {
    const k = withEvents()
    const key = 'k'.repeat(2000)
    for (let i = 1; i <= 12; i++) expect(k.call('INCR', key)).toBe(i)
    expect(k.call('GET', key)).toBe('12')
    k.check()
  })

  test('INCRBYFLOAT goes out as SET, whole numbers stay text', () => {
    const k = withEvents()
    expect(k.call('INCRBYFLOAT', 'f', '10.5')).toBe('10.5')
    expect(k.effects()).toEqual(['SET f 10.5 KEEPTTL'])
    expect(k.call('INCRBYFLOAT', 'f', '1.5e0')).toBe('12')
    expect(encoding(k, 'f')).toBe('embstr')
    expect(k.call('INCRBYFLOAT', 'f', 'nan')).toEqual(errorReply('ERR value is not a valid float'))
    expect(k.call('INCRBYFLOAT', 'f', 'inf')).toEqual(errorReply('ERR increment would produce NaN or Infinity'))
    expect(k.call('GET', 'f')).toBe('12')
  })
})

describe('parts of strings', () => {
  test('random edits agree with a plain buffer', () => {
    const seed = chooseSeed()
    const random = randomFrom(seed)
    const k = withEvents()
    let model = Buffer.alloc(0)
    for (let i = 0; i < 600; i++) {
      const piece = random.bytes(random.pick([0, 1, 5, 40, 700]))
      if (random.chance(0.1)) {
        k.call('DEL', 's')
        model = Buffer.alloc(0)
      } else if (random.chance(0.4)) {
        model = Buffer.concat([model, piece])
        expect(k.call('APPEND', 's', piece)).toBe(model.length)
      } else {
        const offset = random.int(0, model.length + 50)
        if (piece.length > 0) {
          const longer = Buffer.alloc(Math.max(model.length, offset + piece.length))
          model.copy(longer)
          piece.copy(longer, offset)
          model = longer
        }
        expect(k.call('SETRANGE', 's', offset, piece)).toBe(model.length)
      }
      expect(k.call('STRLEN', 's')).toBe(model.length)
      const from = random.int(0, model.length)
      const to = random.int(0, model.length)
      expect(k.call('GETRANGE', 's', from, to), `seed ${seed}`).toBe(model.subarray(from, to + 1).toString())
    }
    k.check()
  })

  test('GETRANGE counts from the end, and both ends before the start leave the first byte', () => {
    const k = withEvents()
    k.call('SET', 's', 'Hello')
    expect(k.call('GETRANGE', 's', -3, -1)).toBe('llo')
    expect(k.call('GETRANGE', 's', -100, -99)).toBe('H')
    expect(k.call('GETRANGE', 's', -99, -100)).toBe('')
    expect(k.call('GETRANGE', 's', '-9223372036854775808', '-9223372036854775807')).toBe('H')
    expect(k.call('GETRANGE', 's', '-9223372036854775807', '-9223372036854775808')).toBe('')
    expect(k.call('GETRANGE', 's', 0, '9223372036854775807')).toBe('Hello')
    expect(k.call('GETRANGE', 's', 5, 9)).toBe('')
    expect(k.call('GETRANGE', 'none', 0, -1)).toBe('')
  })

  test('no string outgrows proto-max-bulk-len', () => {
    const k = withEvents()
    k.engine.settings[SETTING.protoMaxBulkLen] = 100
    const tooLong = errorReply('ERR string exceeds maximum allowed size (proto-max-bulk-len)')
    expect(k.call('SETRANGE', 's', 99, 'xy')).toEqual(tooLong)
    expect(k.call('SETRANGE', 's', 99, 'x')).toBe(100)
    expect(k.call('APPEND', 's', 'x')).toEqual(tooLong)
    expect(k.call('SETRANGE', 's', '9223372036854775807', 'x')).toEqual(tooLong)
    expect(k.call('SETRANGE', 's', -1, 'x')).toEqual(errorReply('ERR offset is out of range'))
  })
})

describe('several keys', () => {
  test('MSETNX sets all or none, on whichever shards', () => {
    const k = withEvents(4)
    expect(k.call('MSETNX', 'a', 1, 'b', 2, 'c', 3)).toBe(1)
    expect(k.engine.dirty).toBe(3)
    expect(events(k)).toEqual(['set a', 'set b', 'set c'])
    expect(k.call('MSETNX', 'd', 1, 'b', 2)).toBe(0)
    expect(k.call('MGET', 'a', 'b', 'c', 'd')).toEqual(['1', '2', '3', null])
    expect(k.call('MSET', 'a', 1, 'b')).toEqual(errorReply("ERR wrong number of arguments for 'mset' command"))
    k.call('RPUSH', 'list', 'x')
    expect(k.call('MGET', 'list', 'a')).toEqual([null, '1'])
  })
})

describe('LCS', () => {
  /** Length of the longest common subsequence, by plain recursion over prefixes. */
  function model(a: string, b: string): number {
    const memo = new Map<string, number>()
    const length = (i: number, j: number): number => {
      if (i === 0 || j === 0) return 0
      const key = `${i},${j}`
      const known = memo.get(key)
      if (known !== undefined) return known
      const value = a[i - 1] === b[j - 1] ? length(i - 1, j - 1) + 1 : Math.max(length(i - 1, j), length(i, j - 1))
      memo.set(key, value)
      return value
    }
    return length(a.length, b.length)
  }

  const isSubsequence = (part: string, whole: string): boolean => {
    let at = 0
    for (const letter of whole) if (letter === part[at]) at++
    return at === part.length
  }

  test('is a subsequence of both, the longest there is, made of the pieces IDX tells', () => {
    const seed = chooseSeed()
    const random = randomFrom(seed)
    const k = withEvents(3)
    for (let round = 0; round < 60; round++) {
      const make = (): string => Array.from({ length: random.int(0, 14) }, () => random.pick(['a', 'b', 'c'])).join('')
      const [a, b] = [make(), make()]
      k.call('MSET', 'a', a, 'b', b)
      const found = k.call('LCS', 'a', 'b') as string
      const what = `seed ${seed}: ${a} ${b}`
      expect(isSubsequence(found, a) && isSubsequence(found, b), what).toBe(true)
      expect(found.length, what).toBe(model(a, b))
      expect(k.call('LCS', 'a', 'b', 'LEN')).toBe(found.length)
      const [, pieces, , length] = k.call('LCS', 'a', 'b', 'IDX') as [string, number[][][], string, number]
      expect(length).toBe(found.length)
      const joined = pieces.toReversed().map(([[from, to]]) => a.slice(from, to + 1))
      expect(joined.join(''), what).toBe(found)
      for (const [[from, to], [other, otherTo]] of pieces)
        expect(a.slice(from, to + 1)).toBe(b.slice(other, otherTo + 1))
    }
  })

  test('refuses what is no string and tables that are too large', () => {
    const k = withEvents()
    k.call('RPUSH', 'list', 'a')
    expect(k.call('LCS', 'list', 'b')).toEqual(errorReply('ERR The specified keys must contain string values'))
    expect(k.call('LCS', 'none', 'nothing')).toBe('')
    k.engine.settings[SETTING.protoMaxBulkLen] = 100
    k.call('MSET', 'a', 'x'.repeat(10), 'b', 'x'.repeat(10))
    expect(k.call('LCS', 'a', 'b')).toEqual(
      errorReply('ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len'),
    )
  })
})
