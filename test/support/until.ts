// Waiting for what comes in its own time, by asking again and again: a test that sleeps instead depends on the machine.

import { setTimeout as sleep } from 'node:timers/promises'

/** No machine is so busy that it is not done by then. */
const WAIT_MS_MAX = 30_000
const ASK_MS = 20

/** Waits until `holds` is true; `what` is what the error says never came. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, msMax = WAIT_MS_MAX): Promise<void> {
  for (const end = performance.now() + msMax; !(await holds()); await sleep(ASK_MS)) {
    if (performance.now() > end) throw new Error(`never in ${msMax} ms: ${what}`)
  }
}
