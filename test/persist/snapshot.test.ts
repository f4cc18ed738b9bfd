import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { keySlot } from '../../src/bytes/crc16.ts'
import { SETTING } from '../../src/config/settings.ts'
import { ByteFeed } from '../../src/persist/byte-feed.ts'
import { OldValueSaver } from '../../src/persist/old-values.ts'
import { rdbEnd, rdbFooter, rdbHeader, stringHead } from '../../src/persist/rdb-frame.ts'
import { type LoadPart, RdbLoader } from '../../src/persist/rdb-load.ts'
import { SnapshotReader } from '../../src/persist/snapshot-reader.ts'
import { Walker } from '../../src/persist/walker.ts'
import { writeFiles } from '../../src/persist/write-files.ts'
import { RingProducer, ringClear, ringCreate } from '../../src/shared/ring.ts'
import {
  OLD_BLOCK,
  OldBlock,
  RUN,
  runBlockCreate,
  type SnapshotMemory,
  SnapshotRunBlock,
} from '../../src/shared/snapshot-block.ts'
import { DictWalk } from '../../src/store/dict-walk.ts'
import { datasetDigest } from '../../src/store/digest.ts'
import type { Engine } from '../../src/store/engine.ts'
import type { EntryRef } from '../../src/store/entry.ts'
import { entryIsUnsaved, epochBegin, epochIsActive } from '../../src/store/epoch.ts'
import { graveyardStep } from '../../src/store/graveyard.ts'
import { hashExpireStep } from '../../src/store/hash-expire.ts'
import { databaseKeys, keyspaceDatabase } from '../../src/store/keyspace.ts'
import { GROUPS } from '../differential/groups/index.ts'
import type { Argument } from '../support/client.ts'
import { type TestKeyspace, testKeyspace } from '../support/keyspace.ts'
import { chooseSeed, type Random, randomFrom } from '../support/random.ts'
import { openSpill } from './spill.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'skep-test-snapshot-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Everything a snapshot needs, in this thread. */
class Bench {
  readonly keyspace: TestKeyspace
  readonly memory: SnapshotMemory
  readonly run: SnapshotRunBlock
  readonly walkers: Walker[]
  readonly blocks: OldBlock[]
  readonly #random: Random
  readonly #hasLarge: boolean

  /**
   * With large values the ring must be large: a command that changes one finishes it first, and waits for a reader if
   * there is no room, who would be this same thread.
   */
  constructor(
    shards: number,
    random: Random,
    oldBytes: number,
    hasLarge: boolean,
    ringBytes = hasLarge ? 1 << 23 : 1 << 14,
  ) {
    this.#random = random
    this.#hasLarge = hasLarge
    this.keyspace = testKeyspace(shards)
    this.memory = {
      run: runBlockCreate(),
      old: Array.from({ length: shards }, () => new SharedArrayBuffer(OLD_BLOCK.OLD + oldBytes)),
      rings: Array.from({ length: shards }, () => ringCreate(ringBytes)),
    }
    this.run = new SnapshotRunBlock(this.memory.run)
    this.blocks = this.memory.old.map(each => new OldBlock(each))
    const { engine } = this.keyspace
    engine.settings[SETTING.listCompressDepth] = random.int(0, 1)
    this.walkers = this.memory.rings.map(
      (ring, i) => new Walker(engine.shards[i], this.run, this.blocks[i], new RingProducer(ring)),
    )
    // One thread stands for all, so it may meet an entry that any of the walkers is in the middle of.
    const savers = this.walkers.map((walker, i) => new OldValueSaver(engine, this.run, this.blocks, i, walker))
    engine.oldValues = {
      save: (shard, origin, entry) => savers[shard.index].save(shard, origin, entry),
      flushed: () => undefined,
    }
  }

