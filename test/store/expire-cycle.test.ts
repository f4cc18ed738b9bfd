import { describe, expect, test } from 'vitest'
import { SETTING } from '../../src/config/settings.ts'
import { BLOCK, ROLE } from '../../src/shared/replication-block.ts'
import { dictCount } from '../../src/store/dict.ts'
import { ExpireCycle } from '../../src/store/expire-cycle.ts'
import { DATABASE, databaseExpires, keyspaceDatabase, ROOT, rootCounter } from '../../src/store/keyspace.ts'
import type { Shard } from '../../src/store/shard.ts'
import { type TestKeyspace, testKeyspace } from '../support/keyspace.ts'

/** Runs slices as an owner does until the cycle wants to rest, and lets that time pass. */
function runSlow(cycle: ExpireCycle, keyspace: TestKeyspace): void {
  for (;;) {
    keyspace.engine.begin(keyspace.now)
    const wait = cycle.slow(keyspace.now)
    if (wait === 0) continue
    const until = performance.now() + wait
    while (performance.now() < until);
    return
  }
}

const expiring = (shard: Shard, db: number): number =>
  dictCount(shard.m, databaseExpires(shard.m, keyspaceDatabase(shard.m, db)))

function filled(keys: number, db = 0): TestKeyspace {
  const keyspace = testKeyspace(1)
  keyspace.db = db
  for (let i = 0; i < keys; i++) keyspace.call('SET', `key:${i}`, 'value', 'PX', 1000 + (i % 10))
  return keyspace
}

