// Reads a snapshot's bytes as the shards' owners deliver them: for a file a shard, or for one stream of all shards, where
// the shards follow each other in any order, but never in the middle of an entry. One thread reads.

import { readSync } from 'node:fs'
import { RingConsumer } from '../shared/ring.ts'
import { OldBlock, RUN, type SnapshotMemory, SnapshotRunBlock } from '../shared/snapshot-block.ts'
import { SAVED } from './saved.ts'

const SPILL_BYTES = 256 * 1024
/** A reader looks by itself so often: it is not told of all that comes. */
const WAIT_MS = 20

class ShardReader {
  readonly ring: RingConsumer
  readonly old: OldBlock
  isDone = false
  /** Bytes of old values in the file without a name, known at the end; how many have been read. */
  spilled = -1
  spillRead = 0
  keys = 0
  oldBytes = 0

  constructor(ring: SharedArrayBuffer, old: SharedArrayBuffer) {
    this.ring = new RingConsumer(ring)
    this.old = new OldBlock(old)
  }
}

export class SnapshotReader {
  /** The shard that the bytes at hand are of. */
  shard = 0
  u8: Uint8Array = new Uint8Array(0)
  at = 0
  length = 0
  /** If not 0, a string of so many bytes begins here, which come next; its head is missing. */
  string = 0
  /** The bytes at hand are of old values: whole entries, up to the first that are no part, nothing in them compressed. */
  isOld = false
  /** Whether the bytes at hand end in the middle of an entry. */
  isPart = false
  readonly #run: SnapshotRunBlock
  readonly #shards: readonly ShardReader[]
  #isHeld = false
  #spill: Uint8Array | undefined

  constructor(memory: SnapshotMemory) {
    this.#run = new SnapshotRunBlock(memory.run)
    this.#shards = memory.rings.map((ring, index) => new ShardReader(ring, memory.old[index]))
  }

  /** Whether all has been read. */
  get isDone(): boolean {
    return this.#shards.every(each => each.isDone)
  }

  /** Whether there will be nothing more: the snapshot was given up. */
  get isGivenUp(): boolean {
    return this.#run.state !== RUN.TAKEN
  }

  /** Whether it has failed on the way. */
  get isBroken(): boolean {
    return this.#run.state === RUN.BROKEN
  }

  /** Keys in the snapshot, known at the end. */
  get keys(): number {
    return this.#shards.reduce((sum, each) => sum + each.keys, 0)
  }

  /** Bytes of values that were saved because they were about to change, known at the end. */
  get oldBytes(): number {
    return this.#shards.reduce((sum, each) => sum + each.oldBytes, 0)
  }

  /** Keys of one shard, known at its end. */
  keysOf(shard: number): number {
    return this.#shards[shard].keys
  }

  /** Finds the next bytes: u8[at … at + length) of `shard`, until the next call. Returns false if there are none now. */
  next(): boolean {
    this.string = 0
    if (this.#isHeld) this.#shards[this.shard].ring.release()
    this.#isHeld = false
    if (this.isPart) return this.#nextOf(this.shard)
    for (let i = 1; i <= this.#shards.length; i++) {
      if (this.#nextOf((this.shard + i) % this.#shards.length)) return true
    }
    return false
  }

  #nextOf(index: number): boolean {
    const shard = this.#shards[index]
    if (shard.isDone) return false
    if (shard.spilled >= 0) return this.#readSpilled(shard, index)
    const at = shard.ring.next()
    if (at < 0) return false
    if (shard.ring.kind === SAVED.END) {
      shard.keys = float(shard.ring, at)
      shard.oldBytes = float(shard.ring, at + 8)
      shard.spilled = float(shard.ring, at + 16)
      shard.ring.release()
      return this.#readSpilled(shard, index)
    }
    this.shard = index
    this.u8 = shard.ring.u8
    this.at = at
    this.length = shard.ring.length
    const { kind } = shard.ring
    this.isOld = kind === SAVED.OLD || kind === SAVED.OLD_PART
    this.isPart = kind !== SAVED.WHOLE && kind !== SAVED.OLD
    this.#isHeld = true
    if (kind === SAVED.STRING) {
      this.string = float(shard.ring, at)
      this.length = 0
    }
    return true
  }

  #readSpilled(shard: ShardReader, index: number): boolean {
    const left = shard.spilled - shard.spillRead
    if (left === 0) {
      shard.isDone = true
      this.isPart = false
      return false
    }
    this.#spill ??= new Uint8Array(SPILL_BYTES)
    const bytes = readSync(shard.old.spill, this.#spill, 0, Math.min(left, SPILL_BYTES), shard.spillRead)
    if (bytes === 0) throw new Error('old values are missing')
    shard.spillRead += bytes
    this.shard = index
    this.u8 = this.#spill
    this.at = 0
    this.length = bytes
    this.isOld = true
    this.isPart = true
    return true
  }

  /** Sleeps until there may be more. For threads without an event loop to keep. */
  wait(): void {
    const rings = this.#run.prepare()
    if (this.#mayHaveMore()) this.#run.awake()
    else this.#run.wait(rings, WAIT_MS)
  }

  /** Calls `wake` once there may be more. */
  onMore(wake: () => void): void {
    const rings = this.#run.prepare()
    if (this.#mayHaveMore()) {
      this.#run.awake()
      queueMicrotask(wake)
    } else {
      this.#run.listen(rings, wake)
    }
  }

  #mayHaveMore(): boolean {
    return this.isGivenUp || this.#shards.some(each => !each.isDone && !each.ring.isEmpty())
  }
}

const float = ({ u8 }: RingConsumer, at: number): number =>
  new DataView(u8.buffer, u8.byteOffset + at).getFloat64(0, true)