  /** The barrier. Returns what the snapshot must hold. */
  begin(turns = this.#random.int(1, this.walkers.length)): string {
    for (const [i, { m }] of this.keyspace.engine.shards.entries()) {
      epochBegin(m)
      this.blocks[i].begin(openSpill())
    }
    this.run.turns = turns
    this.run.state = RUN.TAKEN
    return datasetDigest(this.keyspace.engine.shards)
  }

  /** A command of any kind, or what happens between commands. */
  work(): void {
    const { keyspace } = this
    const random = this.#random
    keyspace.db = random.chance(0.7) ? 0 : random.int(0, 3)
    if (random.chance(0.02)) keyspace.now += random.int(0, 5000)
    if (random.chance(0.05)) this.#chores()
    if (random.chance(0.004)) return this.#call('FLUSHALL')
    if (random.chance(0.004)) return this.#call('FLUSHDB', random.pick(['SYNC', 'ASYNC']))
    if (random.chance(0.01)) return this.#call('SWAPDB', random.int(0, 3), random.int(0, 3))
    if (random.chance(0.02)) return this.#call('MOVE', this.#key(), random.int(0, 3))
    if (this.#hasLarge && random.chance(0.03)) return this.#large()
    const group = random.pick(GROUPS)
    const { args } = random.weighted(group.makers).make(random, group.keys)
    this.#call(...args)
  }

  #key(): string {
    return this.#random.pick(['a', 'b', 'c', 'foo', 'bar', 'key:1', 'large:1', 'large:2'])
  }

  /** Values that take a walker more than one step, and changes to them. */
  #large(): void {
    const random = this.#random
    const key = random.pick(['large:1', 'large:2', 'large:3'])
    const text = String(random.int(0, 9)).repeat(random.int(1000, 300_000))
    const many = (each: (i: number) => Argument[]): Argument[] => Array.from({ length: 600 }, (_, i) => each(i)).flat()
    const way = random.int(0, 12)
    if (way === 0) this.#call('SET', key, text)
    else if (way === 1) this.#call('APPEND', key, text)
    else if (way === 2) this.#call('HSET', key, ...many(i => [`field:${i}`, text.slice(0, 400)]))
    else if (way === 3) this.#call('ZADD', key, ...many(i => [random.int(0, 1000), `member:${i}`]))
    else if (way === 4) this.#call('RPUSH', key, ...many(i => [text.slice(0, 300) + i]))
    else if (way === 5) this.#call('SADD', key, ...many(i => [`member:${i}${text.slice(0, 100)}`]))
    else if (way === 6) this.#call('RENAME', key, random.pick(['large:1', 'large:2', 'large:3']))
    else if (way === 7) this.#call('SETRANGE', key, random.int(0, 1000), text.slice(0, 50))
    else if (way === 8) this.#call('RPUSH', key, 'a', text, 'b', text, 'c', text)
    else if (way === 9) this.#call('HSET', key, 'one', text, 'two', 'short', text, text)
    else if (way === 10) this.#call('SADD', key, 'short', text)
    else if (way === 11) this.#call('XADD', key, '*', 'field', text)
    else this.#call('DEL', key)
  }

  #call(...args: readonly Argument[]): void {
    const texts = args.map(arg => (typeof arg === 'bigint' ? String(arg) : arg))
    try {
      this.keyspace.call(...texts)
    } catch (error) {
      // Commands of the router are not for keyspaces without one.
      if (!String(error).includes('no shard command')) throw error
    }
  }

  #chores(): void {
    const { engine, now } = this.keyspace
    const shard = this.#random.pick(engine.shards)
    engine.begin(now)
    hashExpireStep(shard, 2)
    graveyardStep(shard.m, 10)
  }

  check(): void {
    this.keyspace.check()
    for (const { m, databases } of this.keyspace.engine.shards) {
      expect(epochIsActive(m)).toBe(false)
      const walk = new DictWalk()
      for (let db = 0; db < databases; db++) {
        walk.start(m, databaseKeys(m, keyspaceDatabase(m, db)))
        for (let item = walk.next(); item !== 0; item = walk.next()) {
          expect(entryIsUnsaved(m, item as number as EntryRef)).toBe(false)
        }
      }
    }
  }
}

