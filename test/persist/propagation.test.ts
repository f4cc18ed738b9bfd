// The log of one shard reads as redis-server's does after the same commands, word for word: what Redis's replicas, tools and
// operators know is what they find.
//
// SKEP_SEED repeats a run.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { GROUPS } from '../differential/groups/index.ts'
import { makeSequence } from '../differential/sequence.ts'
import { chooseSeed } from '../support/random.ts'
import { redisVersion, startServer, type TestServer } from '../support/server.ts'

const SEQUENCES = 2
const LENGTH = 150
const LOGGED = ['--appendonly', 'yes', '--auto-aof-rewrite-percentage', '0', '--appendfsync', 'no']
const seed = chooseSeed()

/** The commands of the increment, a line each, times and numbers beyond what doubles hold made alike. */
function logged(server: TestServer): string[] {
  const folder = join(server.dir, 'appendonlydir')
  const name = readdirSync(folder).find(each => each.endsWith('.incr.aof')) ?? ''
  const text = readFileSync(join(folder, name), 'latin1')
  const lines: string[] = []
  for (let at = 0; at < text.length; ) {
    let end = text.indexOf('\r\n', at)
    const count = Number(text.slice(at + 1, end))
    at = end + 2
    const words: string[] = []
    for (let i = 0; i < count; i++) {
      end = text.indexOf('\r\n', at)
      const length = Number(text.slice(at + 1, end))
      words.push(alike(text.slice(end + 2, end + 2 + length), i))
      at = end + 4 + length
    }
    lines.push(words.join(' '))
  }
  return lines
}

function alike(word: string, i: number): string {
  if (i === 0) return word.toUpperCase()
  if (/^1[67]\d{8}(\d{3}(-\d+)?)?$/.test(word)) return 'TIME'
  return /^\d{16,17}$/.test(word) ? String(Number(word)) : JSON.stringify(word)
}

for (const group of GROUPS) {
  const name = `${group.name}: what is logged is what redis-server logs (SKEP_SEED=${seed})`
  test.skipIf(redisVersion() === undefined)(
    name,
    async () => {
      const servers = [
        await startServer('skep', { shards: 1, args: LOGGED }),
        await startServer('redis', { args: LOGGED }),
      ]
      try {
        const found: string[][] = []
        for (const server of servers) {
          const client = await server.connect()
          for (let i = 0; i < SEQUENCES; i++) {
            const { prelude, steps } = makeSequence(group, seed + i, LENGTH)
            const commands = [...prelude, ...steps].map(({ args }) => args)
            for (let at = 0; at < commands.length; at += 16) await client.pipeline(commands.slice(at, at + 16))
          }
          // Behind it everything has reached the file.
          await client.call('DISCARD')
          await client.must('SET', 'last', '1')
          found.push(logged(server))
        }
        expect(found[0].at(-1)).toBe('SET "last" "1"')
        expect(found[0]).toEqual(found[1])
      } finally {
        for (const server of servers) await server.stop('SIGKILL')
      }
    },
    120_000,
  )
}
