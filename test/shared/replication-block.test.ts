// The block that all threads share about replication: its table, its rows, its texts.

import { expect, test } from 'vitest'
import {
  BLOCK,
  NO_ID,
  REPLICA_FLAG,
  REPLICA_STATE,
  REPLICAS_MAX,
  ReplicationBlock,
  ROW,
  replicationBlockCreate,
} from '../../src/shared/replication-block.ts'
import { expectLayout, layoutTables } from '../support/layout.ts'

const make = (): ReplicationBlock => new ReplicationBlock(replicationBlockCreate())

test('the tables in the header are the layout', () => {
  const [block, row] = layoutTables('shared/replication-block.ts')
  const last = block.rows.at(-1)
  expect((last?.offset ?? 0) + (last?.size ?? 0)).toBe(BLOCK.REPLICAS)
  for (const { field, offset } of block.rows) if (field !== '-') expect(BLOCK[field as keyof typeof BLOCK]).toBe(offset)
  expectLayout(row, ROW)
})

test('rows are claimed once, and free again when released', () => {
  const block = make()
  const rows = Array.from({ length: REPLICAS_MAX }, (_, i) => block.claim(0, i))
  expect(new Set(rows).size).toBe(REPLICAS_MAX)
  expect(block.claim(0, 1000)).toBe(-1)
  block.setAddress(rows[3], '10.0.0.1')
  block.release(rows[3])
  expect(block.rows()).toHaveLength(REPLICAS_MAX - 1)
  expect(block.claim(1, 7)).toBe(rows[3])
  expect(block.address(rows[3])).toBe('')
  expect(block.rowWord(rows[3], 'ROUTER')).toBe(1)
})

test('texts come back as they were set, cut to their room', () => {
  const block = make()
  expect(block.secondId).toBe(NO_ID)
  block.id = 'ab'.repeat(20)
  block.masterHost = 'h'.repeat(400)
  expect(block.id).toBe('ab'.repeat(20))
  expect(block.masterHost).toBe('h'.repeat(270))
  const row = block.claim(0, 1)
  block.setTree(row, 'x'.repeat(5000))
  expect(block.tree(row)).toBe('')
})

test('only replicas that are online and heard of count as good, and acknowledge', () => {
  const block = make()
  const now = Date.now()
  const [a, b, c] = [block.claim(0, 1), block.claim(0, 2), block.claim(0, 3)]
  for (const [row, offset, silentMs] of [
    [a, 10, 0],
    [b, 20, 0],
    [c, 20, 60_000],
  ]) {
    block.setRowWord(row, 'STATE', row === b ? REPLICA_STATE.COPIES : REPLICA_STATE.ONLINE)
    block.setRowNumber(row, 'ACK', offset)
    block.setRowNumber(row, 'ACK_TIME', now - silentMs)
  }
  expect(block.acknowledged(10)).toBe(2)
  expect(block.acknowledged(15)).toBe(1)
  block.countGood(now, 10)
  expect(block.word('GOOD')).toBe(1)
})

test('a history that is renamed is known by its old id up to there; replicas that are here are outdated, later ones are not', () => {
  const block = make()
  block.id = 'a'.repeat(40)
  block.setNumber('END', 7)
  const row = block.claim(0, 1)
  block.setRowWord(row, 'FLAGS', REPLICA_FLAG.NO_DATA)
  block.rename('b'.repeat(40))
  expect([block.id, block.secondId, block.number('SECOND_END')]).toEqual(['b'.repeat(40), 'a'.repeat(40), 8])
  expect(block.rowWord(row, 'FLAGS')).toBe(REPLICA_FLAG.NO_DATA | REPLICA_FLAG.OUTDATED)
  block.release(row)
  expect(block.rowWord(block.claim(0, 2), 'FLAGS')).toBe(0)
})
