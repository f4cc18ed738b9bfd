import { describe, expect, test } from 'vitest'
import { MAXMEMORY_POLICY, SETTING } from '../../src/config/settings.ts'
import { OUT_OF_MEMORY } from '../../src/protocol/errors.ts'
import { requestOf } from '../../src/protocol/request.ts'
import { ROOT, rootCounter } from '../../src/store/keyspace.ts'
import { memoryUsed } from '../../src/store/memory-used.ts'
import { errorReply } from '../support/frame.ts'
import { type TestKeyspace, testKeyspace } from '../support/keyspace.ts'

const POLICIES = Object.entries(MAXMEMORY_POLICY).filter(([, policy]) => policy !== MAXMEMORY_POLICY.NOEVICTION)
const OVERSHOOT = 4096

/** A keyspace that may use `room` bytes more than when it is empty. Every shard can be borrowed unless a test says no. */
function limited(policy: number, room: number, shards = 1): TestKeyspace {
  const keyspace = testKeyspace(shards)
  const { engine } = keyspace
  engine.settings[SETTING.maxmemory] = memoryUsed(engine) + room
  engine.settings[SETTING.maxmemoryPolicy] = policy
  engine.settings[SETTING.maxmemoryEvictionTenacity] = 100
  engine.neighbours = { borrow: () => true, giveBack() {} }
  return keyspace
}

const limit = (keyspace: TestKeyspace): number => keyspace.engine.settings[SETTING.maxmemory]
const size = (keyspace: TestKeyspace): number => keyspace.engine.shards.reduce((sum, shard) => sum + shard.size(0), 0)
const evicted = (keyspace: TestKeyspace): number =>
  keyspace.engine.shards.reduce((sum, shard) => sum + rootCounter(shard.m, ROOT.EVICTED), 0)
const exists = (keyspace: TestKeyspace, key: string): boolean => keyspace.call('GET', key) !== null

describe.each([1, 4])('with %i shards', shards => {
  test.each(POLICIES)('%s keeps memory within the limit', (_, policy) => {
    const keyspace = limited(policy, 200_000, shards)
    let usedMax = 0
    for (let i = 0; i < 5000; i++) {
      keyspace.call('SET', `key:${i}`, 'x'.repeat(i % 90), 'EX', 10_000)
      usedMax = Math.max(usedMax, memoryUsed(keyspace.engine))
    }
    expect(usedMax).toBeLessThan(limit(keyspace) + OVERSHOOT)
    expect(evicted(keyspace)).toBe(5000 - size(keyspace))
    expect(size(keyspace)).toBeGreaterThan(600)
    keyspace.check()
  })

  test.each(POLICIES.filter(([name]) => name.startsWith('ALLKEYS')))('%s removes lasting keys', (_, policy) => {
    const keyspace = limited(policy, 100_000, shards)
    for (let i = 0; i < 2000; i++) expect(keyspace.call('SET', `key:${i}`, 'x')).toBe('OK')
    expect(memoryUsed(keyspace.engine)).toBeLessThan(limit(keyspace) + OVERSHOOT)
  })

  test.each(POLICIES.filter(([name]) => name.startsWith('VOLATILE')))('%s leaves lasting keys', (_, policy) => {
    const keyspace = limited(policy, 100_000, shards)
    let keys = 0
    for (; memoryUsed(keyspace.engine) + OVERSHOOT < limit(keyspace); keys++) {
      if (keys % 2 === 0) keyspace.call('SET', `key:${keys}`, 'x')
      else keyspace.call('SET', `key:${keys}`, 'x', 'EX', 10_000)
    }
    for (let i = 0; i < keys; i++) keyspace.call('SET', `foo:${i}`, 'x', 'EX', 10_000)
    expect(memoryUsed(keyspace.engine)).toBeLessThan(limit(keyspace) + OVERSHOOT)
    for (let i = 0; i < keys; i += 2) expect(exists(keyspace, `key:${i}`)).toBe(true)
    // When only lasting keys are left, writes are refused and reads are not.
    let refused = 0
    for (let i = 0; i < 3 * keys; i++) {
      const answer = keyspace.call('SET', `lasting:${i}`, 'x')
      if (answer !== 'OK') {
        expect(answer).toEqual(errorReply(OUT_OF_MEMORY))
        refused++
      }
    }
    expect(refused).toBeGreaterThan(0)
    expect(exists(keyspace, 'key:0')).toBe(true)
    expect(memoryUsed(keyspace.engine)).toBeLessThan(limit(keyspace) + OVERSHOOT)
  })

  test('one large shard is evicted from before small ones are', () => {
    const keyspace = limited(MAXMEMORY_POLICY.ALLKEYS_LRU, 300_000, shards)
    for (let i = 0; memoryUsed(keyspace.engine) + OVERSHOOT < limit(keyspace); i++) {
      keyspace.call('SET', `{large}:${i}`, 'x'.repeat(100))
    }
    const before = size(keyspace)
    for (let i = 0; i < 100; i++) keyspace.call('SET', `small:${i}`, 'x'.repeat(100))
    if (shards > 1) for (let i = 0; i < 100; i++) expect(exists(keyspace, `small:${i}`)).toBe(true)
    expect(evicted(keyspace)).toBeGreaterThan(0)
    expect(size(keyspace)).toBe(before + 100 - evicted(keyspace))
  })
})

