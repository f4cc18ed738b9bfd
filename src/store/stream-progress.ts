// How far a consumer group has come: how many of the entries ever added it has read, and how many it lags behind.
//
// Counting is exact while nothing in the middle has been deleted; where that cannot be known the answer is "unknown".

import type { Memory } from './memory.ts'
import { firstIdWord, lastIdWord, maxDeletedWord, type StreamRef, streamAdded, streamLength } from './stream.ts'
import { type GroupRef, groupEntriesRead, groupLastIdWord, groupSetEntriesRead, UNKNOWN_READ } from './stream-group.ts'
import { StreamId } from './stream-id.ts'

const id = new StreamId()
const first = new StreamId()
const maxDeleted = new StreamId()

/** Whether XDEL has made a gap between live entries from `from` on. */
function hasDeletedFrom(m: Memory, stream: StreamRef, from: StreamId): boolean {
  if (streamLength(m, stream) === 0) return false
  maxDeleted.load(m, maxDeletedWord(stream))
  if (maxDeleted.isZero() || maxDeleted.compareAt(m, firstIdWord(stream)) < 0) return false
  return from.compare(maxDeleted) <= 0
}

/** How many entries up to `at` were ever added, UNKNOWN_READ if that cannot be told. */
function addedUpTo(m: Memory, stream: StreamRef, at: StreamId): number {
  const added = streamAdded(m, stream)
  const length = streamLength(m, stream)
  if (added === 0) return 0
  const toLast = at.compareAt(m, lastIdWord(stream))
  if (length === 0 && toLast <= 0) return added
  if (toLast === 0) return added
  if (toLast > 0) return UNKNOWN_READ
  first.load(m, firstIdWord(stream))
  maxDeleted.load(m, maxDeletedWord(stream))
  if (maxDeleted.isZero() || maxDeleted.compare(first) < 0) {
    const toFirst = at.compare(first)
    if (toFirst < 0) return added - length
    if (toFirst === 0) return added - length + 1
  }
  return UNKNOWN_READ
}

/** Notes that a group is given the entry `at`, which is above all it had. */
export function groupAdvance(m: Memory, stream: StreamRef, group: GroupRef, at: StreamId): void {
  const read = groupEntriesRead(m, group)
  if (read !== UNKNOWN_READ && !hasDeletedFrom(m, stream, at)) groupSetEntriesRead(m, group, read + 1)
  else if (streamAdded(m, stream) > 0) groupSetEntriesRead(m, group, addedUpTo(m, stream, at))
  at.store(m, groupLastIdWord(group))
}

/** How many entries a group has yet to be given, NaN if that cannot be told. */
export function groupLag(m: Memory, stream: StreamRef, group: GroupRef): number {
  const added = streamAdded(m, stream)
  if (added === 0) return 0
  id.load(m, groupLastIdWord(group))
  const read = groupEntriesRead(m, group)
  if (read !== UNKNOWN_READ && !hasDeletedFrom(m, stream, id)) return added - read
  const estimate = addedUpTo(m, stream, id)
  return estimate === UNKNOWN_READ ? Number.NaN : added - estimate
}
