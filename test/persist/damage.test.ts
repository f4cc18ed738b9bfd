import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { crc64Start, crc64Update } from '../../src/bytes/crc64.ts'
import { ByteFeed } from '../../src/persist/byte-feed.ts'
import { checkRdb } from '../../src/persist/check.ts'
import { rdbEnd, rdbFooter, rdbHeader } from '../../src/persist/rdb-frame.ts'
import { type LoadResult, RdbLoader } from '../../src/persist/rdb-load.ts'
import { DictWalk } from '../../src/store/dict-walk.ts'
import { datasetDigest } from '../../src/store/digest.ts'
import type { EntryRef } from '../../src/store/entry.ts'
import { databaseKeys, keyspaceDatabase } from '../../src/store/keyspace.ts'
import { RdbDamage } from '../../src/store/rdb/damage.ts'
import { EntryWriter } from '../../src/store/rdb/entry-writer.ts'
import { RdbSink } from '../../src/store/rdb/sink.ts'
import { GROUPS } from '../differential/groups/index.ts'
import { type TestKeyspace, testKeyspace } from '../support/keyspace.ts'
import { chooseSeed, randomFrom } from '../support/random.ts'
import { redisVersion } from '../support/server.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'skep-test-damage-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Commands of all kinds. */
function fill(keyspace: TestKeyspace, seed: number, count: number): void {
  const random = randomFrom(seed)
  for (let i = 0; i < count; i++) {
    const group = random.pick(GROUPS)
    const { args } = random.weighted(group.makers).make(random, group.keys)
    if (['FLUSHALL', 'FLUSHDB', 'HEXPIRE', 'HPEXPIRE'].includes(String(args[0]).toUpperCase())) continue
    keyspace.db = random.int(0, 2)
    try {
      keyspace.call(...args.map(arg => (typeof arg === 'bigint' ? String(arg) : arg)))
    } catch (error) {
      if (!String(error).includes('no shard command')) throw error
    }
  }
}

/** All of a keyspace of one shard as an RDB file. */
function save({ engine, now }: TestKeyspace): Buffer {
  const [{ m, databases }] = engine.shards
  const writer = new EntryWriter(new RdbSink(), engine.settings)
  const walk = new DictWalk()
  for (let db = 0; db < databases; db++) {
    walk.start(m, databaseKeys(m, keyspaceDatabase(m, db)))
    for (let item = walk.next(); item !== 0; item = walk.next()) {
      writer.start(m, db, item as number as EntryRef, now)
      while (!writer.step(1));
    }
  }
  const { u8, length } = writer.sink
  const bytes = Buffer.concat([rdbHeader([['redis-ver', '7.0.15']], []), u8.subarray(0, length), rdbEnd()])
  return Buffer.concat([bytes, rdbFooter(sumOf(bytes))])
}

function sumOf(bytes: Buffer): ReturnType<typeof crc64Start> {
  const crc = crc64Start()
  crc64Update(crc, bytes, 0, bytes.length)
  return crc
}

/** Loads a file piece by piece. */
function load(bytes: Buffer, keyspace: TestKeyspace, piece: number, checks: boolean): LoadResult {
  const { engine, now } = keyspace
  let at = 0
  const feed = new ByteFeed((u8, to, length) => {
    const count = Math.min(length, bytes.length - at, piece)
    u8.set(bytes.subarray(at, at + count), to)
    at += count
    return count
  }, true)
  engine.begin(now)
  engine.deletesExpired = false
  const options = {
    now,
    dropsExpired: false,
    duplicates: 'refuse',
    checks,
    delay: 0,
    dbBase: 0,
    databases: 16,
    shard: -1,
  } as const
  return new RdbLoader(feed, engine, undefined, options, { aux: () => undefined, note: () => undefined }).load()
}

const seed = chooseSeed()

test(`what was saved comes back, in pieces of any size (SKEP_SEED=${seed})`, () => {
  const random = randomFrom(seed)
  const before = testKeyspace(1)
  fill(before, seed, 1500)
  const bytes = save(before)
  for (const piece of [1, 7, 100, 100_000]) {
    const after = testKeyspace(random.int(1, 4))
    load(bytes, after, piece, true)
    expect(datasetDigest(after.engine.shards)).toBe(datasetDigest(before.engine.shards))
  }
})

test.skipIf(redisVersion() === undefined)('redis-check-rdb and skep check accept what was saved', () => {
  const keyspace = testKeyspace(1)
  fill(keyspace, seed, 800)
  const path = join(folder, 'whole.rdb')
  writeFileSync(path, save(keyspace))
  expect(execFileSync('redis-check-rdb', [path], { encoding: 'utf8' })).toContain('RDB looks OK!')
  expect(checkRdb(path)).toMatchObject({ problem: '', isHarmless: true })
})

test(`a file with a changed byte is refused, whichever it is (SKEP_SEED=${seed})`, () => {
  const random = randomFrom(seed)
  const before = testKeyspace(1)
  fill(before, seed, 300)
  const whole = save(before)
  const path = join(folder, 'damaged.rdb')
  for (let round = 0; round < 60; round++) {
    const bytes = Buffer.from(whole)
    const at = random.int(0, bytes.length - 1)
    bytes[at] ^= 1 << random.int(0, 7)
    writeFileSync(path, bytes)
    expect({ at, problem: checkRdb(path).problem }).not.toEqual({ at, problem: '' })
  }
})

test(`bytes that fit by chance do no harm: without the checksum they load or are refused (SKEP_SEED=${seed})`, () => {
  const random = randomFrom(seed)
  const before = testKeyspace(1)
  fill(before, seed, 400)
  const whole = save(before)
  let refused = 0
  for (let round = 0; round < 150; round++) {
    const bytes = Buffer.from(whole)
    for (let flips = random.int(1, 4); flips > 0; flips--) bytes[random.int(9, bytes.length - 1)] = random.int(0, 255)
    const cut = random.chance(0.2) ? bytes.subarray(0, random.int(0, bytes.length)) : bytes
    const after = testKeyspace(2)
    try {
      load(cut, after, 4096, false)
    } catch (error) {
      if (!(error instanceof RdbDamage)) throw error
      refused++
    }
    after.check()
  }
  expect(refused).toBeGreaterThan(15)
})
