// Measures latencies from a second process while something else goes on.

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { projectNode } from '../../test/support/server.ts'

/** What the second process sends: the commands in turn, KEY standing for a random one of `key:000000000000`…. */
export type LatencyOrder = {
  readonly port: number
  readonly connections: number
  readonly commands: readonly (readonly string[])[]
  readonly keys: number
}

/** Latencies in µs. `clientPause` is the measuring process's own longest garbage collection. */
export type LatencyFigures = {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly worst: number
  readonly clientPause: number
}

/** Sends commands while `during` runs; it starts once the second process has had its first reply. */
export async function latencyDuring(order: LatencyOrder, during: () => Promise<unknown>): Promise<LatencyFigures> {
  const program = fileURLToPath(new URL('latency-client.ts', import.meta.url))
  const child = fork(program, [JSON.stringify(order)], { execPath: projectNode() })
  const message = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      child.once('message', resolve)
      child.once('exit', code => reject(new Error(`the latency client ended with ${code}`)))
    })
  try {
    await message()
    const figures = message()
    await Promise.race([during(), figures])
    child.send('stop')
    return (await figures) as LatencyFigures
  } finally {
    child.kill()
  }
}