describe('expiry cycle', () => {
  test('deletes keys whose time is up, and only those', () => {
    const keyspace = filled(3000)
    for (let i = 0; i < 100; i++) keyspace.call('SET', `lasting:${i}`, 'value')
    for (let i = 0; i < 100; i++) keyspace.call('SET', `later:${i}`, 'value', 'PX', 100_000)
    const [shard] = keyspace.engine.shards
    const cycle = new ExpireCycle(shard)
    keyspace.now += 1010
    keyspace.engine.settings[SETTING.hz] = 500
    for (let i = 0; i < 200 && shard.size(0) > 200; i++) runSlow(cycle, keyspace)
    // Once few of those it meets are dead, it leaves the rest: at most about one in ten of those that expire.
    expect(shard.size(0)).toBeLessThan(300)
    for (let i = 0; i < 100; i++) {
      expect(keyspace.call('GET', `lasting:${i}`)).toBe('value')
      expect(keyspace.call('GET', `later:${i}`)).toBe('value')
    }
    keyspace.check()
  })

  test('does nothing while nothing is dead, and learns the mean time to live', () => {
    const keyspace = filled(500)
    const [shard] = keyspace.engine.shards
    runSlow(new ExpireCycle(shard), keyspace)
    expect(shard.size(0)).toBe(500)
    expect(rootCounter(shard.m, ROOT.EXPIRED)).toBe(0)
    const mean = shard.m.f64[keyspaceDatabase(shard.m, 0) + DATABASE.AVG_TTL / 8]
    expect(mean).toBeGreaterThanOrEqual(1000)
    expect(mean).toBeLessThan(1010)
  })

  test('tells log and subscribers of each key, and counts it', () => {
    const keyspace = filled(5, 3)
    const [shard] = keyspace.engine.shards
    keyspace.engine.settings[SETTING.notifyKeyspaceEvents] = -1
    keyspace.now += 2000
    keyspace.engine.begin(keyspace.now)
    new ExpireCycle(shard).slow(keyspace.now)
    expect(keyspace.engine.notices.map(({ event, db }) => `${event} ${db}`)).toEqual(new Array(5).fill('expired 3'))
    expect(keyspace.effects().filter(line => line.startsWith('DEL key:'))).toHaveLength(5)
    expect(keyspace.effects().filter(line => line === 'SELECT 3')).toHaveLength(5)
    expect(rootCounter(shard.m, ROOT.EXPIRED)).toBe(5)
    expect(expiring(shard, 3)).toBe(0)
  })

  test('visits every database, a full one not keeping it from the others', () => {
    const keyspace = filled(10_000, 2)
    const [shard] = keyspace.engine.shards
    for (const db of [0, 5, 15]) {
      keyspace.db = db
      for (let i = 0; i < 20; i++) keyspace.call('SET', `key:${i}`, 'value', 'PX', 1)
    }
    keyspace.now += 2000
    keyspace.engine.settings[SETTING.hz] = 500
    const cycle = new ExpireCycle(shard)
    for (let i = 0; i < 400 && [0, 2, 5, 15].some(db => expiring(shard, db) > 0); i++) runSlow(cycle, keyspace)
    expect([0, 5, 15].map(db => expiring(shard, db))).toEqual([0, 0, 0])
    expect(expiring(shard, 2)).toBe(0)
    keyspace.check()
  })

  test('leaves the rest for later slices when its time is over, and says so', () => {
    const keyspace = filled(40_000)
    const [shard] = keyspace.engine.shards
    keyspace.now += 2000
    keyspace.engine.begin(keyspace.now)
    const cycle = new ExpireCycle(shard)
    expect(cycle.slow(keyspace.now)).toBe(0)
    const left = expiring(shard, 0)
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThan(40_000)
    // A quarter of 2 ms, at 500 Hz, does not do for the rest.
    keyspace.engine.settings[SETTING.hz] = 500
    const hurried = new ExpireCycle(shard)
    runSlow(hurried, keyspace)
    expect(rootCounter(shard.m, ROOT.CAP_REACHED)).toBeGreaterThan(0)
    expect(rootCounter(shard.m, ROOT.EXPIRE_CYCLE)).toBeGreaterThan(0)
    expect(rootCounter(shard.m, ROOT.STALE_PERCENT)).toBeGreaterThan(0)
    // Having run out of time is a reason for the fast cycle, which otherwise rests.
    const before = expiring(shard, 0)
    keyspace.engine.begin(keyspace.now)
    hurried.fast(keyspace.now)
    expect(expiring(shard, 0)).toBeLessThan(before)
  })

  test('the fast cycle rests while few keys are dead', () => {
    const keyspace = filled(50)
    const [shard] = keyspace.engine.shards
    const cycle = new ExpireCycle(shard)
    keyspace.now += 2000
    keyspace.engine.begin(keyspace.now)
    expect(cycle.fast(keyspace.now)).toBe(false)
    expect(expiring(shard, 0)).toBe(50)
  })

  test('deletes fields of hashes whose time is up, and hashes that are left without any', () => {
    const keyspace = testKeyspace(1)
    const [shard] = keyspace.engine.shards
    for (let i = 0; i < 100; i++) {
      keyspace.call('HSET', `hash:${i}`, 'a', '1', 'b', '2')
      keyspace.call('HPEXPIRE', `hash:${i}`, '50', 'FIELDS', ...(i % 2 === 0 ? ['1', 'a'] : ['2', 'a', 'b']))
    }
    keyspace.now += 50
    const cycle = new ExpireCycle(shard)
    // A busy machine may use up its time early.
    for (let i = 0; i < 200 && shard.size(0) > 50; i++) runSlow(cycle, keyspace)
    expect(shard.size(0)).toBe(50)
    for (let i = 0; i < 100; i += 2) expect(keyspace.call('HGETALL', `hash:${i}`)).toEqual(['b', '2'])
    keyspace.check()
  })

  test('rests on a replica, which waits for its master’s word', () => {
    const keyspace = filled(50)
    const [shard] = keyspace.engine.shards
    const cycle = new ExpireCycle(shard)
    keyspace.now += 2000
    keyspace.engine.begin(keyspace.now)
    keyspace.engine.deletesExpired = false
    expect(cycle.slow(keyspace.now)).toBeGreaterThan(0)
    expect(cycle.fast(keyspace.now)).toBe(false)
    expect(expiring(shard, 0)).toBe(50)
  })

  test('on a replica ends what its own clients have given an end, however that came about', () => {
    const keyspace = filled(50)
    const { engine } = keyspace
    const [shard] = engine.shards
    engine.followRole(new Int32Array(BLOCK.ROLE / 4 + 1).fill(ROLE.REPLICA))
    keyspace.db = 3
    keyspace.call('SET', 'set', 'v', 'PX', 100)
    keyspace.call('SET', 'given', 'v')
    keyspace.call('PEXPIRE', 'given', 100)
    keyspace.call('SET', 'changed', 'v', 'PX', 100_000)
    keyspace.call('PEXPIRE', 'changed', 100)
    keyspace.call('SET', 'old', 'v', 'PX', 100)
    keyspace.call('RENAME', 'old', 'renamed')
    keyspace.call('SET', 'lasting', 'v', 'PX', 100)
    keyspace.call('PERSIST', 'lasting')
    keyspace.call('SET', 'later', 'v', 'PX', 5000)
    const cycle = new ExpireCycle(shard)
    keyspace.now += 2000
    engine.begin(keyspace.now)
    for (let i = 0; i < 100 && shard.size(3) > 2; i++) cycle.slow(keyspace.now)
    expect(shard.size(3)).toBe(2)
    expect(expiring(shard, 3)).toBe(1)
    // The master's own are left to its word.
    expect(expiring(shard, 0)).toBe(50)
    keyspace.now += 5000
    engine.begin(keyspace.now)
    for (let i = 0; i < 100 && shard.size(3) > 1; i++) cycle.slow(keyspace.now)
    expect(keyspace.call('GET', 'lasting')).toBe('v')
    expect(shard.size(3)).toBe(1)
    keyspace.check()
  })
})
