// A subscriber that does not read is cut off by client-output-buffer-limit, whatever is published; everybody else is served
// as before, and the server keeps no more of its messages than the limit.

import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import type { RespClient } from '../support/client.ts'
import { SERVERS } from '../support/each-server.ts'
import { startServer, type TestServer } from '../support/server.ts'

const MEGABYTE = 1 << 20
/** What the server may need beside the 32 MB that the limit allows: sockets' buffers, the message at hand, its own. */
const GROWTH_MAX = 200 * MEGABYTE

function residentBytes(pid: number): number {
  return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}

describe.each(SERVERS)('slow subscribers on %s', kind => {
  let server: TestServer
  afterEach(async () => {
    await server?.stop()
  })

  /** Publishes so many megabytes. Returns how many subscribers got each message. */
  async function publish(client: RespClient, megabytes: number, channel: string): Promise<number[]> {
    const text = Buffer.alloc(MEGABYTE, 'x')
    const receivers: number[] = []
    for (let i = 0; i < megabytes; i++) receivers.push((await client.must('PUBLISH', channel, text)) as number)
    return receivers
  }

  test('a gigabyte for one who does not read is not kept', { timeout: 120_000 }, async () => {
    server = await startServer(kind, { shards: 2 })
    const [slow, publisher, other] = [await server.connect(), await server.connect(), await server.connect()]
    await slow.must('SUBSCRIBE', 'news')
    slow.pause()
    // The first messages warm up what grows once and for all.
    await publish(publisher, 5, 'nobody')
    const before = residentBytes(server.pid)
    let worst = 0
    const watch = setInterval(() => {
      worst = Math.max(worst, residentBytes(server.pid))
    }, 10)
    const publishing = publish(publisher, 1024, 'news')
    // Others are answered all the while.
    for (let i = 0; i < 20; i++) expect(await other.must('INCR', 'served')).toBe(i + 1)
    const receivers = await publishing
    clearInterval(watch)
    expect(receivers[0]).toBe(1)
    expect(receivers.at(-1)).toBe(0)
    // 32 MB and what fits into the sockets' buffers.
    expect(receivers.filter(count => count === 1).length).toBeLessThan(64)
    expect(worst - before).toBeLessThan(GROWTH_MAX)
    expect(await other.must('CLIENT', 'LIST', 'TYPE', 'pubsub')).toBe('')
    slow.resume()
    await slow.closed
    await publisher.close()
    await other.close()
  })

  test('one who reads gets all of it', { timeout: 120_000 }, async () => {
    server = await startServer(kind, { shards: 2 })
    const [reader, publisher] = [await server.connect(), await server.connect()]
    await reader.must('SUBSCRIBE', 'news')
    for (let i = 0; i < 100; i++) {
      expect(await publish(publisher, 1, 'news')).toEqual([1])
      expect(((await reader.next()) as string[])[2].length).toBe(MEGABYTE)
    }
    await reader.close()
    await publisher.close()
  })

  test('the soft limit cuts off who stays above it for too long', { timeout: 60_000 }, async () => {
    server = await startServer(kind, { args: ['--client-output-buffer-limit', 'pubsub 0 4mb 1'] })
    const [slow, publisher] = [await server.connect(), await server.connect()]
    await slow.must('SUBSCRIBE', 'news')
    slow.pause()
    const began = performance.now()
    await publish(publisher, 24, 'news')
    const [, subscribers] = (await publisher.must('PUBSUB', 'NUMSUB', 'news')) as [string, number]
    // Within the second nobody is cut off; a machine may be too slow to see it.
    const elapsedMs = performance.now() - began
    expect({ subscribers, isSeen: elapsedMs < 1000 }).not.toEqual({ subscribers: 0, isSeen: true })
    await expect.poll(() => publish(publisher, 1, 'news'), { timeout: 20_000, interval: 100 }).toEqual([0])
    slow.resume()
    await slow.closed
    await publisher.close()
  })
})
