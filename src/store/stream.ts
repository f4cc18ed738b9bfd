// A stream: entries in nodes (stream-node.ts) by id, and consumer groups (stream-group.ts).
//
//   OFFSET  SIZE  FIELD        MEANING
//        0     1  KIND         1
//        1     3  -            zero
//        4     4  GROUPS       consumer groups by name (stream-names.ts), 0 = none
//        8     8  LENGTH       f64, live entries
//       16     8  ADDED        f64, entries ever added
//       24    16  LAST_ID      the highest id ever given, as in stream-id.ts
//       40    16  FIRST_ID     id of the first live entry, zero if there is none
//       56    16  MAX_DELETED  the highest id that XDEL ever deleted, zero if none
//       72    16  NODES        id tree of the nodes by their master ids
//       88

import { allocateZeroed } from './arena.ts'
import type { Memory, Ref } from './memory.ts'
import type { IdTreeRef } from './stream-id-tree.ts'

export type StreamRef = Ref<'stream'>

export const STREAM = {
  KIND: 0,
  GROUPS: 4,
  LENGTH: 8,
  ADDED: 16,
  LAST_ID: 24,
  FIRST_ID: 40,
  MAX_DELETED: 56,
  NODES: 72,
  SIZE: 88,
} as const

export const STREAM_KIND = 1

/** A stream without entries. */
export function streamCreate(m: Memory): StreamRef {
  const stream = allocateZeroed(m, STREAM.SIZE) as StreamRef
  m.u32[stream * 2] = STREAM_KIND
  return stream
}

export const streamLength = (m: Memory, stream: StreamRef): number => m.f64[stream + STREAM.LENGTH / 8]
export const streamAdded = (m: Memory, stream: StreamRef): number => m.f64[stream + STREAM.ADDED / 8]
export const streamNodes = (stream: StreamRef): IdTreeRef => (stream + STREAM.NODES / 8) as number as IdTreeRef

/** u32 indexes of the ids in the record. */
export const lastIdWord = (stream: StreamRef): number => stream * 2 + STREAM.LAST_ID / 4
export const firstIdWord = (stream: StreamRef): number => stream * 2 + STREAM.FIRST_ID / 4
export const maxDeletedWord = (stream: StreamRef): number => stream * 2 + STREAM.MAX_DELETED / 4

export function streamSetAdded(m: Memory, stream: StreamRef, added: number): void {
  m.f64[stream + STREAM.ADDED / 8] = added
}

export function streamSetLength(m: Memory, stream: StreamRef, length: number): void {
  m.f64[stream + STREAM.LENGTH / 8] = length
}
