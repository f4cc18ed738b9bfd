// Two threads that pass a ball to and fro, each asleep on its bell while it has none.

import { DOORBELL, doorbellAwake, doorbellPrepare, doorbellRing, doorbellSleep } from '../../src/shared/doorbell.ts'

/** Word of a player's bell. */
export const bellOf = (player: number): number => (player * DOORBELL.SIZE) / 4
/** Word that counts the balls a player was given. */
export const ballsOf = (player: number): number => 4 + player
export const WORDS = 6
/** Whoever sleeps so long has not been woken: the other's turn takes microseconds. */
const SLEEP_MS = 10_000

/** Waits for ball after ball, passing each on, `rounds` times. */
export function playDoorbell(words: Int32Array, player: number, rounds: number): void {
  const bell = bellOf(player)
  const other = 1 - player
  for (let round = 1; round <= rounds; round++) {
    while (Atomics.load(words, ballsOf(player)) < round) {
      const rings = doorbellPrepare(words, bell)
      if (Atomics.load(words, ballsOf(player)) >= round) {
        doorbellAwake(words, bell)
        continue
      }
      const asleep = performance.now()
      doorbellSleep(words, bell, rings, SLEEP_MS)
      if (performance.now() - asleep >= SLEEP_MS) throw new Error(`nobody rang in round ${round}`)
    }
    Atomics.add(words, ballsOf(other), 1)
    doorbellRing(words, bellOf(other))
  }
}
