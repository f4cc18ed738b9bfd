// The record of a list: its ends, its length, and the settings it was made under.
//
//   OFFSET  SIZE  FIELD  MEANING
//        0     1  KIND   1
//        1     1  -      zero
//        2     2  FILL   i16, list-max-listpack-size when it was made
//        4     4  COUNT  elements
//        8     4  HEAD   first node, 0 = none
//       12     4  TAIL   last node
//       16     4  NODES  how many nodes
//       20     4  DEPTH  nodes from either end that are never compressed; 0 = none ever is
//       24

import { allocate } from './arena.ts'
import type { Memory, Ref } from './memory.ts'

export type QuicklistRef = Ref<'quicklist'>

export const QUICKLIST = { KIND: 0, FILL: 2, COUNT: 4, HEAD: 8, TAIL: 12, NODES: 16, DEPTH: 20, SIZE: 24 } as const
const KIND = 1

const FILL_MIN = -5
const FILL_MAX = 32767
const DEPTH_MAX = 65535

/** An empty list under these values of list-max-listpack-size and list-compress-depth. */
export function quicklistCreate(m: Memory, fill: number, depth: number): QuicklistRef {
  const list = allocate(m, QUICKLIST.SIZE) as QuicklistRef
  const kept = Math.min(FILL_MAX, Math.max(FILL_MIN, fill))
  m.u32[list * 2] = KIND | (kept << 16)
  m.u32[list * 2 + QUICKLIST.COUNT / 4] = 0
  m.u32[list * 2 + QUICKLIST.HEAD / 4] = 0
  m.u32[list * 2 + QUICKLIST.TAIL / 4] = 0
  m.u32[list * 2 + QUICKLIST.NODES / 4] = 0
  m.u32[list * 2 + QUICKLIST.DEPTH / 4] = Math.min(DEPTH_MAX, Math.max(0, depth))
  return list
}

/** How many elements a list has. */
export const quicklistCount = (m: Memory, list: QuicklistRef): number => m.u32[list * 2 + QUICKLIST.COUNT / 4]
/** How many nodes it has. */
export const quicklistNodes = (m: Memory, list: QuicklistRef): number => m.u32[list * 2 + QUICKLIST.NODES / 4]
export const quicklistFill = (m: Memory, list: QuicklistRef): number => m.i32[list * 2] >> 16
export const quicklistDepth = (m: Memory, list: QuicklistRef): number => m.u32[list * 2 + QUICKLIST.DEPTH / 4]
