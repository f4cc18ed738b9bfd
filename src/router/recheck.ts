// A user's rules may change between MULTI and EXEC: what they no longer allow is not run, and an error takes its place.

import { frameRead } from '../protocol/frame.ts'
import { Request } from '../protocol/request.ts'
import type { Access } from './access.ts'
import type { Connection } from './connection.ts'
import type { Queue } from './transactions.ts'

const queuedRequest = new Request()

/** Takes the commands out of the queue that its client may no longer run. */
export function recheck(client: Connection, queue: Queue, access: Access): void {
  const { order, transaction } = queue
  const ofShards: number[] = []
  for (let i = 0; i < queue.count; i++) {
    const queued = order[i]
    if (queued === undefined) ofShards.push(i)
    else if ('frame' in queued) {
      frameRead(queued.frame, new Uint32Array(queued.frame.buffer), 0, queuedRequest)
      const refusal = access.refusalOfQueued(client, queued.entry, queuedRequest)
      if (refusal !== undefined) order[i] = { refusal }
    }
  }
  let next = 0
  transaction.filter((entry, req) => {
    const position = ofShards[next++]
    const refusal = access.refusalOfQueued(client, entry, req)
    if (refusal === undefined) return true
    order[position] = { refusal }
    queue.routerCommands++
    return false
  })
}
