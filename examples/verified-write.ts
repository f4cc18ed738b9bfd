// Knows that a write is on two disks: on the master's, and on a replica's that has an append-only file.
//
// The write is followed by a marker. A replica applies everything in order, so when it has the marker, it has the write;
// and when no sync of its append-only file is pending any more, both are there to stay.
//
// On skep that is the whole truth: what it counts as pending is what has been written and not yet synced. Redis counts
// syncs that are under way. With appendfsync everysec, one that has not begun is not pending there, and a power cut that
// hits both machines within the second may still take the write; with always there is no such gap.
//
//   sync:wait         sorted set  marker -> when it was written; removed again when seen
//
//     npx node examples/verified-write.ts

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { startServer } from '../test/support/server.ts'

const LOOK_EVERY_MS = 1
const DAY_SECONDS = 86_400

/** One field of INFO. */
export async function infoField(redis: Redis, section: string, field: string): Promise<string | undefined> {
  return new RegExp(`^${field}:(.*?)\\r?$`, 'm').exec(await redis.info(section))?.[1]
}

/**
 * Resolves when all that was written to `master` before this call is on the disk of `replica`; false if it is not within
 * `timeoutMs`, which says nothing about the write but that nobody may rely on it yet.
 */
export async function onBothDisks(master: Redis, replica: Redis, timeoutMs = 2000): Promise<boolean> {
  const marker = randomUUID()
  const now = Date.now() / 1000
  const deadline = performance.now() + timeoutMs
  await master.zadd('sync:wait', now, marker)

  const until = async (reached: () => Promise<boolean>): Promise<boolean> => {
    while (!(await reached())) {
      if (performance.now() > deadline) return false
      await sleep(LOOK_EVERY_MS)
    }
    return true
  }
  const arrived =
    (await until(async () => (await infoField(replica, 'replication', 'master_link_status')) === 'up')) &&
    (await until(async () => (await replica.zscore('sync:wait', marker)) !== null)) &&
    (await until(async () => (await infoField(replica, 'persistence', 'aof_pending_bio_fsync')) === '0'))
  // Markers of programs that ended half-way go after a day.
  await master
    .multi()
    .zrem('sync:wait', marker)
    .zremrangebyscore('sync:wait', '-inf', now - DAY_SECONDS)
    .exec()
  return arrived
}

if (import.meta.main) {
  const args = ['--appendonly', 'yes', '--appendfsync', 'everysec']
  const servers = [await startServer('skep', { args }), await startServer('skep', { args })]
  const [master, replica] = servers.map(({ port }) => new Redis(port))
  await replica.call('SLAVEOF', '127.0.0.1', servers[0].port)
  console.log('first write, while the replica still takes over the data:')
  for (let i = 0; i < 4; i++) {
    await master.set('greeting', `hello ${i}`)
    const started = performance.now()
    const verified = await onBothDisks(master, replica, i === 0 ? 20_000 : undefined)
    console.log(`${verified ? 'on two disks' : 'not verified'} after ${Math.round(performance.now() - started)} ms`)
  }
  master.disconnect()
  replica.disconnect()
  for (const server of servers) await server.stop()
}
