// A doorbell: how a thread that ran out of work sleeps, and how others wake it.
//
//   OFFSET  SIZE  FIELD   WRITER     MEANING
//        0     4  RINGS   ringers    how often it was rung; a sleeper waits on this word
//        4     4  ASLEEP  its owner  1 while the owner sleeps or is about to; only then does anybody ring
//        8
//
// The order that makes it safe: a ringer publishes its work, then looks at ASLEEP; the owner sets ASLEEP, then looks for
// work once more. Both are sequentially consistent, so at least one of them sees the other.

export const DOORBELL = { RINGS: 0, ASLEEP: 4, SIZE: 8 } as const
const ASLEEP_WORD = DOORBELL.ASLEEP / 4

/** Wakes the owner of the bell at word `at` if it sleeps. Publish the work first. */
export function doorbellRing(words: Int32Array, at: number): void {
  if (Atomics.load(words, at + ASLEEP_WORD) === 0) return
  Atomics.add(words, at, 1)
  Atomics.notify(words, at)
}

/**
 * Announces that the owner is about to sleep, and returns what to give `doorbellSleep`. The owner looks for work once
 * more in between.
 */
export function doorbellPrepare(words: Int32Array, at: number): number {
  const rings = Atomics.load(words, at)
  Atomics.store(words, at + ASLEEP_WORD, 1)
  return rings
}

/** The owner found work after all, or has woken. */
export function doorbellAwake(words: Int32Array, at: number): void {
  Atomics.store(words, at + ASLEEP_WORD, 0)
}

/** Sleeps until the bell rings, at most `ms`. For threads without an event loop to keep. */
export function doorbellSleep(words: Int32Array, at: number, rings: number, ms: number): void {
  Atomics.wait(words, at, rings, ms)
  doorbellAwake(words, at)
}

/** Calls `wake` when the bell rings, from the event loop; at once if it has rung since `rings` was read. */
export function doorbellListen(words: Int32Array, at: number, rings: number, wake: () => void): void {
  const wait = Atomics.waitAsync(words, at, rings)
  if (wait.async) wait.value.then(wake)
  else queueMicrotask(wake)
}
