// The lock of a shard: one word that says who may touch the arena, and one that says who waits.
//
//   OFFSET  SIZE  FIELD   WRITER          MEANING
//        0     4  STATE   whoever locks   0 = free, 1 = held, 2 = held and a thread sleeps on this word
//        4     4  WANTED  whoever waits   how many threads wait; while it is not 0 nobody takes the lock in passing
//        8
//
// A router only ever tries: a busy lock, or one that its owner waits for, means that the work goes by mail. Only threads
// that have nothing else to do, the shards' owners, wait, and they sleep: a spinning waiter costs more than the work when
// the holder has been descheduled (design.md, decision 4). The states are those of Drepper's "Futexes Are Tricky", mutex 2.

export const LOCK = { STATE: 0, WANTED: 4, SIZE: 8 } as const

const FREE = 0
const HELD = 1
const HELD_AND_WAITED_FOR = 2
const WANTED_WORD = LOCK.WANTED / 4
/** A sleeper looks again after this, should a wake-up ever be lost. */
const SLEEP_MS_MAX = 100

/** Takes the lock at word `at` if nobody holds it or waits for it. */
export function lockTry(words: Int32Array, at: number): boolean {
  return Atomics.load(words, at + WANTED_WORD) === 0 && Atomics.compareExchange(words, at, FREE, HELD) === FREE
}

/** Takes the lock at word `at`, sleeping while it is held. */
export function lockWait(words: Int32Array, at: number): void {
  if (Atomics.compareExchange(words, at, FREE, HELD) === FREE) return
  Atomics.add(words, at + WANTED_WORD, 1)
  while (Atomics.exchange(words, at, HELD_AND_WAITED_FOR) !== FREE) {
    Atomics.wait(words, at, HELD_AND_WAITED_FOR, SLEEP_MS_MAX)
  }
  Atomics.sub(words, at + WANTED_WORD, 1)
}

/** Gives the lock back: what was written under it is visible to whoever takes it next. */
export function unlock(words: Int32Array, at: number): void {
  if (Atomics.exchange(words, at, FREE) === HELD_AND_WAITED_FOR) Atomics.notify(words, at)
}

/** Whether anybody holds the lock. Out of date at once. */
export const lockIsHeld = (words: Int32Array, at: number): boolean => Atomics.load(words, at) !== FREE

/**
 * Takes all the locks at `ats[0 … count)`, or none: a thread never waits while it holds one, so no two can wait for
 * each other. Returns the index of the first busy one, -1 if all were taken.
 */
export function lockTryAll(words: Int32Array, ats: Int32Array, count: number): number {
  for (let i = 0; i < count; i++) {
    if (lockTry(words, ats[i])) continue
    for (let j = i - 1; j >= 0; j--) unlock(words, ats[j])
    return i
  }
  return -1
}

/**
 * Takes all the locks at `ats[0 … count)`, sleeping while any is held, but holding none meanwhile. The busy one is
 * marked as wanted, so that nobody takes it in passing until this thread has had its turn. Returns false if that did not
 * come within `msMax`.
 */
export function lockWaitAll(
  words: Int32Array,
  ats: Int32Array,
  count: number,
  msMax = Number.POSITIVE_INFINITY,
): boolean {
  const end = performance.now() + msMax
  for (;;) {
    const busy = takeAll(words, ats, count)
    if (busy < 0) return true
    const left = end - performance.now()
    if (left <= 0) return false
    const at = ats[busy]
    Atomics.add(words, at + WANTED_WORD, 1)
    const state = Atomics.load(words, at)
    if (state !== FREE && (state !== HELD || Atomics.compareExchange(words, at, HELD, HELD_AND_WAITED_FOR) === HELD)) {
      Atomics.wait(words, at, HELD_AND_WAITED_FOR, Math.min(SLEEP_MS_MAX, left))
    }
    const stillBusy = takeAll(words, ats, count)
    Atomics.sub(words, at + WANTED_WORD, 1)
    if (stillBusy < 0) return true
  }
}

/** Takes all or none, whoever else wants them. Returns the index of the first busy one, or -1. */
function takeAll(words: Int32Array, ats: Int32Array, count: number): number {
  for (let i = 0; i < count; i++) {
    if (Atomics.compareExchange(words, ats[i], FREE, HELD) === FREE) continue
    for (let j = i - 1; j >= 0; j--) unlock(words, ats[j])
    return i
  }
  return -1
}
