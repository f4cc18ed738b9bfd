// The records of streams: what their header comments say is what runs.

import { expect, test } from 'vitest'
import { STREAM } from '../../src/store/stream.ts'
import { CONSUMER, GROUP, PENDING } from '../../src/store/stream-group.ts'
import { ID_BYTES } from '../../src/store/stream-id.ts'
import { ID_NODE, ID_TREE } from '../../src/store/stream-id-tree.ts'
import { NAMED } from '../../src/store/stream-names.ts'
import { expectLayout, layoutTables } from '../support/layout.ts'

test('an id is four words', () => {
  const [id] = layoutTables('store/stream-id.ts')
  expectLayout(id, { MS_HIGH: 0, MS_LOW: 4, SEQ_HIGH: 8, SEQ_LOW: 12, SIZE: ID_BYTES })
})

test('the tree of ids', () => {
  const [tree, node] = layoutTables('store/stream-id-tree.ts')
  expectLayout(tree, ID_TREE)
  const { IDS, ...head } = ID_NODE
  expectLayout(node, head)
  expect(node.rows.at(-1)).toEqual({ offset: IDS - 4, size: 4, field: '-' })
})

test('a stream', () => {
  expectLayout(layoutTables('store/stream.ts')[0], STREAM)
})

test('named records', () => {
  const [names, named] = layoutTables('store/stream-names.ts')
  expectLayout(names, { COUNT: 0 })
  expectLayout(named, NAMED)
})

test('groups, consumers and pending entries', () => {
  const [group, consumer, pending] = layoutTables('store/stream-group.ts')
  expectLayout(group, GROUP)
  expectLayout(consumer, CONSUMER)
  expectLayout(pending, PENDING)
})
