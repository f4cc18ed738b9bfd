// What INFO tells about snapshots and loading: figures that the main thread writes and routers read.
//
//   OFFSET  SIZE  FIELD     WRITER  MEANING
//    8 * n     8  figure n  main    f64; see PERSISTENCE

import { CONTROL, controlFlag } from './control.ts'
import { OldBlock, RUN, type SnapshotMemory, SnapshotRunBlock, WALK } from './snapshot-block.ts'

/** The figures. Times are Unix seconds, durations seconds. */
export const PERSISTENCE = {
  /** Changes by the time of the last snapshot that was saved. */
  SAVED_DIRTY: 0,
  /** 1 while a snapshot is written to files. */
  IS_SAVING: 1,
  LAST_SAVE: 2,
  /** 1 if the last snapshot failed. */
  HAS_FAILED: 3,
  /** How long the last one took, -1 if there was none. */
  LAST_SECONDS: 4,
  /** When the one being written began. */
  BEGAN: 5,
  /** How many were saved. */
  SAVES: 6,
  /** Bytes of values that the last one saved because they were about to change. */
  LAST_OLD_BYTES: 7,
  KEYS_EXPIRED: 8,
  KEYS_LOADED: 9,
  /** Loading: when it began, bytes there are, bytes done, memory in use when the file was written. */
  LOADING_BEGAN: 10,
  LOADING_BYTES: 11,
  LOADING_DONE: 12,
  LOADING_USED: 13,
  /** When a shutdown that waits for replicas goes on without them, Unix ms; 0 = none waits. */
  SHUTDOWN_AT: 14,
  /** Snapshots ever begun: what another server would have forked for. */
  SNAPSHOTS: 15,
  COUNT: 16,
} as const

export const persistenceCreate = (): SharedArrayBuffer => new SharedArrayBuffer(PERSISTENCE.COUNT * 8)

/** The figures as a thread sees them. */
export const persistenceView = (buffer: SharedArrayBuffer): Float64Array => new Float64Array(buffer)

/** What INFO tells about the snapshot being taken, shard by shard. */
export class PersistenceFacts {
  readonly figures: Float64Array
  readonly #control: Int32Array
  readonly #run: SnapshotRunBlock
  readonly #blocks: readonly OldBlock[]

  constructor(figures: SharedArrayBuffer, snapshot: SnapshotMemory, control: Int32Array) {
    this.figures = persistenceView(figures)
    this.#control = control
    this.#run = new SnapshotRunBlock(snapshot.run)
    this.#blocks = snapshot.old.map(each => new OldBlock(each))
  }

  get(figure: number): number {
    return this.figures[figure]
  }

  get isLoading(): boolean {
    return controlFlag(this.#control, CONTROL.LOADING) !== 0
  }

  /** Whether a snapshot is being taken, for files or for somebody else. */
  get isTaking(): boolean {
    return this.#run.state === RUN.TAKEN
  }

  /** Changes that are not saved, of `dirty` ever made. FLUSHALL begins anew, if it has a snapshot taken. */
  changes(dirty: number, flushSaves: boolean): number {
    const saved = this.get(PERSISTENCE.SAVED_DIRTY)
    return Math.max(0, dirty - (flushSaves ? Math.max(saved, this.#run.flushedChanges) : saved))
  }

  /** Keys there were when it began. */
  get expected(): number {
    return this.isTaking ? this.#run.expected : 0
  }

  /** Keys saved so far. */
  get saved(): number {
    return this.isTaking ? this.#blocks.reduce((sum, each) => sum + each.saved, 0) : 0
  }

  /** Bytes of values saved so far because they were about to change. */
  get oldBytes(): number {
    return this.isTaking ? this.#blocks.reduce((sum, each) => sum + each.oldBytes, 0) : 0
  }

  /** Keys that one shard has saved so far, -1 if it has none to save any more. */
  savedBy(shard: number): number {
    const block = this.#blocks[shard]
    return block.state === WALK.TAKE ? block.saved : -1
  }
}
