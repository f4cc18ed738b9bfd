// BullMQ: queues whose every step is a long script over keys that it does not all name, with streams for events and
// sorted sets to block on.

import { FlowProducer, Queue, QueueEvents, Worker } from 'bullmq'
import { afterEach, describe, expect, test } from 'vitest'
import { SERVERS, useServer } from '../support/each-server.ts'
import { until } from '../support/until.ts'

const WAIT_MS = 30_000

describe.each(SERVERS)('BullMQ on %s', kind => {
  const server = useServer(kind)
  const open: { close(): Promise<unknown> }[] = []

  // Last opened, first closed.
  afterEach(async () => {
    for (const each of open.splice(0).reverse()) await each.close()
  })

  const connection = () => ({ host: '127.0.0.1', port: server.port, maxRetriesPerRequest: null })

  function opened<T extends { close(): Promise<unknown> }>(each: T): T {
    open.push(each)
    return each
  }

  async function events(queue: string): Promise<QueueEvents> {
    const heard = opened(new QueueEvents(queue, { connection: connection() }))
    await heard.waitUntilReady()
    return heard
  }

  test('each of many jobs is done once, by any of several workers', async () => {
    const queue = opened(new Queue('sums', { connection: connection() }))
    const done: number[] = []
    for (let i = 0; i < 3; i++) {
      const work = async (job: { data: { n: number } }): Promise<number> => job.data.n * 2
      const worker = opened(new Worker('sums', work, { connection: connection(), concurrency: 4 }))
      worker.on('completed', (_, doubled: number) => done.push(doubled))
    }
    const jobs = Array.from({ length: 100 }, (_, n) => ({ name: 'double', data: { n } }))
    await queue.addBulk(jobs)
    await until('all are done', () => done.length >= jobs.length)
    expect(done.toSorted((a, b) => a - b)).toEqual(jobs.map(({ data }) => data.n * 2))
    expect(await queue.getJobCounts('completed', 'waiting', 'active', 'failed')).toEqual({
      completed: 100,
      waiting: 0,
      active: 0,
      failed: 0,
    })
  })

  test('a job that fails is tried again, one that is put off waits, one that is wanted sooner comes first', async () => {
    const queue = opened(new Queue('tasks', { connection: connection() }))
    const heard = await events('tasks')
    const order: string[] = []
    const worker = opened(
      new Worker(
        'tasks',
        async job => {
          order.push(job.name)
          if (job.name === 'fails' && job.attemptsMade < 2) throw new Error('not yet')
          return job.attemptsMade
        },
        { connection: connection(), autorun: false },
      ),
    )
    const late = await queue.add('late', {}, { delay: 200 })
    const fails = await queue.add('fails', {}, { attempts: 5, backoff: { type: 'exponential', delay: 20 } })
    await queue.add('last', {}, { priority: 9 })
    const first = await queue.add('first', {}, { priority: 1 })
    void worker.run()
    expect(await fails.waitUntilFinished(heard, WAIT_MS)).toBe(2)
    await late.waitUntilFinished(heard, WAIT_MS)
    await first.waitUntilFinished(heard, WAIT_MS)
    await until('the last is done', () => order.includes('last'))
    expect(order.filter(name => name === 'fails')).toHaveLength(3)
    expect(order.indexOf('first')).toBeLessThan(order.indexOf('last'))
  })

  test('a job whose parts are jobs themselves waits for them', async () => {
    const flows = opened(new FlowProducer({ connection: connection() }))
    const heard = await events('parts')
    const order: string[] = []
    opened(
      new Worker(
        'parts',
        async job => {
          order.push(job.name)
          if (job.name !== 'whole') return job.data.n
          return Object.values(await job.getChildrenValues<number>()).reduce((sum, n) => sum + n, 0)
        },
        { connection: connection() },
      ),
    )
    const children = [1, 2, 3].map(n => ({ name: `part ${n}`, queueName: 'parts', data: { n } }))
    const { job } = await flows.add({ name: 'whole', queueName: 'parts', data: {}, children })
    expect(await job.waitUntilFinished(heard, WAIT_MS)).toBe(6)
    expect(order.at(-1)).toBe('whole')
  })

  test('jobs come again and again, a paused queue rests, and all of it can be removed', async () => {
    const queue = opened(new Queue('ticks', { connection: connection() }))
    let ticks = 0
    opened(
      new Worker(
        'ticks',
        async () => {
          ticks++
        },
        { connection: connection() },
      ),
    )
    await queue.upsertJobScheduler('every', { every: 50 }, { name: 'tick' })
    await until('it ticks', () => ticks >= 3)
    expect(await queue.removeJobScheduler('every')).toBe(true)
    await queue.pause()
    expect(await queue.isPaused()).toBe(true)
    await queue.add('one more', {})
    await queue.obliterate({ force: true })
    expect(await server.redis.keys('bull:ticks:*')).toEqual([])
  })
})