/** Takes one snapshot while commands run. Returns its bytes and what they must hold. */
function takeSnapshot(bench: Bench, random: Random): { bytes: Buffer; expected: string } {
  const expected = bench.begin()
  const reader = new SnapshotReader(bench.memory)
  const pieces: Uint8Array[] = [rdbHeader([['redis-ver', '7.0.15']], [])]
  const read = (): void => {
    if (!reader.next()) return
    if (reader.string > 0) pieces.push(stringHead(reader.string))
    pieces.push(Uint8Array.from(reader.u8.subarray(reader.at, reader.at + reader.length)))
  }
  while (!reader.isDone) {
    const way = random.int(0, 9)
    if (way < 5) for (let i = random.int(1, 10); i > 0; i--) bench.work()
    else if (way < 7) {
      const walker = random.pick(bench.walkers)
      if (walker.isWanted) walker.step(bench.keyspace.now)
    } else read()
  }
  pieces.push(rdbEnd(), rdbFooter(undefined))
  return { bytes: Buffer.concat(pieces), expected }
}

/** The digest of what an RDB file holds, loaded into so many shards, in as many parts: each reads all of the file. */
function digestOf(bytes: Buffer, shards: number, now: number): string {
  const { engine } = testKeyspace(shards)
  engine.begin(now)
  engine.deletesExpired = false
  for (let part = 0; part < shards; part++) loadPart(bytes, engine, now, { index: part, count: shards })
  return datasetDigest(engine.shards)
}

function loadPart(bytes: Buffer, engine: Engine, now: number, part: LoadPart): void {
  let at = 0
  const feed = new ByteFeed((u8, to, length) => {
    const piece = Math.min(length, bytes.length - at, 5000)
    u8.set(bytes.subarray(at, at + piece), to)
    at += piece
    return piece
  }, true)
  const listener = { aux: () => undefined, note: () => undefined }
  const options = { now, dropsExpired: false, checks: true, delay: 0, dbBase: 0, databases: 16, shard: -1, part }
  new RdbLoader(feed, engine, undefined, { ...options, duplicates: 'refuse' }, listener).load()
}

describe.each([1, 2, 4])('a snapshot of %i shards', shards => {
  const seed = chooseSeed()
  test.each([
    ['small', false],
    ['large and small', true],
  ])(`of %s values holds what there was at its beginning (SKEP_SEED=${seed})`, (_name, hasLarge) => {
    const random = randomFrom(seed)
    // A small block has old values go to the file.
    const bench = new Bench(shards, random, random.pick([512, 65_536]), hasLarge)
    for (let round = 0; round < 12; round++) {
      for (let i = 0; i < 150; i++) bench.work()
      const { bytes, expected } = takeSnapshot(bench, random)
      expect({ round, digest: digestOf(bytes, random.pick([1, 2, 3]), bench.keyspace.now) }).toEqual({
        round,
        digest: expected,
      })
      bench.check()
    }
  })

  test.each([false, true])(
    `in files (compressed: %s) holds what there was at its beginning (SKEP_SEED=${seed})`,
    compresses => {
      const random = randomFrom(seed)
      const bench = new Bench(shards, random, random.pick([512, 65_536]), true, 1 << 27)
      bench.keyspace.engine.settings[SETTING.rdbcompression] = compresses ? 1 : 0
      for (let round = 0; round < 3; round++) {
        for (let i = 0; i < 150; i++) bench.work()
        const expected = bench.begin()
        while (bench.walkers.some(walker => walker.isWanted)) {
          for (let i = random.int(0, 5); i > 0; i--) bench.work()
          const walker = random.pick(bench.walkers)
          if (walker.isWanted) walker.step(bench.keyspace.now)
        }
        const paths = bench.walkers.map((_, shard) => join(folder, `${shard}.rdb`))
        const aux = [['redis-ver', '7.0.15']] as const
        const facts = { aux, libraries: [], hasChecksum: true, compresses, syncsOnTheWay: false }
        expect(writeFiles({ memory: bench.memory, paths, ...facts }).error).toBe('')
        const { engine } = testKeyspace(2)
        engine.begin(bench.keyspace.now)
        engine.deletesExpired = false
        for (const path of paths) {
          for (const index of [0, 1]) loadPart(readFileSync(path), engine, bench.keyspace.now, { index, count: 2 })
        }
        expect({ round, digest: datasetDigest(engine.shards) }).toEqual({ round, digest: expected })
      }
    },
  )

  test(`that is given up leaves everything ready for the next (SKEP_SEED=${seed})`, () => {
    const random = randomFrom(seed)
    const bench = new Bench(shards, random, 4096, true)
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 150; i++) bench.work()
      bench.begin()
      for (let i = 0; i < 20; i++) {
        bench.work()
        const walker = random.pick(bench.walkers)
        if (walker.isWanted) walker.step(bench.keyspace.now)
      }
      bench.run.end(RUN.GIVEN_UP)
      while (bench.walkers.some(walker => walker.isWanted)) {
        for (const walker of bench.walkers) if (walker.isWanted) walker.step(bench.keyspace.now)
        bench.work()
      }
      bench.check()
      for (const ring of bench.memory.rings) ringClear(ring)
      const { bytes, expected } = takeSnapshot(bench, random)
      expect({ round, digest: digestOf(bytes, 2, bench.keyspace.now) }).toEqual({ round, digest: expected })
    }
  })
})

