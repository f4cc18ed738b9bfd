// Tasks that tell on which thread they run: what pool.test.ts has the pool start.

import { setTimeout } from 'node:timers/promises'
import { threadId } from 'node:worker_threads'

let ready = false

/** Takes long enough that tasks come meanwhile. */
export const readyWriter = async (): Promise<void> => {
  await setTimeout(300)
  ready = true
}
/** Whether the thread was made ready before. */
export const writeBases = (): boolean => ready
export const writeFiles = (): number => threadId
export const publishSnapshot = (): number => threadId
export const removeFiles = (): number => threadId
