// BullMQ: jobs with retries, delays, priorities and dependencies, all of it in Lua scripts on the server.

import { FlowProducer, Queue, QueueEvents, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { afterEach, describe, expect, test } from 'vitest'
import { SERVERS, useServer } from '../support/each-server.ts'

const JOB_MS_MAX = 30_000

describe.each(SERVERS)('bullmq on %s', kind => {
  const server = useServer(kind)
  const closers: (() => Promise<unknown>)[] = []

  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })

  function closing<T extends { close(): Promise<unknown> }>(one: T): T {
    closers.push(() => one.close())
    return one
  }

  function connection(): Redis {
    const redis = new Redis(server.port, { maxRetriesPerRequest: null })
    closers.push(async () => redis.disconnect())
    return redis
  }

  async function open() {
    const queue = closing(new Queue('honey', { connection: connection() }))
    const events = closing(new QueueEvents('honey', { connection: connection() }))
    await events.waitUntilReady()
    return { queue, events }
  }

  test('jobs are done, each once, by workers side by side', { timeout: 60_000 }, async () => {
    const { queue, events } = await open()
    const done: number[] = []
    for (let i = 0; i < 2; i++) {
      const work = async (job: { data: { n: number } }): Promise<number> => {
        done.push(job.data.n)
        return job.data.n * 2
      }
      closing(new Worker('honey', work, { connection: connection(), concurrency: 5 }))
    }
    const jobs = await queue.addBulk(Array.from({ length: 60 }, (_, n) => ({ name: 'double', data: { n } })))
    const results = await Promise.all(jobs.map(job => job.waitUntilFinished(events, JOB_MS_MAX)))
    expect(results).toEqual(Array.from({ length: 60 }, (_, n) => 2 * n))
    expect(done.sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, n) => n))
    expect(await queue.getJobCounts('completed', 'waiting', 'active')).toEqual({ completed: 60, waiting: 0, active: 0 })
  })

  test('a job that fails is tried again, and a delayed one comes later', { timeout: 60_000 }, async () => {
    const { queue, events } = await open()
    const attempts: string[] = []
    const work = async (job: { name: string }): Promise<string> => {
      attempts.push(job.name)
      if (job.name === 'fails') throw new Error('on purpose')
      return job.name
    }
    closing(new Worker('honey', work, { connection: connection() }))
    const bad = await queue.add('fails', {}, { attempts: 3, backoff: 20 })
    await expect(bad.waitUntilFinished(events, JOB_MS_MAX)).rejects.toThrow('on purpose')
    expect(attempts).toEqual(['fails', 'fails', 'fails'])
    const late = await queue.add('late', {}, { delay: 200 })
    expect(await late.getState()).toBe('delayed')
    expect(await late.waitUntilFinished(events, JOB_MS_MAX)).toBe('late')
    expect(await queue.getFailedCount()).toBe(1)
    await queue.obliterate({ force: true })
    expect(await server.redis.keys('bull:*')).toEqual([])
  })

  test('the more urgent comes first, and a parent after its children', { timeout: 60_000 }, async () => {
    const { queue, events } = await open()
    await queue.add('idle', {}, { priority: 10 })
    await queue.add('urgent', {}, { priority: 1 })
    const flow = closing(new FlowProducer({ connection: connection() }))
    const tree = await flow.add({
      name: 'parent',
      queueName: 'honey',
      opts: { priority: 5 },
      children: [
        { name: 'child', queueName: 'honey', opts: { priority: 2 } },
        { name: 'child', queueName: 'honey', opts: { priority: 2 } },
      ],
    })
    const order: string[] = []
    const work = async (job: { name: string }): Promise<void> => {
      order.push(job.name)
    }
    closing(new Worker('honey', work, { connection: connection() }))
    await tree.job.waitUntilFinished(events, JOB_MS_MAX)
    await expect.poll(() => order.length, { timeout: JOB_MS_MAX }).toBe(5)
    expect(order).toEqual(['urgent', 'child', 'child', 'parent', 'idle'])
  })
})
