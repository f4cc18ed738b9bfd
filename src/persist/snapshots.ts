// Takes snapshots of all shards, one at a time: the main thread's part.
//
// All locks are held for a moment, in which every shard begins its snapshot: the barrier. What was done before it is in
// the snapshot, on all shards, and what is done later is not. Then the owners walk (walker.ts), and somebody reads.

import { closeSync, openSync, unlinkSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { type Shape, shardBellWord } from '../shared/control.ts'
import { doorbellRing } from '../shared/doorbell.ts'
import { PERSISTENCE } from '../shared/persistence-block.ts'
import { ringClear } from '../shared/ring.ts'
import { OldBlock, RUN, type SnapshotMemory, SnapshotRunBlock, WALK } from '../shared/snapshot-block.ts'
import { dictCount } from '../store/dict.ts'
import { epochBegin } from '../store/epoch.ts'
import { databaseKeys, keyspaceDatabase, keyspaceDatabases } from '../store/keyspace.ts'
import { type Memory, memoryRefresh } from '../store/memory.ts'
import { Barrier } from './barrier.ts'
import { GivenUp } from './errors.ts'

/** Shards that walk at a time: a core stays for those who serve clients and for who reads. */
const WALKS_MAX = Math.max(1, availableParallelism() - 1)
/** How often the end of the walks is looked for. */
const LOOK_MS = 2

/** Who reads what the shards deliver. */
export interface SnapshotConsumer<Result> {
  /** FLUSHALL ends it: nobody needs what was deleted. */
  readonly endsWithFlush?: boolean
  /** Called while every shard is locked, at the moment that the snapshot is of: notes positions, changes words, no more. */
  atBarrier?(): void
  /** Reads until all shards have ended (SnapshotReader), and tells how it went. */
  consume(memory: SnapshotMemory): Promise<Result>
}

export class Snapshots {
  readonly #memory: SnapshotMemory
  readonly #control: Int32Array
  readonly #arenas: readonly Memory[]
  readonly #run: SnapshotRunBlock
  readonly #blocks: readonly OldBlock[]
  readonly #barrier: Barrier
  readonly #figures: Float64Array
  #isBusy = false
  #isGivenUp = false
  #hasEnded = false

  /** `figures` are PERSISTENCE. */
  constructor(
    memory: SnapshotMemory,
    control: SharedArrayBuffer,
    shape: Shape,
    arenas: readonly Memory[],
    figures: Float64Array,
  ) {
    this.#memory = memory
    this.#figures = figures
    this.#control = new Int32Array(control)
    this.#arenas = arenas
    this.#run = new SnapshotRunBlock(memory.run)
    this.#blocks = memory.old.map(each => new OldBlock(each))
    this.#barrier = new Barrier(this.#control, shape.shards)
  }

  #isBarred = false

  /** Whether a snapshot is being taken, or barred: then no other can be. */
  get isBusy(): boolean {
    return this.#isBusy || this.#isBarred
  }

  /** Has `work` replace all data, step by step: no snapshot begins meanwhile, it would be of no moment. */
  async whileBarred<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#isBarred = true
    const standing = this.standStill()
    const goOn = standing === undefined ? undefined : await standing
    try {
      return await work()
    } finally {
      goOn?.()
      this.#isBarred = false
    }
  }

  /**
   * Asked before the barrier: whoever applies changes in an order of its own, the link to a master, stands still until the
   * function is called that comes of it. Undefined if nobody does.
   */
  standStill: () => Promise<() => void> | undefined = () => undefined

  /** How often FLUSHALL deleted all data. */
  get flushes(): number {
    return this.#run.flushes
  }

  /** How many changes there had been when it last did. */
  get flushedChanges(): number {
    return this.#run.flushedChanges
  }

  /** Keys saved so far, and keys there were at the beginning. */
  get progress(): { readonly saved: number; readonly expected: number } {
    const saved = this.#isBusy ? this.#blocks.reduce((sum, each) => sum + each.saved, 0) : 0
    return { saved, expected: this.#isBusy ? this.#run.expected : 0 }
  }

  /** Gives up the snapshot being taken: its consumer sees that nothing more comes. */
  giveUp(): void {
    if (!this.#isBusy) return
    this.#isGivenUp = true
    this.#run.end(RUN.GIVEN_UP)
  }

  /**
   * Takes a snapshot. `directory` is where a file without a name may grow. The barrier is over when this returns the
   * promise, unless a snapshot that was given up has not yet been undone, or a lock is held for long. Throws GivenUp if
   * it is not wanted any more by then.
   */
  async take<Result>(consumer: SnapshotConsumer<Result>, directory = '.'): Promise<Result> {
    if (this.isBusy) throw new Error('a snapshot is being taken')
    this.#isBusy = true
    this.#isGivenUp = false
    const spills: number[] = []
    try {
      if (!this.#areIdle()) await this.#whenIdle()
      for (const index of this.#blocks.keys())
        spills.push(openNameless(`${directory}/temp-${process.pid}-${index}.old`))
      const standing = this.standStill()
      const goOn = standing === undefined ? undefined : await standing
      for (const ring of this.#memory.rings) ringClear(ring)
      try {
        const hasBegun = await this.#barrier.at(
          () => this.#begin(consumer, spills),
          () => !this.#isGivenUp,
        )
        if (!hasBegun) throw new GivenUp('it was given up')
        for (const index of this.#blocks.keys()) doorbellRing(this.#control, shardBellWord(index))
      } finally {
        goOn?.()
      }
      try {
        return await consumer.consume(this.#memory)
      } finally {
        // What nobody has read, nobody wants.
        if (!this.#areIdle()) this.#run.end(RUN.GIVEN_UP)
        await this.#whenIdle()
        this.#run.state = RUN.NONE
      }
    } finally {
      for (const fd of spills) closeSync(fd)
      this.#isBusy = false
    }
  }

  /** Every shard is locked. */
  #begin(consumer: SnapshotConsumer<unknown>, spills: readonly number[]): void {
    this.#figures[PERSISTENCE.SNAPSHOTS]++
    let keys = 0
    for (const [index, m] of this.#arenas.entries()) {
      memoryRefresh(m)
      epochBegin(m)
      for (let i = 0; i < keyspaceDatabases(m); i++) keys += dictCount(m, databaseKeys(m, keyspaceDatabase(m, i)))
      this.#blocks[index].begin(spills[index])
    }
    this.#run.expected = keys
    this.#run.turns = WALKS_MAX
    this.#run.endsWithFlush = consumer.endsWithFlush === true
    this.#run.state = RUN.TAKEN
    consumer.atBarrier?.()
  }

  /** The shards have ended: nothing is undone any more. */
  end(): void {
    this.#hasEnded = true
    this.giveUp()
  }

  #areIdle(): boolean {
    return this.#hasEnded || this.#blocks.every(each => each.state === WALK.NONE)
  }

  async #whenIdle(): Promise<void> {
    while (!this.#areIdle()) await new Promise(resolve => setTimeout(resolve, LOOK_MS))
  }
}

/** A file that only its descriptor leads to: it is gone with the process. */
function openNameless(path: string): number {
  const fd = openSync(path, 'w+', 0o600)
  unlinkSync(path)
  return fd
}
