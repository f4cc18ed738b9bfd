// Question: what does a snapshot of two million keys of 200 bytes cost while clients write: how long does one wait at worst,
// how much memory does it take, how long does it last? And how soon are 1.1 million keys loaded again? The last answer is
// in ../RESULTS.md, section snapshot.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ServerKind, startServer, type TestServer } from '../../test/support/server.ts'
import { latencyDuring } from '../support/latency.ts'
import { load } from '../support/load-client.ts'
import type { Row } from '../support/report.ts'
import { kinds, onEach, type Settings } from '../support/servers.ts'
import type { Suite } from './index.ts'

const KEYS = 2_000_000
const KEYS_TO_LOAD = 1_100_000
const LOOK_MS = 50
const WAIT_MS_MAX = 300_000
const LARGE_BYTES = 10_000_000
const LARGE_COUNT = 40

const value = (i: number): string => {
  // Neither the same for all keys nor without any repetition.
  const text = `${(i * 2_654_435_761) % 2 ** 32}:`
  return text.repeat(Math.ceil(200 / text.length)).slice(0, 200)
}
const key = (i: number): string => `key:${String(i).padStart(12, '0')}`

/** Proportional set size of a process and those that it has forked, in bytes. */
function pssBytes(pid: number): number {
  const own = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
  return Number(own?.[1] ?? 0) * 1024 + children.reduce((sum, child) => sum + safePss(Number(child)), 0)
}

/** A child may be gone by now. */
function safePss(pid: number): number {
  try {
    return pssBytes(pid)
  } catch {
    return 0
  }
}

/** Takes a snapshot in the background and waits for it. Returns how long that took and how much memory, at most. */
async function save(server: TestServer): Promise<{ ms: number; extraBytes: number }> {
  const client = await server.connect()
  const before = pssBytes(server.pid)
  let most = before
  const began = performance.now()
  await client.must('BGSAVE')
  for (const end = Date.now() + WAIT_MS_MAX; Date.now() < end; await sleep(LOOK_MS)) {
    most = Math.max(most, pssBytes(server.pid))
    if (String(await client.must('INFO', 'persistence')).includes('rdb_bgsave_in_progress:0')) break
  }
  await client.close()
  return { ms: performance.now() - began, extraBytes: most - before }
}

interface Figures {
  readonly ms: number
  readonly worstMs: number
  readonly extraBytes: number
  readonly largeExtraBytes: number
}

async function measure(server: TestServer, settings: Settings): Promise<Figures> {
  const keys = Math.ceil(KEYS * settings.scale)
  await load(server.port, keys, i => ['SET', key(i), value(i)])
  let saved = { ms: 0, extraBytes: 0 }
  const commands = [
    ['SET', 'KEY', value(7)],
    ['GET', 'KEY'],
  ]
  const order = { port: server.port, connections: 4, commands, keys }
  const { worst } = await latencyDuring(order, async () => {
    saved = await save(server)
  })
  await load(server.port, 1, () => ['FLUSHALL'])
  const large = 'x'.repeat(LARGE_BYTES)
  await load(server.port, Math.ceil(LARGE_COUNT * settings.scale), i => ['SET', key(i), large])
  const { extraBytes } = await save(server)
  return { ...saved, worstMs: worst / 1000, largeExtraBytes: extraBytes }
}

/** Seconds that loading takes, as the server's log says. */
async function loadSeconds(kind: ServerKind, settings: Settings): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'skep-bench-snapshot-'))
  try {
    const writer = await startServer(kind, { dir, shards: settings.shards })
    await load(writer.port, Math.ceil(KEYS_TO_LOAD * settings.scale), i => ['SET', key(i), value(i)])
    await load(writer.port, 1, () => ['SAVE'])
    await writer.stop()
    if (readdirSync(dir).length === 0) throw new Error('nothing was saved')
    const reader = await startServer(kind, { dir, shards: settings.shards, readyMsMax: WAIT_MS_MAX })
    const said = /DB loaded from disk: ([\d.]+) seconds/.exec(reader.output())
    await reader.stop()
    return Number(said?.[1])
  } finally {
    rmSync(dir, { recursive: true })
  }
}

export const snapshot: Suite = {
  name: 'snapshot',
  question: 'BGSAVE of 2 million keys of 200 bytes while 4 clients SET and GET, and loading 1.1 million',

  async run(settings) {
    const values = await onEach(settings, server => measure(server, settings), ['--save', ''])
    const loads: Partial<Record<ServerKind, number[]>> = {}
    for (const kind of kinds()) loads[kind] = [await loadSeconds(kind, settings)]
    const row = (what: string, unit: string, goal: string, read: (figures: Figures) => number): Row => ({
      what,
      unit,
      goal,
      redis: values.redis && [read(values.redis)],
      skep: values.skep && [read(values.skep)],
    })
    const rows = [
      row('longest wait of a client', 'ms', '≤ 10 ms', ({ worstMs }) => worstMs),
      row('duration', 'ms', '≤ 1.2 ×', ({ ms }) => ms),
      row('memory beyond that before, PSS', 'MiB', '≤ 64 MiB', ({ extraBytes }) => extraBytes / 2 ** 20),
      row('the same with values of 10 MB', 'MiB', '≤ 64 MiB', ({ largeExtraBytes }) => largeExtraBytes / 2 ** 20),
      { what: 'loading 1.1 M keys', unit: 's', goal: '≤ 0.8 ×', redis: loads.redis, skep: loads.skep },
    ]
    return { tables: [{ title: 'a snapshot under writes', rows }], notes: [] }
  },
}