test('the policy may change when only some shards have been evicted from', () => {
  const keyspace = limited(MAXMEMORY_POLICY.ALLKEYS_LRU, 100_000, 2)
  const { engine } = keyspace
  engine.neighbours = { borrow: () => false, giveBack() {} }
  const tag = ['{a}', '{b}'].find(key => engine.shards[0].ofKey(requestOf([key]), 0).index === 1)
  expect(tag).toBeDefined()
  for (let i = 0; i < 2000; i++) keyspace.call('SET', `${tag}:${i}`, 'x'.repeat(50))
  engine.settings[SETTING.maxmemoryPolicy] = MAXMEMORY_POLICY.ALLKEYS_LFU
  for (let i = 2000; i < 4000; i++) keyspace.call('SET', `${tag}:${i}`, 'x'.repeat(50))
  expect(memoryUsed(engine)).toBeLessThan(limit(keyspace) + OVERSHOOT)
})

test('noeviction refuses what takes memory, deletes nothing', () => {
  const keyspace = limited(MAXMEMORY_POLICY.NOEVICTION, 20_000)
  let keys = 0
  while (keyspace.call('SET', `key:${keys}`, 'x'.repeat(100)) === 'OK') keys++
  expect(keys).toBeGreaterThan(50)
  expect(keyspace.call('SET', 'another', 'x')).toEqual(errorReply(OUT_OF_MEMORY))
  expect(size(keyspace)).toBe(keys)
  expect(keyspace.call('GET', 'key:0')).toBe('x'.repeat(100))
})

test.each([1, 4])(
  'with no patience at all and %i shards, keys still go, and writes are refused once none may',
  shards => {
    const keyspace = limited(MAXMEMORY_POLICY.VOLATILE_LRU, 100_000, shards)
    keyspace.engine.settings[SETTING.maxmemoryEvictionTenacity] = 0
    for (let i = 0; i < 3000; i++) keyspace.call('SET', `key:${i}`, 'x'.repeat(50), 'EX', 1000)
    expect(evicted(keyspace)).toBeGreaterThan(1000)
    expect(memoryUsed(keyspace.engine)).toBeLessThan(limit(keyspace) + OVERSHOOT)
    let refused = 0
    for (let i = 0; i < 3000; i++) if (keyspace.call('SET', `lasting:${i}`, 'x'.repeat(50)) !== 'OK') refused++
    expect(refused).toBeGreaterThan(1000)
    expect(memoryUsed(keyspace.engine)).toBeLessThan(limit(keyspace) + OVERSHOOT)
  },
)

