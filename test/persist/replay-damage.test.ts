// Whatever is damaged in the increments of a log, it is refused with its file, the place and what to do, or it loads.
//
// SKEP_SEED repeats a run.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { keySlot } from '../../src/bytes/crc16.ts'
import { arityFits } from '../../src/commands/execute.ts'
import { findCommand } from '../../src/commands/table.ts'
import { type ReplayResult, replayLogs } from '../../src/persist/replay.ts'
import { controlCreate } from '../../src/shared/control.ts'
import { meetingCreate } from '../../src/shared/rendezvous.ts'
import { ringCreate } from '../../src/shared/ring.ts'
import { oldBlockCreate, runBlockCreate } from '../../src/shared/snapshot-block.ts'
import { textBlockCreate } from '../../src/shared/text-block.ts'
import { datasetDigest } from '../../src/store/digest.ts'
import { GROUPS } from '../differential/groups/index.ts'
import { type TestKeyspace, testKeyspace } from '../support/keyspace.ts'
import { chooseSeed, type Random, randomFrom } from '../support/random.ts'

const SLOTS = 16384
const GIGABYTE = 2 ** 30
/** Offsets beyond this make strings that take long to look at. */
const OFFSET_MAX = 1_000_000
/** What every refusal has: Redis's words, the file, and where. */
const REFUSED = /append only file log\.\d\.aof|Fatal error: the truncated file is not the last file/
const PLACE = /offset \d+/

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'skep-test-replay-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const resp = (...args: readonly unknown[]): string =>
  `*${args.length}\r\n${args.map(arg => `$${Buffer.byteLength(String(arg), 'latin1')}\r\n${arg}\r\n`).join('')}`

/** Logs of so many shards with commands of all kinds: alone, in transactions, and over several shards. */
function makeLogs(random: Random, shards: number, count: number): Buffer[] {
  const logs: string[] = Array.from({ length: shards }, () => resp('SELECT', 0))
  const keysOf = Array.from({ length: shards }, (_, shard) =>
    Array.from({ length: 40 * shards }, (_each, i) => `key:${i}`).filter(
      key => Math.floor((keySlot(Buffer.from(key), 0, key.length) * shards) / SLOTS) === shard,
    ),
  )
  let number = 1
  for (let i = 0; i < count; i++) {
    const shard = random.int(0, shards - 1)
    const way = random.int(0, 19)
    if (way === 0) logs[shard] += `#TS:${1_700_000_000 + i}\r\n`
    else if (way === 1) logs[shard] += resp('SELECT', random.int(0, 3))
    else if (way === 2) {
      logs[shard] += resp('MULTI') + resp('SET', random.pick(keysOf[shard]), i) + resp('INCR', 'a') + resp('EXEC')
    } else if (way < 6 && shards > 1) {
      const other = (shard + random.int(1, shards - 1)) % shards
      const change =
        resp('MULTI') + resp('SELECT', 0) + resp('MSET', random.pick(keysOf[shard]), i, random.pick(keysOf[other]), i)
      const mask = ((1 << shard) | (1 << other)).toString(16)
      const whole = `#X:${(number++).toString(16)}:${mask}\r\n${change}${resp('EXEC')}`
      logs[shard] += whole
      logs[other] += whole
    } else {
      const { args } = random.weighted(random.pick(GROUPS).makers).make(random, ['a', 'b', ...keysOf[shard]])
      const entry = findCommand(Buffer.from(String(args[0])), 0, String(args[0]).length)
      if (
        entry === undefined ||
        entry.command.name === 'SELECT' ||
        entry.subcommands.length > 0 ||
        !arityFits(entry.command.arity, args.length)
      )
        continue
      if (args.some(arg => Math.abs(Number(arg)) > OFFSET_MAX)) continue
      logs[shard] += resp(...args.map(arg => (arg instanceof Uint8Array ? Buffer.from(arg).toString('latin1') : arg)))
    }
  }
  return logs.map(log => Buffer.from(log, 'latin1'))
}

/** Replays logs into new shards. */
function replay(
  logs: readonly Buffer[],
  mayBeCut: boolean,
): { result: ReplayResult; keyspace: TestKeyspace; isFree: boolean } {
  const shards = logs.length
  const keyspace = testKeyspace(shards, 4 * GIGABYTE)
  const shape = { routers: 1, shards }
  const control = controlCreate(shape)
  const before = new Int32Array(control).slice()
  const settings = new SharedArrayBuffer(keyspace.engine.settings.byteLength)
  new Float64Array(settings).set(keyspace.engine.settings)
  const sources = logs.map((bytes, index) => {
    const name = `log.${index}.aof`
    writeFileSync(join(folder, name), bytes)
    return { index, files: [{ path: join(folder, name), name, isBase: false, offset: 0 }] }
  })
  const result = replayLogs({
    memory: {
      control,
      arenas: keyspace.engine.shards.map(({ m }) => m.buffer as SharedArrayBuffer),
      functions: textBlockCreate(),
      settings,
      snapshot: {
        run: runBlockCreate(),
        old: logs.map(() => oldBlockCreate(shards)),
        rings: logs.map(() => ringCreate(1 << 12)),
      },
    },
    shape,
    sources,
    meeting: meetingCreate(shards),
    progress: new SharedArrayBuffer(8 * shards),
    mayBeCut,
    delayUs: 0,
  })
  return { result, keyspace, isFree: Buffer.compare(new Uint8Array(control), new Uint8Array(before.buffer)) === 0 }
}

