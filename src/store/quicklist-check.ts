// Holding a list's invariants, and printing one. For tests, fuzzing and DEBUG.

import { assert } from '../bytes/assert.ts'
import { blockRoom } from './arena.ts'
import { listpackIsValid } from './listpack-check.ts'
import { END, element, wholeBytes } from './listpack-element.ts'
import type { Memory } from './memory.ts'
import { quicklistHead, quicklistTail } from './quicklist.ts'
import { cursorNext, cursorSeek, cursorText, ListCursor } from './quicklist-cursor.ts'
import {
  KIND,
  NODE,
  type NodeRef,
  nodeBytes,
  nodeCount,
  nodeFirst,
  nodeIsCompressed,
  nodeIsPlain,
  nodeLimit,
  nodeNext,
  nodePrevious,
} from './quicklist-node.ts'
import { type QuicklistRef, quicklistCount, quicklistDepth, quicklistFill, quicklistNodes } from './quicklist-record.ts'
import { nodeFileBytes, nodeFileWrite } from './quicklist-value.ts'

/** Walks every node and holds it against the tables of quicklist-node.ts and quicklist-record.ts. */
export function quicklistCheck(m: Memory, list: QuicklistRef): void {
  const nodes = quicklistNodes(m, list)
  const depth = quicklistDepth(m, list)
  let seen = 0
  let count = 0
  let previous: NodeRef | 0 = 0
  for (let node = quicklistHead(m, list); node !== 0; node = nodeNext(m, node)) {
    assert(nodePrevious(m, node) === previous, 'neighbours point to each other')
    nodeCheck(m, node)
    const nearEnd = seen < depth || nodes - 1 - seen < depth
    assert(!nodeIsCompressed(m, node) || (depth > 0 && !nearEnd), 'nodes near an end are raw')
    if (quicklistFill(m, list) > 0 && !nodeIsPlain(m, node)) {
      assert(nodeCount(m, node) <= quicklistFill(m, list), 'a node has at most FILL elements')
    }
    count += nodeCount(m, node)
    seen++
    previous = node
  }
  assert(quicklistTail(m, list) === previous, 'the tail is the last node')
  assert(seen === nodes, 'NODES counts them')
  assert(count === quicklistCount(m, list), 'COUNT is the sum over the nodes')
}

function nodeCheck(m: Memory, node: NodeRef): void {
  const first = nodeFirst(m, node)
  const limit = nodeLimit(m, node)
  const room = blockRoom(m, node)
  assert(m.u8[node * 8] === KIND, 'a node in a list is one')
  assert(first >= NODE.BYTES && first <= limit && limit <= room, 'the bytes lie in the block')
  assert(nodeCount(m, node) > 0, 'a node has elements')
  if (nodeIsPlain(m, node)) {
    assert(nodeCount(m, node) === 1, 'a plain node has one element')
    return
  }
  if (!nodeIsCompressed(m, node)) {
    assert(limit < room && m.u8[node * 8 + limit] === END, 'END is behind the elements')
    let count = 0
    for (let p = node * 8 + first; p < node * 8 + limit; p += wholeBytes(m.u8, p)) count++
    assert(count === nodeCount(m, node), 'COUNT counts the elements')
  }
  const file = new Uint8Array(nodeFileBytes(m, node))
  nodeFileWrite(m, node, file, 0)
  assert(listpackIsValid(file, 0, file.length), 'the elements make a listpack')
}

/** One line: the nodes, each with its container, encoding, count and bytes. */
export function quicklistDump(m: Memory, list: QuicklistRef): string {
  const parts: string[] = []
  for (let node = quicklistHead(m, list); node !== 0; node = nodeNext(m, node)) {
    const form = (nodeIsPlain(m, node) ? 'plain' : 'packed') + (nodeIsCompressed(m, node) ? ' lzf' : '')
    parts.push(`${form} ${nodeCount(m, node)}/${nodeBytes(m, node)}`)
  }
  return `quicklist @${list} count=${quicklistCount(m, list)} [${parts.join(', ')}]`
}

/** All elements, one character a byte. */
export function quicklistTexts(m: Memory, list: QuicklistRef): string[] {
  const texts: string[] = []
  const c = new ListCursor()
  for (let more = cursorSeek(c, m, list, 0); more; more = cursorNext(c, m)) {
    cursorText(c, element)
    texts.push(Buffer.from(element.bytes.subarray(element.at, element.at + element.length)).toString('latin1'))
  }
  return texts
}
