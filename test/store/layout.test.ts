import { expect, test } from 'vitest'
import { DOORBELL } from '../../src/shared/doorbell.ts'
import { LOCK } from '../../src/shared/lock.ts'
import { MESSAGE, RING } from '../../src/shared/ring.ts'
import { ARENA, PAGE } from '../../src/store/arena.ts'
import { BUCKET, DICT } from '../../src/store/dict.ts'
import { ENTRY } from '../../src/store/entry.ts'
import { ITEM } from '../../src/store/item.ts'
import { DATABASE, ROOT } from '../../src/store/keyspace.ts'
import { STRING_BLOCK } from '../../src/store/string.ts'
import { expectLayout, type Layout, layoutTables } from '../support/layout.ts'

const FILES: Readonly<Record<string, readonly Readonly<Record<string, number>>[]>> = {
  'store/arena.ts': [ARENA, PAGE],
  'store/dict.ts': [DICT, BUCKET],
  'store/item.ts': [ITEM],
  'store/keyspace.ts': [ROOT, DATABASE],
  'shared/lock.ts': [LOCK],
  'shared/doorbell.ts': [DOORBELL],
}

test.each(Object.entries(FILES))('%s: the tables in the comment are the layout', (path, records) => {
  const tables = layoutTables(path)
  expect(tables).toHaveLength(records.length)
  for (const [i, table] of tables.entries()) expectLayout(table, records[i])
})

test('an entry: the tables in the comment are the layout, with and without an expiry', () => {
  const [plain, expiring] = layoutTables('store/entry.ts')
  const { EXPIRE, ...others } = ENTRY
  expectLayout(plain, others)
  expectLayout(expiring, { EXPIRE }, 12)
})

test('a string block: the table in the comment is the layout', () => {
  expectLayout(layoutTables('store/string.ts')[0], { LENGTH: STRING_BLOCK.LENGTH })
  expect(STRING_BLOCK.BYTES).toBe(8)
})

test('a ring and its messages: the tables in the comment are the layout', () => {
  const [ring, message] = layoutTables('shared/ring.ts')
  const { DATA, ...positions } = RING
  expectLayout(ring, positions)
  expect(ring.rows.at(-1)).toEqual({ offset: 68, size: 60, field: '-' })
  expect(DATA).toBe(128)
  const { PAYLOAD, ...head } = MESSAGE
  expectLayout(message, head)
  expect(PAYLOAD).toBe(8)
})

test('a table that contradicts itself or the constants is found', () => {
  const table: Layout = {
    rows: [
      { offset: 0, size: 4, field: 'A' },
      { offset: 4, size: 4, field: 'B' },
    ],
    end: 8,
  }
  expectLayout(table, { A: 0, B: 4, SIZE: 8 })
  expect(() => expectLayout({ ...table, end: 12 }, { A: 0, B: 4 })).toThrow()
  expect(() => expectLayout(table, { A: 0, B: 5 })).toThrow()
  expect(() => expectLayout(table, { A: 0 })).toThrow()
  expect(() => expectLayout(table, { A: 0, B: 4, SIZE: 16 })).toThrow()
  expect(() =>
    expectLayout({ rows: [table.rows[0], { offset: 5, size: 3, field: 'B' }], end: 8 }, { A: 0, B: 5 }),
  ).toThrow()
})