describe('a walk', () => {
  /** Two shards with more keys than a step saves, by a clock that goes on by a tenth of a millisecond at each look. */
  function begun(turns: number): Bench {
    const bench = new Bench(2, randomFrom(1), 65_536, false)
    for (let i = 0; i < 2000; i++) bench.keyspace.call('SET', `key:${i}`, 'value')
    bench.begin(turns)
    let clock = 1000
    vi.spyOn(performance, 'now').mockImplementation(() => {
      clock += 0.1
      return clock
    })
    return bench
  }
  afterEach(() => vi.restoreAllMocks())

  /** A key of one of the two shards. */
  function keyOf(shard: number): string {
    const keys = Array.from({ length: 100 }, (_, i) => Buffer.from(`key:${i}`))
    return String(keys.find(key => keySlot(key, 0, key.length) >>> 13 === shard))
  }

  test('waits for its turn, but takes old values along meanwhile', () => {
    const bench = begun(1)
    const [first, second] = bench.walkers
    first.step(bench.keyspace.now)
    second.step(bench.keyspace.now)
    expect(bench.blocks[0].saved).toBeGreaterThan(0)
    expect(bench.blocks[1].saved).toBe(0)

    const key = keyOf(1)
    bench.keyspace.call('SET', key, 'another')
    expect(bench.blocks[1].length).toBeGreaterThan(0)
    second.step(bench.keyspace.now)
    expect(bench.blocks[1].length).toBe(0)
    expect(bench.blocks[1].saved).toBe(1)

    const reader = new SnapshotReader(bench.memory)
    while (first.isWanted) {
      first.step(bench.keyspace.now)
      while (reader.next());
    }
    second.step(bench.keyspace.now)
    expect(bench.blocks[1].saved).toBeGreaterThan(1)
  })

  test('rests after a step when clients have done something since the last one, and only then', () => {
    const bench = begun(2)
    const [walker] = bench.walkers
    const key = keyOf(0)
    walker.step(bench.keyspace.now)
    walker.step(bench.keyspace.now)
    expect(walker.due(performance.now())).toBe(true)
    bench.keyspace.call('GET', key)
    walker.step(bench.keyspace.now)
    expect(walker.due(performance.now())).toBe(false)
    walker.step(bench.keyspace.now)
    expect(walker.due(performance.now())).toBe(true)
  })
})
