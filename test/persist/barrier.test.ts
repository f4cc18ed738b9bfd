import { expect, test } from 'vitest'
import type { RespClient } from '../support/client.ts'
import { startServer } from '../support/server.ts'

const ROUNDS = 4
const FIELDS = 400
const PIECE = 'x'.repeat(500)

/** Runs `work` again and again until told to stop. */
function repeat(work: () => Promise<unknown>): { stop(): Promise<void> } {
  let isOn = true
  const running = (async () => {
    while (isOn) await work()
  })()
  return {
    async stop() {
      isOn = false
      await running
    },
  }
}

async function savedInBackground(client: RespClient): Promise<void> {
  expect(await client.call('BGSAVE')).toBe('Background saving started')
  while (!String(await client.call('INFO', 'persistence')).includes('rdb_bgsave_in_progress:0'));
}

/** The hash's fields all have the number's text in front; a change of all is one command. */
const fields = (number: number): string[] =>
  Array.from({ length: FIELDS }, (_, i) => [`field:${i}`, `${number}:${PIECE}`]).flat()

test('a transaction over shards, and a change of a value that takes many steps, is in a snapshot whole or not at all', async () => {
  const server = await startServer('skep', { shards: 3, args: ['--enable-debug-command', 'yes', '--save', ''] })
  try {
    const [client, one, two, three] = await Promise.all(Array.from({ length: 4 }, () => server.connect()))
    for (let i = 0; i < 3000; i++) await client.call('SET', `filler:${i}`, i)
    let number = 0
    for (let round = 0; round < ROUNDS; round++) {
      const writers = [one, two].map(writer =>
        repeat(async () => {
          await writer.call('MULTI')
          for (const key of ['a', 'b', 'c', 'd']) await writer.call('INCR', key)
          await writer.call('EXEC')
        }),
      )
      writers.push(repeat(() => three.call('HSET', 'large', ...fields(++number))))
      await savedInBackground(client)
      await Promise.all(writers.map(writer => writer.stop()))
      expect(await client.call('DEBUG', 'RELOAD', 'NOSAVE')).toBe('OK')
      const counters = (await client.call('MGET', 'a', 'b', 'c', 'd')) as string[]
      expect(new Set(counters).size, `counters ${counters}`).toBe(1)
      const values = (await client.call('HVALS', 'large')) as string[] | null
      expect(new Set(values).size).toBeLessThanOrEqual(1)
    }
  } finally {
    await server.stop('SIGKILL')
  }
}, 120_000)
