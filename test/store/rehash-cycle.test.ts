import { expect, test } from 'vitest'
import { dictIsRehashing, dictPause, dictResume } from '../../src/store/dict.ts'
import { databaseExpires, databaseKeys, keyspaceDatabase } from '../../src/store/keyspace.ts'
import { rehashCycle } from '../../src/store/rehash-cycle.ts'
import { testKeyspace } from '../support/keyspace.ts'

test('rehash cycle: finishes what additions began, for keys and expiries of every database', () => {
  const keyspace = testKeyspace(1)
  const { m } = keyspace.engine.shards[0]
  keyspace.db = 9
  const database = keyspaceDatabase(m, 9)
  for (let i = 0; !dictIsRehashing(m, databaseKeys(m, database)) || i < 5000; i++) {
    keyspace.call('SET', `key:${i}`, 'value', 'EX', 100)
  }
  expect(dictIsRehashing(m, databaseExpires(m, database))).toBe(true)
  while (rehashCycle(keyspace.engine.shards[0], 0.1));
  expect(dictIsRehashing(m, databaseKeys(m, database))).toBe(false)
  expect(dictIsRehashing(m, databaseExpires(m, database))).toBe(false)
  keyspace.check()
})

test('rehash cycle: leaves a table alone while somebody walks it', () => {
  const keyspace = testKeyspace(1)
  const { m } = keyspace.engine.shards[0]
  const keys = databaseKeys(m, keyspaceDatabase(m, 0))
  for (let i = 0; !dictIsRehashing(m, keys) || i < 1000; i++) keyspace.call('SET', `key:${i}`, 'value')
  dictPause(m, keys)
  expect(rehashCycle(keyspace.engine.shards[0])).toBe(false)
  expect(dictIsRehashing(m, keys)).toBe(true)
  dictResume(m, keys)
  while (rehashCycle(keyspace.engine.shards[0]));
  expect(dictIsRehashing(m, keys)).toBe(false)
})
