// How `skep tree` draws what INFO replication_tree says.

import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { describe } from '../../src/cli/tree.ts'

const node = (depth: number, port: number, behind = 0): string =>
  `depth=${depth},ip=127.0.0.1,port=${port},state=online,offset=10,behind=${behind},lag=1`

test('replicas hang below their masters, the last of each with a corner', () => {
  const info = new Map([
    ['tree_parent', 'none'],
    ['tree_offset', '10'],
    ['tree_nodes', '5'],
    ['node0', node(1, 2)],
    ['node1', node(2, 3)],
    ['node2', node(2, 4, 7)],
    ['node3', node(1, 5)],
    ['node4', node(2, 6)],
  ])
  const lines = stripVTControlCharacters(describe(info, 'here', '1')).split('\n')
  expect(lines.map(line => line.split('  online')[0])).toEqual([
    'here:1  offset 10',
    '├─ 127.0.0.1:2',
    '│  ├─ 127.0.0.1:3',
    '│  └─ 127.0.0.1:4',
    '└─ 127.0.0.1:5',
    '   └─ 127.0.0.1:6',
  ])
  expect(lines[3]).toContain('7 bytes behind')
})

test('a replica shows its master above itself, and says what it only counts', () => {
  const info = new Map([
    ['tree_parent', 'top:9'],
    ['tree_parent_link', 'down'],
    ['tree_offset', '1'],
    ['tree_nodes', '3'],
    ['node0', node(1, 2)],
  ])
  const lines = stripVTControlCharacters(describe(info, 'here', '1')).split('\n')
  expect(lines[0]).toBe('top:9  down')
  expect(lines[1]).toBe('└─ here:1  offset 1')
  expect(lines[2]).toMatch(/^ {3}└─ 127\.0\.0\.1:2/)
  expect(lines[3]).toBe('and 2 more further down')
})
