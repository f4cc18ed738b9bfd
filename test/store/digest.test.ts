// DEBUG DIGEST: what redis-server says of the same data, whatever shards and encodings they lie in.

import { expect, test } from 'vitest'
import { requestOf } from '../../src/protocol/request.ts'
import { datasetDigest, valueDigest } from '../../src/store/digest.ts'
import { type TestKeyspace, testKeyspace } from '../support/keyspace.ts'
import { bytesOf, DATASET_DIGEST, DUMPS } from './rdb/fixtures.ts'

function digestOf(k: TestKeyspace, key: string): string {
  const req = requestOf(['', key])
  const shard = k.engine.shards[0].ofKey(req, 1)
  return valueDigest(shard.m, shard.peek(req, 1))
}

test.each([1, 3])('values and whole dataset on %i shards', shards => {
  const k = testKeyspace(shards, 64 * 2 ** 20)
  for (const [key, hex] of DUMPS) k.call('RESTORE', key, 0, bytesOf(hex))
  for (const [key, , digest] of DUMPS) expect(digestOf(k, key), key).toBe(digest)
  expect(datasetDigest(k.engine.shards)).toBe(DATASET_DIGEST)
})

test('nothing is all zeros; a time to live and the database count', () => {
  const k = testKeyspace(2, 64 * 2 ** 20)
  const nothing = '0'.repeat(40)
  expect(datasetDigest(k.engine.shards)).toBe(nothing)
  expect(digestOf(k, 'missing')).toBe(nothing)
  k.call('SET', 'key', 'value')
  const lasting = datasetDigest(k.engine.shards)
  k.call('EXPIRE', 'key', 100)
  expect(datasetDigest(k.engine.shards)).not.toBe(lasting)
  k.call('PERSIST', 'key')
  expect(datasetDigest(k.engine.shards)).toBe(lasting)
  k.call('SWAPDB', 0, 1)
  expect(datasetDigest(k.engine.shards)).not.toBe(lasting)
})