const digest = ({ engine }: TestKeyspace): string => datasetDigest(engine.shards)

const seed = chooseSeed()

test(`changed bytes are refused with file, place and advice, or load (SKEP_SEED=${seed})`, () => {
  const random = randomFrom(seed)
  let refused = 0
  for (let round = 0; round < 200; round++) {
    const whole = makeLogs(random, random.int(1, 4), random.int(1, 60))
    const logs = whole.map(log => Buffer.from(log))
    for (let flips = random.int(1, 3); flips > 0; flips--) {
      const log = random.pick(logs)
      const at = random.int(0, log.length - 1)
      log[at] = random.chance(0.5)
        ? log[at] ^ (1 << random.int(0, 7))
        : random.pick([...Buffer.from('0123456789*$#-\r\nX:')])
    }
    const { result, keyspace, isFree } = replay(logs, random.chance(0.5))
    if (result.error !== '') {
      refused++
      expect({ round, error: result.error }).toEqual({ round, error: expect.stringMatching(REFUSED) })
      if (!result.error.startsWith('Fatal'))
        expect({ round, error: result.error }).toEqual({ round, error: expect.stringMatching(PLACE) })
    }
    expect({ round, isFree }).toEqual({ round, isFree: true })
    keyspace.check()
  }
  expect(refused).toBeGreaterThan(25)
})

test(`a cut tail goes, with all of the change that it was part of, and the rest loads (SKEP_SEED=${seed})`, () => {
  const random = randomFrom(seed)
  for (let round = 0; round < 60; round++) {
    const [whole] = makeLogs(random, 1, random.int(1, 40))
    const cut = Buffer.from(whole.subarray(0, random.int(0, whole.length - 1)))
    const refused = replay([cut], false).result
    const { result, keyspace } = replay([cut], true)
    const left = readFileSync(join(folder, 'log.0.aof'))
    expect({ round, error: result.error }).toEqual({ round, error: '' })
    expect(whole.subarray(0, left.length).equals(left)).toBe(true)
    // Where there was nothing to cut off, it loads without leave.
    expect(refused.error === '').toBe(left.length === cut.length)
    if (refused.error !== '') expect(refused.error).toMatch(/^Unexpected end of file.*aof-load-truncated/)
    const again = replay([left], false)
    expect(again.result.error).toBe('')
    expect(digest(again.keyspace)).toBe(digest(keyspace))
  }
})

const SET = resp('SET', 'a', '1')
const PAIR = resp('MULTI') + resp('MSET', 'a', 1, 'b', 1) + resp('EXEC')

test.each([
  [
    'a command with too few words',
    [SET + resp('SET', 'a')],
    /^Bad file format.*log\.0\.aof.*redis-check-aof --fix.*offset 27\)/,
  ],
  ['an unknown command', [SET + resp('NOSUCH')], /^Unknown command 'NOSUCH' reading.*log\.0\.aof \(at offset 27\)/],
  ['an unknown command in a transaction', [resp('MULTI') + resp('NOSUCH')], /^Unknown command 'NOSUCH'.*offset 15\)/],
  ['a database that is none', [SET + resp('SELECT', 16)], /^Bad file format.*offset 27: database 16 of 16\)/],
  ['a transaction without its end', [resp('MULTI') + SET + PAIR], /^Bad file format.*offset 42\)/],
  ['a word longer than the file', [`${SET}*1\r\n$99999999999\r\nSET`], /^Unexpected end of file.*offset 27\)/],
  ['a change of one shard alone', [`#X:1:1\r\n${PAIR}`, ''], /^Bad file format.*log\.0\.aof.*offset 0\)/],
  ['a change of shards that are none', [`#X:1:5\r\n${PAIR}`, ''], /^Bad file format.*log\.0\.aof.*offset 0\)/],
  ['a number that is none', [`#X:1g:3\r\n${PAIR}`, ''], /^Bad file format.*log\.0\.aof.*offset 0\)/],
  [
    'a change that another log has not',
    [`#X:1:3\r\n${PAIR}`, `#X:2:3\r\n${PAIR}`],
    /^Bad file format.*log\.0\.aof.*another log/,
  ],
])('%s is refused at its place', (_name, logs, expected) => {
  expect(
    replay(
      logs.map(log => Buffer.from(log)),
      false,
    ).result.error,
  ).toMatch(expected)
})
