// Saves entries that are about to change while a snapshot is taken, for whichever thread changes them.
//
// They go into the shard's block of fixed size, which its owner empties as it walks. When that is full, because the disk is
// slow and holds the walk up, they go to a file without a name (the system's page cache, that is): neither clients nor
// memory pay for a slow disk. An entry lies in one place whole: all in the block, or all in the file. Nothing in it is
// compressed, since a client waits; who writes the snapshot's files does that.

import { writeSync } from 'node:fs'
import { copyBytes } from '../bytes/copy.ts'
import { type OldBlock, RUN, type SnapshotRunBlock } from '../shared/snapshot-block.ts'
import type { Engine, OldValues } from '../store/engine.ts'
import type { EntryRef } from '../store/entry.ts'
import { ROOT, rootCounter } from '../store/keyspace.ts'
import { EntryWriter } from '../store/rdb/entry-writer.ts'
import { Outgoing } from '../store/rdb/outgoing.ts'
import { RdbSink } from '../store/rdb/sink.ts'
import type { Shard } from '../store/shard.ts'
import { stringHead } from './rdb-frame.ts'

/** Elements written at a time, and bytes gathered before they move on. */
const STEP = 256
const PIECE_BYTES = 64 * 1024
/** Strings as long as this are copied straight from the arena. */
const LONG_BYTES = 64 * 1024

/** The walk of the thread's own shard, which may be in the middle of an entry. */
export interface OwnWalk {
  /** Writes the rest of the entry if it is the one being written. Returns whether it was. */
  finish(entry: EntryRef): boolean
}

export class OldValueSaver implements OldValues {
  readonly #run: SnapshotRunBlock
  readonly #blocks: readonly OldBlock[]
  readonly #engine: Engine
  readonly #sink = new RdbSink()
  readonly #out = new Outgoing(this.#sink)
  readonly #writer: EntryWriter
  /** Which shard's walk `walk` is. */
  readonly #own: number
  readonly #walk: OwnWalk | undefined

  constructor(engine: Engine, run: SnapshotRunBlock, blocks: readonly OldBlock[], own = -1, walk?: OwnWalk) {
    this.#engine = engine
    this.#run = run
    this.#blocks = blocks
    this.#own = own
    this.#walk = walk
    this.#sink.compresses = false
    this.#sink.notedMin = LONG_BYTES
    this.#writer = new EntryWriter(this.#sink, engine.settings)
  }

  save(shard: Shard, origin: number, entry: EntryRef): void {
    // What is in a hidden database is nobody's data yet.
    if (this.#run.state !== RUN.TAKEN || origin >= shard.databases) return
    if (shard.index === this.#own && this.#walk?.finish(entry) === true) return
    const block = this.#blocks[shard.index]
    const writer = this.#writer
    const sink = this.#sink
    this.#out.clear()
    writer.db = block.db
    writer.start(shard.m, origin, entry, this.#engine.now)
    let isSpilled = false
    while (!writer.step(STEP)) if (sink.length >= PIECE_BYTES) isSpilled = this.#putAll(block, isSpilled)
    isSpilled = this.#putAll(block, isSpilled)
    block.db = isSpilled ? -1 : origin
    block.saved++
    sink.trim()
  }

  flushed(): void {
    this.#run.noteFlush(this.#engine.shards.reduce((sum, { m }) => sum + rootCounter(m, ROOT.DIRTY), 0))
    if (this.#run.endsWithFlush) this.#run.end(RUN.GIVEN_UP)
  }

  /** Moves on what has been written of an entry. Returns whether it went to the file, as the rest of it must then. */
  #putAll(block: OldBlock, wasSpilled: boolean): boolean {
    const out = this.#out
    let isSpilled = wasSpilled
    while (out.next()) {
      if (out.string > 0) {
        const head = stringHead(out.string)
        isSpilled = this.#put(block, head, 0, head.length, isSpilled)
      } else {
        isSpilled = this.#put(block, out.u8, out.at, out.length, isSpilled)
      }
      out.take(out.length)
    }
    return isSpilled
  }

  #put(block: OldBlock, bytes: Uint8Array, at: number, length: number, isSpilled: boolean): boolean {
    block.oldBytes += length
    if (!isSpilled && length <= block.room - block.length) {
      copyBytes(block.u8, block.length, bytes, at, length)
      block.length += length
      return false
    }
    this.#spill(block, block.u8, 0, block.length)
    block.length = 0
    this.#spill(block, bytes, at, length)
    return true
  }

  #spill(block: OldBlock, bytes: Uint8Array, at: number, length: number): void {
    try {
      for (let done = 0; done < length; ) {
        done += writeSync(block.spill, bytes, at + done, length - done, block.spilled + done)
      }
      block.spilled += length
    } catch {
      // Without them the snapshot is worth nothing.
      this.#run.end(RUN.BROKEN)
    }
  }
}
