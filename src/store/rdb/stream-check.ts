// Whether what a file says is a stream's node or a whole stream is one that commands can rely on.

import { LISTPACK } from '../listpack.ts'
import { listpackIsValid } from '../listpack-check.ts'
import { END, element, elementRead, wholeBytes } from '../listpack-element.ts'
import type { Memory } from '../memory.ts'
import { lastIdWord, type StreamRef, streamLength } from '../stream.ts'
import { StreamId } from '../stream-id.ts'
import { ENTRY_DELETED, ENTRY_SAME_FIELDS } from '../stream-node.ts'
import { StreamWalk } from '../stream-walk.ts'
import { sound } from './damage.ts'

const TEXT = 'Stream listpack integrity check failed.'
/** Elements of an entry beside its fields and values: flags and two differences. */
const ENTRY_ELEMENTS = 3

let at = 0

/** Throws unless the bytes are a node of a stream: see stream-node.ts for what it consists of. */
export function nodeSound(u8: Uint8Array, start: number, length: number): void {
  sound(listpackIsValid(u8, start, length), TEXT)
  at = start + LISTPACK.ELEMENTS
  const live = integer(u8)
  const deleted = integer(u8)
  const masterFields = integer(u8)
  sound(live >= 0 && deleted >= 0 && masterFields >= 0, TEXT)
  skip(u8, masterFields)
  sound(integer(u8) === 0, TEXT)
  let found = 0
  let foundDeleted = 0
  for (; u8[at] !== END; found++) {
    // Flags are changed in place, so they must have the one byte that writers give them.
    const flags = u8[at]
    sound(flags < 0x80, TEXT)
    if ((flags & ENTRY_DELETED) !== 0) foundDeleted++
    entrySound(u8, flags, masterFields)
  }
  sound(found === live + deleted && foundDeleted === deleted, TEXT)
}

function entrySound(u8: Uint8Array, flags: number, masterFields: number): void {
  skip(u8, 1)
  anyInteger(u8)
  anyInteger(u8)
  let elements = ENTRY_ELEMENTS
  if ((flags & ENTRY_SAME_FIELDS) !== 0) {
    elements += masterFields
    skip(u8, masterFields)
  } else {
    const fields = integer(u8)
    sound(fields >= 0, TEXT)
    elements += 1 + 2 * fields
    skip(u8, 2 * fields)
  }
  sound(integer(u8) === elements, TEXT)
}

/** Passes over elements, all of which must be there. */
function skip(u8: Uint8Array, count: number): void {
  for (let i = 0; i < count; i++) {
    sound(u8[at] !== END, TEXT)
    at += wholeBytes(u8, at)
  }
}

/** Passes over an integer of any size. */
function anyInteger(u8: Uint8Array): void {
  sound(u8[at] !== END, TEXT)
  elementRead(u8, at)
  sound(element.isInteger, TEXT)
  at += wholeBytes(u8, at)
}

/** Reads an integer that counts something. */
function integer(u8: Uint8Array): number {
  anyInteger(u8)
  sound(element.isExact, TEXT)
  return element.integer
}

const MIN = new StreamId().setMin()
const MAX = new StreamId().setMax()
const before = new StreamId()
const master = new StreamId()

/** Throws unless ids ascend from entry to entry and node to node, none is above the last id, and LENGTH counts the live. */
export function entriesSound(m: Memory, stream: StreamRef): void {
  const walk = new StreamWalk()
  let isFirst = true
  let live = 0
  walk.start(m, stream, MIN, MAX, false, true)
  while (walk.next(m)) {
    if (isFirst || walk.master.compare(master) !== 0) {
      sound(isFirst || walk.master.compare(before) > 0, TEXT)
      sound(walk.id.compare(walk.master) >= 0, TEXT)
      master.copy(walk.master)
    } else {
      sound(walk.id.compare(before) > 0, TEXT)
    }
    before.copy(walk.id)
    isFirst = false
    if (!walk.reader.isDeleted()) live++
  }
  sound(live === streamLength(m, stream), 'Stream length inconsistent with rax entries')
  sound(isFirst || before.compareAt(m, lastIdWord(stream)) <= 0, 'Stream last id is below that of an entry')
}
