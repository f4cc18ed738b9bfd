// The power goes: of every file there is left what a sync that had ended has covered, and nothing else. With `always`
// everything that was acknowledged is there after the restart; with `everysec` everything that was before the last second.
//
// What is synced is noted by a layer between the server and the system (support/record-syncs.mjs). SKEP_POWER_ROUNDS sets how
// often the power goes.

import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { RespClient } from '../support/client.ts'
import { chooseSeed, randomFrom } from '../support/random.ts'
import { startServer, type TestServer } from '../support/server.ts'

const ROUNDS = Number(process.env.SKEP_POWER_ROUNDS ?? 3)
const RECORDER = fileURLToPath(new URL('../support/record-syncs.mjs', import.meta.url))
/** What `everysec` may lose, and as much again for a machine that is late. */
const LOST_MS_MAX = 2000
const COUNTERS = 16
const seed = chooseSeed()

/** Leaves of every file below `dir` what was synced. */
function losePower(dir: string, record: string): void {
  const durable = new Map<number, number>()
  const inPlace = new Map<number, { at: number; length: number }[]>()
  for (const line of readFileSync(record, 'latin1').split('\n')) {
    const [inode, size, length] = line.split(' ').map(Number)
    if (length !== undefined) inPlace.set(inode, [...(inPlace.get(inode) ?? []), { at: size, length }])
    else if (Number.isInteger(size)) {
      durable.set(inode, Math.max(durable.get(inode) ?? 0, size))
      inPlace.delete(inode)
    }
  }
  for (const name of readdirSync(dir, { recursive: true }) as string[]) {
    const path = join(dir, name)
    const { ino, size } = statSync(path)
    if (!statSync(path).isFile() || path === record) continue
    truncateSync(path, Math.min(size, durable.get(ino) ?? 0))
    const file = openSync(path, 'r+')
    for (const { at, length } of inPlace.get(ino) ?? []) writeSync(file, Buffer.alloc(length), 0, length, at)
    closeSync(file)
  }
}

type Acknowledged = { readonly value: number; readonly at: number }

/** Counts one key up, and with it another of a different slot, until the server dies. */
async function count(server: TestServer, i: number, into: Acknowledged[]): Promise<void> {
  const client = await server.connect()
  try {
    for (;;) {
      const frames = await client.pipeline([['MULTI'], ['INCR', `a:${i}`], ['INCR', `b:${i}`], ['EXEC']])
      const value = Number(/:(\d+)/.exec(frames[3].raw.toString())?.[1])
      into.push({ value, at: performance.now() })
    }
  } catch {
    // It is dead.
  }
}

/** Has the log go on in another folder: whole, from the next rewrite on. Returns that folder. */
async function moveTo(client: RespClient, dir: string, round: number): Promise<string> {
  const folder = join(dir, `folder-${round}`)
  mkdirSync(folder)
  await client.must('SET', 'moved', String(round))
  await client.must('CONFIG', 'SET', 'dir', folder)
  await client.must('BGREWRITEAOF')
  const status = async () => String(await client.must('INFO', 'persistence'))
  await expect.poll(status, { timeout: 30_000 }).toContain('aof_rewrite_in_progress:0')
  expect(await status()).toContain('aof_last_bgrewrite_status:ok')
  return folder
}

/** `failing`: files that cannot be used, by the ends of their names. */
const cases: { readonly policy: string; readonly shards: number; readonly failing?: string }[] = [
  { policy: 'always', shards: 1 },
  { policy: 'always', shards: 4 },
  { policy: 'always', shards: 4, failing: '.commits' },
  { policy: 'everysec', shards: 1 },
  { policy: 'everysec', shards: 4 },
]
for (const { policy, shards, failing } of cases) {
  test(
    `${policy}, ${shards} shard(s)${failing === undefined ? '' : `, no ${failing}`}: a loss of power takes no more than it may (SKEP_SEED=${seed})`,
    async () => {
      const random = randomFrom(seed + shards)
      const dir = mkdtempSync(join(tmpdir(), 'skep-power-'))
      const record = join(dir, 'syncs')
      const args = ['--appendonly', 'yes', '--appendfsync', policy, '--enable-protected-configs', 'yes']
      const env = {
        NODE_OPTIONS: `--import ${RECORDER}`,
        SKEP_RECORD_SYNCS: record,
        ...(failing && { SKEP_FAIL_HEADS: failing }),
      }
      const acknowledged: Acknowledged[][] = Array.from({ length: COUNTERS }, () => [])
      let home = dir
      let diedAt = 0
      let total = 0
      try {
        for (let round = 0; round <= ROUNDS; round++) {
          const server = await startServer('skep', { shards, dir: home, args, env, readyMsMax: 90_000 })
          const client = await server.connect()
          for (const [i, all] of acknowledged.entries()) {
            const found = Number((await client.must('GET', `a:${i}`)) ?? 0)
            expect(Number((await client.must('GET', `b:${i}`)) ?? 0), `half a transaction of ${i}`).toBe(found)
            const owed = policy === 'always' ? all : all.filter(({ at }) => at < diedAt - LOST_MS_MAX)
            expect(found, `round ${round}, counter ${i}`).toBeGreaterThanOrEqual(owed.at(-1)?.value ?? 0)
            // What was lost and is nobody's due is forgotten.
            acknowledged[i] = all.filter(({ value }) => value <= found)
          }
          if (round === ROUNDS) {
            await server.stop()
            // Who ends as it should leaves nothing to be restored.
            expect((readdirSync(dir, { recursive: true }) as string[]).filter(name => /commits/.test(name))).toEqual([])
            break
          }
          if (policy === 'always' && random.chance(0.5)) {
            // What was synced in another way before.
            await client.must('CONFIG', 'SET', 'appendfsync', random.pick(['everysec', 'no']))
            for (let i = 0; i < 50; i++) await client.must('SET', `filler:${i}`, 'x')
            await client.must('CONFIG', 'SET', 'appendfsync', 'always')
          }
          if (policy === 'always' && random.chance(0.3)) home = await moveTo(client, dir, round)
          const load = acknowledged.map((all, i) => count(server, i, all))
          await sleep(random.int(100, policy === 'always' ? 700 : 3500))
          if (random.chance(0.5)) {
            await client.call('BGREWRITEAOF')
            await sleep(random.int(1, 400))
          }
          diedAt = performance.now()
          await server.stop('SIGKILL')
          await Promise.all(load)
          total += acknowledged.reduce((sum, all) => sum + all.length, 0)
          losePower(dir, record)
        }
        expect(total).toBeGreaterThan(ROUNDS)
      } finally {
        rmSync(dir, { recursive: true, force: true })
      }
    },
    120_000 + ROUNDS * 30_000,
  )
}
