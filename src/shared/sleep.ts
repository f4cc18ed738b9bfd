// Stopping a thread for a while, event loop and all.

const word = new Int32Array(new SharedArrayBuffer(4))

/** Does nothing for `ms`. */
export function sleepSync(ms: number): void {
  Atomics.wait(word, 0, 0, ms)
}
