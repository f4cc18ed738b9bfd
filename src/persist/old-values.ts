// Saves entries that are about to change while a snapshot is taken, for whichever thread changes them.
//
// They go into the shard's block of fixed size, which its owner empties as it walks. When that is full, because the disk is
// slow and holds the walk up, they go to a file without a name (the system's page cache, that is): neither clients nor
// memory pay for a slow disk. An entry lies in one place whole: all in the block, or all in the file.

import { writeSync } from 'node:fs'
import { copyBytes } from '../bytes/copy.ts'
import { type OldBlock, RUN, type SnapshotRunBlock } from '../shared/snapshot-block.ts'
import type { Engine, OldValues } from '../store/engine.ts'
import type { EntryRef } from '../store/entry.ts'
import { ROOT, rootCounter } from '../store/keyspace.ts'
import { EntryWriter } from '../store/rdb/entry-writer.ts'
import { RdbSink } from '../store/rdb/sink.ts'
import type { Shard } from '../store/shard.ts'

/** Elements written at a time, and bytes gathered before they move on. */
const STEP = 256
const PIECE_BYTES = 64 * 1024
/** A sink that one large element has blown up beyond this is not kept. */
const SINK_BYTES_MAX = 1024 * 1024

/** The walk of the thread's own shard, which may be in the middle of an entry. */
export interface OwnWalk {
  /** Writes the rest of the entry if it is the one being written. Returns whether it was. */
  finish(entry: EntryRef): boolean
}

export class OldValueSaver implements OldValues {
  readonly #run: SnapshotRunBlock
  readonly #blocks: readonly OldBlock[]
  readonly #engine: Engine
  #writer: EntryWriter
  /** Which shard's walk `walk` is. */
  readonly #own: number
  readonly #walk: OwnWalk | undefined

  constructor(engine: Engine, run: SnapshotRunBlock, blocks: readonly OldBlock[], own = -1, walk?: OwnWalk) {
    this.#engine = engine
    this.#run = run
    this.#blocks = blocks
    this.#own = own
    this.#walk = walk
    this.#writer = this.#newWriter()
  }

  #newWriter(): EntryWriter {
    const sink = new RdbSink()
    // A client waits meanwhile.
    sink.compresses = false
    return new EntryWriter(sink, this.#engine.settings)
  }

  save(shard: Shard, origin: number, entry: EntryRef): void {
    // What is in a hidden database is nobody's data yet.
    if (this.#run.state !== RUN.TAKEN || origin >= shard.databases) return
    if (shard.index === this.#own && this.#walk?.finish(entry) === true) return
    const block = this.#blocks[shard.index]
    const writer = this.#writer
    const { sink } = writer
    sink.length = 0
    writer.db = block.db
    writer.start(shard.m, origin, entry, this.#engine.now)
    let isSpilled = false
    while (!writer.step(STEP)) if (sink.length >= PIECE_BYTES) isSpilled = this.#put(block, sink, isSpilled)
    isSpilled = this.#put(block, sink, isSpilled)
    block.db = isSpilled ? -1 : origin
    block.saved++
    if (sink.u8.length > SINK_BYTES_MAX) this.#writer = this.#newWriter()
  }

  flushed(): void {
    this.#run.noteFlush(this.#engine.shards.reduce((sum, { m }) => sum + rootCounter(m, ROOT.DIRTY), 0))
    if (this.#run.endsWithFlush) this.#run.end(RUN.GIVEN_UP)
  }

  /** Moves on what has been written of an entry. Returns whether it went to the file, as the rest of it must then. */
  #put(block: OldBlock, sink: RdbSink, isSpilled: boolean): boolean {
    const { length } = sink
    sink.length = 0
    block.oldBytes += length
    if (!isSpilled && length <= block.room - block.length) {
      copyBytes(block.u8, block.length, sink.u8, 0, length)
      block.length += length
      return false
    }
    this.#spill(block, block.u8, block.length)
    block.length = 0
    this.#spill(block, sink.u8, length)
    return true
  }

  #spill(block: OldBlock, bytes: Uint8Array, length: number): void {
    try {
      for (let at = 0; at < length; ) at += writeSync(block.spill, bytes, at, length - at, block.spilled + at)
      block.spilled += length
    } catch {
      // Without them the snapshot is worth nothing.
      this.#run.end(RUN.BROKEN)
    }
  }
}
