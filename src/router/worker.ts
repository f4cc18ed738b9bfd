// The entry of a router's thread: obeys the supervisor.

import type { Server } from 'node:net'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import type { ConfigUpdate } from '../config/values.ts'
import type { RouterData } from '../shard/thread-data.ts'
import { listenTcp, listenUnix, type Places } from './listener.ts'
import { Router } from './router.ts'

/** What the supervisor says to a router. */
export type ToRouter =
  | { readonly what: 'listen'; readonly id: number; readonly places: Places; readonly unix: UnixPlace | undefined }
  | { readonly what: 'config'; readonly update: ConfigUpdate }
  | { readonly what: 'answer'; readonly id: number; readonly value: unknown }

export interface UnixPlace {
  readonly path: string
  readonly mode: string
}

const port = parentPort as MessagePort
const router = new Router(workerData as RouterData)
let servers: Server[] = []

port.on('message', (message: ToRouter) => {
  if (message.what === 'listen') listen(message)
  else if (message.what === 'config') router.config.update(message.update)
})

async function listen({ id, places, unix }: Extract<ToRouter, { what: 'listen' }>): Promise<void> {
  const accept = router.accept.bind(router)
  try {
    const made = await listenTcp(places, accept)
    if (unix !== undefined) made.push(await listenUnix(unix.path, unix.mode, places.backlog, accept))
    // Clients that are connected stay when the places change.
    for (const old of servers) old.close()
    servers = made
    const address = made[0]?.address()
    port.postMessage({ what: 'listening', id, port: typeof address === 'object' ? address?.port : 0 })
  } catch (error) {
    port.postMessage({ what: 'listening', id, error: (error as Error).message, code: (error as NodeJS.ErrnoException).code })
  }
}

port.postMessage({ what: 'ready' })
