import { expect, test } from 'vitest'
import { OLD_BLOCK, oldBlockCreate, RUN_BLOCK } from '../../src/shared/snapshot-block.ts'
import { DETACHED } from '../../src/store/epoch.ts'
import { expectLayout, layoutTables } from '../support/layout.ts'

test('the tables in the header comments are the layouts', () => {
  const [run, old] = layoutTables('shared/snapshot-block.ts')
  expectLayout(run, RUN_BLOCK)
  // The last field has no fixed size.
  const { OLD, ...fixed } = OLD_BLOCK
  expectLayout(old, fixed)
  expect(OLD).toBe((old.rows.at(-1)?.offset ?? 0) + 8)
  const [detached] = layoutTables('store/epoch.ts')
  expectLayout(detached, DETACHED)
})

test('old values take little memory in all, however many shards there are', () => {
  for (const shards of [1, 2, 4, 8, 16, 32]) {
    expect(shards * oldBlockCreate(shards).byteLength).toBeLessThanOrEqual(13 * 1024 * 1024)
  }
})
