// Keeps rows of a database as JSON, each renewed at its own pace: the stock of a sale every few seconds.
//
//   schedule:         sorted set  row -> when it is to be read again
//   delay:            sorted set  row -> seconds between two reads; 0 or less ends it
//   inv:ROW           string      the row as JSON
//
//     npx node examples/row-cache.ts

import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { demonstrate } from './support/demonstrate.ts'

const NOTHING_TO_DO_MS = 50

/** Reads a row from wherever rows really are. */
export type ReadRow = (row: string) => Promise<object>

/** Has the row kept from `now` on, renewed every `delaySeconds`; 0 has it forgotten. */
export async function scheduleRow(redis: Redis, row: string, delaySeconds: number, now: number): Promise<void> {
  // The delay first: a row that is scheduled without one would be forgotten at once.
  await redis.multi().zadd('delay:', delaySeconds, row).zadd('schedule:', now, row).exec()
}

/** Renews or forgets the row that is due first. False when none is due. */
export async function renewNext(redis: Redis, read: ReadRow, now: number): Promise<boolean> {
  const [row, due] = await redis.zrange('schedule:', 0, '0', 'WITHSCORES')
  if (row === undefined || Number(due) > now) return false
  const delay = Number((await redis.zscore('delay:', row)) ?? 0)
  if (delay <= 0) {
    await redis.multi().zrem('delay:', row).zrem('schedule:', row).del(`inv:${row}`).exec()
    return true
  }
  const value = JSON.stringify(await read(row))
  await redis
    .multi()
    .zadd('schedule:', now + delay, row)
    .set(`inv:${row}`, value)
    .exec()
  return true
}

/** Renews rows as they fall due, until told to stop. */
export async function keepFresh(redis: Redis, read: ReadRow, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    if (!(await renewNext(redis, read, Date.now() / 1000))) {
      await sleep(NOTHING_TO_DO_MS, undefined, { signal: stop }).catch(() => undefined)
    }
  }
}

/** The row as it was last read; undefined when it is not kept. */
export async function cachedRow(redis: Redis, row: string): Promise<object | undefined> {
  const text = await redis.get(`inv:${row}`)
  return text === null ? undefined : (JSON.parse(text) as object)
}

if (import.meta.main) {
  await demonstrate(async redis => {
    let stock = 100
    const read: ReadRow = async row => ({ row, stock: stock-- })
    const stop = new AbortController()
    const renewing = keepFresh(redis, read, stop.signal)
    await scheduleRow(redis, 'honey', 0.5, Date.now() / 1000)
    for (let i = 0; i < 4; i++) {
      await sleep(500)
      console.log(await cachedRow(redis, 'honey'))
    }
    await scheduleRow(redis, 'honey', 0, Date.now() / 1000)
    await sleep(200)
    console.log('after the sale:', await cachedRow(redis, 'honey'))
    stop.abort()
    await renewing
  })
}