test('a shard whose neighbours are out of reach gives up its own keys', () => {
  const keyspace = limited(MAXMEMORY_POLICY.ALLKEYS_LRU, 400_000, 4)
  keyspace.engine.neighbours = undefined
  for (let i = 0; i < 5000; i++) {
    expect(keyspace.call('SET', `key:${i}`, 'x'.repeat(100))).toBe('OK')
    expect(memoryUsed(keyspace.engine)).toBeLessThan(limit(keyspace) + OVERSHOOT)
  }
})

test('a shard with nothing to give may write a little over the limit while its neighbours are busy', () => {
  const keyspace = limited(MAXMEMORY_POLICY.VOLATILE_LRU, 400_000, 2)
  let isBusy = true
  keyspace.engine.neighbours = { borrow: () => !isBusy, giveBack() {} }
  const [first] = keyspace.engine.shards
  let i = 0
  const tag = (name: string, index: number): string => {
    for (let n = 0; ; n++) {
      const key = `{${name}${n}}`
      keyspace.call('SET', key, '')
      const isThere = keyspace.engine.shards[index].size(0) > 0
      keyspace.call('GETDEL', key)
      if (isThere) return key
    }
  }
  const mine = tag('a', 0)
  const others = tag('b', 1)
  for (; memoryUsed(keyspace.engine) + OVERSHOOT < limit(keyspace); i++) {
    keyspace.call('SET', `${others}${i}`, 'x'.repeat(100), 'EX', 1000)
  }
  for (let n = 0; n < 100; n++) expect(keyspace.call('SET', `${mine}${n}`, 'x'.repeat(100))).toBe('OK')
  expect(memoryUsed(keyspace.engine)).toBeGreaterThan(limit(keyspace))
  expect(evicted(keyspace)).toBe(0)
  isBusy = false
  keyspace.call('SET', mine, 'x')
  expect(memoryUsed(keyspace.engine)).toBeLessThan(limit(keyspace) + OVERSHOOT)
  expect(first.size(0)).toBe(101)
})

test('LRU evicts what was not used for long', () => {
  const keyspace = limited(MAXMEMORY_POLICY.ALLKEYS_LRU, 400_000)
  const keys: string[] = []
  while (memoryUsed(keyspace.engine) + 20_000 < limit(keyspace)) {
    keyspace.call('SET', `key:${keys.length}`, 'x'.repeat(100))
    keys.push(`key:${keys.length}`)
  }
  keyspace.now += 60_000
  for (let i = 0; i < keys.length; i += 2) keyspace.call('GET', keys[i])
  keyspace.now += 60_000
  for (let i = 0; i < keys.length / 4; i++) keyspace.call('SET', `new:${i}`, 'x'.repeat(100))
  keyspace.engine.settings[SETTING.maxmemory] = 0
  let used = 0
  let unused = 0
  for (const [i, key] of keys.entries()) if (exists(keyspace, key)) i % 2 === 0 ? used++ : unused++
  expect(used).toBeGreaterThan(keys.length * 0.48)
  expect(unused).toBeLessThan(keys.length * 0.4)
})

test('LFU evicts what was used seldom', () => {
  const keyspace = limited(MAXMEMORY_POLICY.ALLKEYS_LFU, 400_000)
  const keys: string[] = []
  while (memoryUsed(keyspace.engine) + 20_000 < limit(keyspace)) {
    keyspace.call('SET', `key:${keys.length}`, 'x'.repeat(100))
    keys.push(`key:${keys.length}`)
  }
  for (let round = 0; round < 30; round++) for (let i = 0; i < keys.length; i += 2) keyspace.call('GET', keys[i])
  for (let i = 0; i < keys.length / 4; i++) keyspace.call('SET', `new:${i}`, 'x'.repeat(100))
  keyspace.engine.settings[SETTING.maxmemory] = 0
  let used = 0
  for (let i = 0; i < keys.length; i += 2) if (exists(keyspace, keys[i])) used++
  expect(used).toBeGreaterThan(keys.length * 0.49)
})

