import { describe, expect, test } from 'vitest'
import { arenaAttach, arenaCreate } from '../../src/store/arena.ts'
import { dictCount } from '../../src/store/dict.ts'
import {
  DATABASE,
  databaseExpires,
  databaseKeys,
  databasesSwap,
  keyspaceCreate,
  keyspaceDatabase,
  keyspaceDatabases,
  ROOT,
  rootAdd,
  rootCounter,
} from '../../src/store/keyspace.ts'
import { testKeyspace } from '../support/keyspace.ts'

describe('keyspace', () => {
  test('begins with empty databases, each with tables of its own', () => {
    const m = arenaCreate(64 * 2 ** 20, 1, 2)
    keyspaceCreate(m, 16)
    expect(keyspaceDatabases(m)).toBe(16)
    const tables = new Set<number>()
    for (let db = 0; db < 16; db++) {
      const database = keyspaceDatabase(m, db)
      for (const dict of [databaseKeys(m, database), databaseExpires(m, database)]) {
        expect(dictCount(m, dict)).toBe(0)
        tables.add(dict)
      }
    }
    expect(tables.size).toBe(32)
  })

  test('is the same for whoever attaches', () => {
    const m = arenaCreate(64 * 2 ** 20, 1, 2)
    keyspaceCreate(m, 4)
    const other = arenaAttach(m.buffer)
    expect(keyspaceDatabases(other)).toBe(4)
    expect(keyspaceDatabase(other, 3)).toBe(keyspaceDatabase(m, 3))
    rootAdd(m, ROOT.DIRTY, 2 ** 40)
    expect(rootCounter(other, ROOT.DIRTY)).toBe(2 ** 40)
  })

  test('swapped databases exchange all they have', () => {
    const keyspace = testKeyspace(1)
    const { m } = keyspace.engine.shards[0]
    keyspace.db = 3
    keyspace.call('SET', 'a', 'in three', 'EX', '100')
    m.f64[keyspaceDatabase(m, 3) + DATABASE.AVG_TTL / 8] = 55
    databasesSwap(m, keyspaceDatabase(m, 3), keyspaceDatabase(m, 5))
    expect(keyspace.call('GET', 'a')).toBe(null)
    keyspace.db = 5
    expect(keyspace.call('GET', 'a')).toBe('in three')
    expect(dictCount(m, databaseExpires(m, keyspaceDatabase(m, 5)))).toBe(1)
    expect(m.f64[keyspaceDatabase(m, 5) + DATABASE.AVG_TTL / 8]).toBe(55)
    keyspace.check()
  })
})
