import { afterEach, beforeEach, expect, test } from 'vitest'
import { Pool } from '../../src/persist/pool.ts'

let pool: Pool

beforeEach(() => {
  pool = new Pool(new URL('./pool-worker.ts', import.meta.url))
})

afterEach(() => pool.end())

const threadOf = (name: string): Promise<number> => pool.run<number>({}, { name })

test('tasks that follow each other run on the thread that is there', async () => {
  expect(await threadOf('writeFiles')).toBe(await threadOf('removeFiles'))
})

test('a thread that was started ahead writes snapshots as soon as it is ready, and does nothing else', async () => {
  pool.readyWriter()
  pool.readyWriter()
  const other = await threadOf('removeFiles')
  expect(await pool.run({}, { name: 'writeBases' })).toBe(true)
  const writer = await threadOf('writeFiles')
  expect(writer).not.toBe(other)
  expect(await threadOf('publishSnapshot')).toBe(writer)
  expect(await threadOf('removeFiles')).toBe(other)
})