test('TTL evicts what ends soonest', () => {
  const keyspace = limited(MAXMEMORY_POLICY.VOLATILE_TTL, 400_000)
  const keys: string[] = []
  while (memoryUsed(keyspace.engine) + 20_000 < limit(keyspace)) {
    keyspace.call('SET', `key:${keys.length}`, 'x'.repeat(100), 'EX', keys.length % 2 === 0 ? 100_000 : 1000)
    keys.push(`key:${keys.length}`)
  }
  for (let i = 0; i < keys.length / 4; i++) keyspace.call('SET', `new:${i}`, 'x'.repeat(100), 'EX', 1_000_000)
  keyspace.engine.settings[SETTING.maxmemory] = 0
  let late = 0
  for (let i = 0; i < keys.length; i += 2) if (exists(keyspace, keys[i])) late++
  expect(late).toBeGreaterThan(keys.length * 0.49)
})

test('says what it evicted to log and subscribers, before the command', () => {
  const keyspace = limited(MAXMEMORY_POLICY.ALLKEYS_RANDOM, 0)
  const { engine } = keyspace
  engine.settings[SETTING.maxmemory] = 0
  keyspace.db = 2
  keyspace.call('SET', 'asdf1', '1')
  keyspace.call('SET', 'asdf2', '1')
  engine.settings[SETTING.maxmemory] = 1
  engine.settings[SETTING.notifyKeyspaceEvents] = -1
  expect(keyspace.call('SET', 'asdf3', '1')).toEqual(errorReply(OUT_OF_MEMORY))
  expect(keyspace.effects().sort()).toEqual(['DEL asdf1', 'DEL asdf2', 'SELECT 2', 'SELECT 2'])
  expect(engine.notices.map(({ event, db }) => `${event} ${db}`)).toEqual(['evicted 2', 'evicted 2'])
  engine.settings[SETTING.maxmemory] = 0
  engine.settings[SETTING.lazyfreeLazyEviction] = 1
  keyspace.call('SET', 'asdf1', '1')
  engine.settings[SETTING.maxmemory] = 1
  keyspace.call('GETDEL', 'other')
  expect(keyspace.effects()).toEqual(['SELECT 2', 'UNLINK asdf1'])
})

test('counts what threads hold beside the keyspace', () => {
  const keyspace = limited(MAXMEMORY_POLICY.ALLKEYS_LRU, 1_000_000)
  for (let i = 0; i < 8000; i++) keyspace.call('SET', `key:${i}`, 'x'.repeat(100))
  const before = size(keyspace)
  keyspace.engine.bytesBeside = new Float64Array([400_000, 100_000])
  keyspace.call('SET', 'another', 'x')
  expect(size(keyspace)).toBeLessThan(before * 0.7)
  expect(memoryUsed(keyspace.engine)).toBeLessThan(limit(keyspace) + OVERSHOOT)
})

test('a table that has no room to double grows later, and costs no key', () => {
  const keyspace = testKeyspace(1)
  const { engine } = keyspace
  for (let i = 0; i < 2560; i++) keyspace.call('SET', `key:${i}`, 'x')
  engine.settings[SETTING.maxmemoryPolicy] = MAXMEMORY_POLICY.ALLKEYS_RANDOM
  engine.settings[SETTING.maxmemory] = memoryUsed(engine) + 10_000
  for (let i = 0; i < 20; i++) keyspace.call('SET', `new:${i}`, 'x')
  expect(size(keyspace)).toBe(2580)
  engine.settings[SETTING.maxmemory] = 0
  const before = memoryUsed(engine)
  keyspace.call('SET', 'another', 'x')
  expect(memoryUsed(engine)).toBeGreaterThan(before + 32_000)
})

test('a nearly full arena refuses what takes memory, whatever maxmemory is', () => {
  const keyspace = testKeyspace(1, 64 * 2 ** 20)
  const value = 'x'.repeat(500_000)
  let keys = 0
  while (keyspace.call('SET', `key:${keys}`, value) === 'OK') keys++
  expect(keys).toBeGreaterThan(80)
  expect(keyspace.call('SET', 'a', 'b')).toEqual(errorReply(OUT_OF_MEMORY))
  for (let i = 0; i < keys; i++) expect(keyspace.call('GETDEL', `key:${i}`)).toBe(value)
  expect(keyspace.call('SET', 'a', 'b')).toBe('OK')
  keyspace.check()
})
