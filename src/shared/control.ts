// The control block: what the threads of one process must know of each other, in one SharedArrayBuffer.
//
//   OFFSET         SIZE  FIELD    WRITER       MEANING
//        0            4  STOPPING main         1 once the process is on its way out
//        4            4  LOADING  main         what clients see of data being loaded: LOAD_STATE
//        8            4  PAUSED   routers      kind of CLIENT PAUSE: 0 none, 1 writes, 2 all
//       12            4  TICKETS  anybody      how many tickets have been drawn (claims.ts)
//       16            4  MONITORS routers      clients that MONITOR
//       20            4  EXPIRE_OFF routers    1 while expired keys are not looked for (DEBUG SET-ACTIVE-EXPIRE)
//       24            4  JOURNAL  main         who takes down what changes (bits, commands/journal.ts); under all locks
//       28            4  SAVE_FAILED main      1 while writes are refused because snapshots cannot be saved
//       32            4  LOG_ERROR log writers the error that writing the append-only log meets, 0 = none
//       36            4  EXTENDER owners       1 + the shard whose owner runs a script that waits for a further shard's lock
//       40            4  EXTENDS  that owner   that further shard
//       44            4  MIGRATES routers      1 while a MIGRATE has keys on their way
//       48            4  DENY_OFF routers      1 while scripts may run what tests need (DEBUG SET-DISABLE-DENY-SCRIPTS)
//       52           12  -        -
//       64  128 * shards SHARDS   see below    one block a shard
//        …  128 * routers ROUTERS see below    one block a router
//
// A shard's block (a router's has only the bell):
//
//   OFFSET  SIZE  FIELD    WRITER          MEANING
//        0     8  LOCK     see lock.ts     who may touch the arena
//        8    56  -        -               the lock has a cache line to itself
//       64     8  BELL     see doorbell.ts wakes the shard's owner
//       72     4  SCRIPT   see SCRIPT      what a script does that holds the shard's lock
//       76    52  -        -
//      128

/** What clients see of data being loaded. */
export const LOAD_STATE = {
  NONE: 0,
  /** Their commands are refused. */
  TOLD: 1,
  /** They wait: it will be over in a moment. */
  BRIEF: 2,
} as const

export const CONTROL = {
  STOPPING: 0,
  LOADING: 4,
  PAUSED: 8,
  TICKETS: 12,
  MONITORS: 16,
  EXPIRE_OFF: 20,
  JOURNAL: 24,
  SAVE_FAILED: 28,
  LOG_ERROR: 32,
  EXTENDER: 36,
  EXTENDS: 40,
  MIGRATES: 44,
  DENY_OFF: 48,
  SHARDS: 64,
} as const
export const SHARD_BLOCK = { LOCK: 0, BELL: 64, SCRIPT: 72, SIZE: 128 } as const

/** How often a script that waits for its turn to wait looks whether that has become hopeless. */
const LOOK_MS = 1

/** Threads that share one control block: how many of each. */
export interface Shape {
  readonly shards: number
  readonly routers: number
}

export const controlCreate = (shape: Shape): SharedArrayBuffer =>
  new SharedArrayBuffer(CONTROL.SHARDS + SHARD_BLOCK.SIZE * (shape.shards + shape.routers))

/** Word of shard `index`'s lock. */
export const lockWord = (index: number): number => (CONTROL.SHARDS + index * SHARD_BLOCK.SIZE + SHARD_BLOCK.LOCK) / 4

/** Word of shard `index`'s doorbell. */
export const shardBellWord = (index: number): number =>
  (CONTROL.SHARDS + index * SHARD_BLOCK.SIZE + SHARD_BLOCK.BELL) / 4

/** Bits of a shard's SCRIPT word; KILL is set by routers, the others by whoever runs the script. 0 = there is none. */
export const SCRIPT = { RUNS: 1, IS_SLOW: 2, HAS_WRITTEN: 4, KILL: 8, IS_FUNCTION: 16 } as const

const scriptWord = (index: number): number => (CONTROL.SHARDS + index * SHARD_BLOCK.SIZE + SHARD_BLOCK.SCRIPT) / 4

/** What a script does that holds shard `index`. */
export const scriptState = (words: Int32Array, index: number): number => Atomics.load(words, scriptWord(index))

/** A script begins (SCRIPT.RUNS) or has ended (0). */
export function scriptSet(words: Int32Array, index: number, state: number): void {
  Atomics.store(words, scriptWord(index), state)
}

/** Adds a bit to what is known of the script that runs. */
export function scriptMark(words: Int32Array, index: number, bit: number): void {
  Atomics.or(words, scriptWord(index), bit)
}

/** Only one thread at a time may wait for a lock while it holds others. Takes that right for the owner of `shard`, to wait for `wanted`. */
export function extenderTake(words: Int32Array, shard: number, wanted: number): boolean {
  if (Atomics.compareExchange(words, CONTROL.EXTENDER / 4, 0, shard + 1) !== 0) return false
  Atomics.store(words, CONTROL.EXTENDS / 4, wanted)
  return true
}

/** Gives that right back. */
export function extenderGive(words: Int32Array): void {
  Atomics.store(words, CONTROL.EXTENDS / 4, -1)
  Atomics.store(words, CONTROL.EXTENDER / 4, 0)
  Atomics.notify(words, CONTROL.EXTENDER / 4)
}

/** Sleeps until that right changes hands, or a moment has passed. */
export function extenderAwait(words: Int32Array): void {
  const holder = Atomics.load(words, CONTROL.EXTENDER / 4)
  if (holder !== 0) Atomics.wait(words, CONTROL.EXTENDER / 4, holder, LOOK_MS)
}

/** The shard that whoever has that right waits for. */
export const extenderWants = (words: Int32Array): number => Atomics.load(words, CONTROL.EXTENDS / 4)

/** Word of router `index`'s doorbell. */
export const routerBellWord = (shape: Shape, index: number): number => shardBellWord(shape.shards + index)

/** Reads one of CONTROL's flags. */
export const controlFlag = (words: Int32Array, field: number): number => Atomics.load(words, field / 4)

/** Sets one of CONTROL's flags. */
export function controlSet(words: Int32Array, field: number, value: number): void {
  Atomics.store(words, field / 4, value)
}

/** Sets one of CONTROL's flags if it is not set: of several threads that try, one does. */
export const controlClaim = (words: Int32Array, field: number): boolean =>
  Atomics.compareExchange(words, field / 4, 0, 1) === 0

/** Counts in one of CONTROL's fields. */
export function controlAdd(words: Int32Array, field: number, amount: number): void {
  Atomics.add(words, field / 4, amount)
}
