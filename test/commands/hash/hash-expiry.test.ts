// Fields that expire: the HEXPIRE family, HGETEX, HSETEX, HGETDEL, and how fields go when their time is up.

import { expect, test } from 'vitest'
import { SETTING } from '../../../src/config/settings.ts'
import { NOTIFY } from '../../../src/store/engine.ts'
import { hashExpireStep } from '../../../src/store/hash-expire.ts'
import { errorReply } from '../../support/frame.ts'
import { type TestKeyspace, testKeyspace } from '../../support/keyspace.ts'
import { chooseSeed, randomFrom } from '../../support/random.ts'

/** The events of the last command, as `event key`. */
const events = (k: TestKeyspace): string[] =>
  k.engine.notices.map(({ event, key }) => `${event} ${Buffer.from(key).toString()}`)

function keyspace(shards = 2): TestKeyspace {
  const k = testKeyspace(shards)
  k.engine.settings[SETTING.notifyKeyspaceEvents] = NOTIFY.HASH | NOTIFY.GENERIC
  k.call('HSET', 'h', 'a', '1', 'b', '2', 'c', '3')
  return k
}

/** What the server's round between commands does; returns whether more is due. */
function expireStep(k: TestKeyspace, budget: number): boolean {
  k.engine.begin(k.now)
  return k.engine.shards.map(shard => hashExpireStep(shard, budget)).includes(true)
}

test('a field is there until its time, and no longer', () => {
  const k = keyspace()
  expect(k.call('HPEXPIRE', 'h', 100, 'FIELDS', 2, 'a', 'x')).toEqual([1, -2])
  expect(k.effects()).toEqual([`HPEXPIREAT h ${k.now + 100} FIELDS 1 a`])
  expect(events(k)).toEqual(['hexpire h'])
  k.check()
  k.now += 99
  expect(k.call('HPTTL', 'h', 'FIELDS', 3, 'a', 'b', 'x')).toEqual([1, -1, -2])
  expect(k.call('HGET', 'h', 'a')).toBe('1')
  k.now += 1
  expect(k.call('HGET', 'h', 'a')).toBe(null)
  expect(k.effects()).toEqual(['SELECT 0', 'HDEL h a'])
  expect(events(k)).toEqual(['hexpired h'])
  expect(k.engine.dirty).toBe(0)
  expect((k.call('HKEYS', 'h') as string[]).toSorted()).toEqual(['b', 'c'])
  expect(k.call('HLEN', 'h')).toBe(2)
  k.check()
})

test('the key goes with its last field', () => {
  const k = keyspace()
  k.call('HPEXPIRE', 'h', 48, 'FIELDS', 1, 'a')
  k.call('HPEXPIRE', 'h', 50, 'FIELDS', 1, 'c')
  k.call('HPEXPIRE', 'h', 49, 'FIELDS', 1, 'b')
  k.now += 50
  expect(k.call('HSET', 'h', 'd', '4')).toBe(1)
  expect(k.effects()).toEqual(['SELECT 0', 'HDEL h a b c', 'HSET h d 4'])
  expect(events(k)).toEqual(['hexpired h', 'del h', 'hset h'])
  expect(k.call('HGETALL', 'h')).toEqual(['d', '4'])
  k.check()
})

test('conditions go by the time that a field has', () => {
  const k = keyspace()
  const expire = (seconds: number, ...condition: string[]): unknown =>
    (k.call('HEXPIRE', 'h', seconds, ...condition, 'FIELDS', 1, 'a') as unknown[])[0]
  expect(expire(100, 'XX')).toBe(0)
  expect(expire(100, 'GT')).toBe(0)
  expect(expire(100, 'NX')).toBe(1)
  expect(expire(200, 'NX')).toBe(0)
  expect(expire(100, 'GT')).toBe(0)
  expect(expire(200, 'GT')).toBe(1)
  expect(expire(200, 'LT')).toBe(0)
  expect(k.effects()).toEqual([])
  expect(expire(150, 'LT')).toBe(1)
  expect(expire(300, 'xx')).toBe(1)
  expect(k.call('HTTL', 'h', 'FIELDS', 1, 'a')).toEqual([300])
  expect(k.call('HEXPIRETIME', 'h', 'FIELDS', 1, 'a')).toEqual([k.now / 1000 + 300])
  expect(k.call('HPEXPIRETIME', 'h', 'FIELDS', 1, 'a')).toEqual([k.now + 300_000])
  expect(k.call('HEXPIRE', 'h', 9, 'LT', 'FIELDS', 1, 'b')).toEqual([1])
  k.check()
})

test('a time that is over deletes the field at once', () => {
  const k = keyspace()
  expect(k.call('HEXPIREAT', 'h', 1, 'FIELDS', 3, 'a', 'a', 'x')).toEqual([2, -2, -2])
  expect(k.effects()).toEqual(['HDEL h a'])
  expect(events(k)).toEqual(['hdel h'])
  expect(k.call('HEXPIRE', 'h', 0, 'FIELDS', 2, 'b', 'c')).toEqual([2, 2])
  expect(events(k)).toEqual(['hdel h', 'del h'])
  expect(k.call('EXISTS', 'h')).toBe(0)
  k.check()
})

test('errors name what is wrong, and nothing changes', () => {
  const k = keyspace()
  const cases: [string[], string][] = [
    [['HEXPIRE', 'h', 'x', 'FIELDS', '1', 'a'], 'ERR value is not an integer or out of range'],
    [['HEXPIRE', 'h', '-1', 'FIELDS', '1', 'a'], 'ERR invalid expire time, must be >= 0'],
    [['HEXPIRE', 'h', '9223372036854775807', 'FIELDS', '1', 'a'], "ERR invalid expire time in 'hexpire' command"],
    [['HPEXPIREAT', 'h', '70368744177664', 'FIELDS', '1', 'a'], "ERR invalid expire time in 'hpexpireat' command"],
    [
      ['HEXPIRE', 'h', '1', 'NX', 'NX', '1', 'a'],
      'ERR Mandatory argument FIELDS is missing or not at the right position',
    ],
    [['HEXPIRE', 'h', '1', 'FIELDS', '0', 'a'], 'ERR Parameter `numFields` should be greater than 0'],
    [['HEXPIRE', 'h', '1', 'FIELDS', '2', 'a'], 'ERR The `numfields` parameter must match the number of arguments'],
    [['HTTL', 'h', 'FIELDS', '0', 'a'], 'ERR Number of fields must be a positive integer'],
    [['HPERSIST', 'h', 'FIELDS', '2', 'a'], 'ERR The `numfields` parameter must match the number of arguments'],
    [['HSETEX', 'h', 'FNX', 'FXX', 'FIELDS', '1', 'a', '1'], 'ERR Only one of FXX or FNX arguments can be specified'],
    [
      ['HSETEX', 'h', 'EX', '1', 'KEEPTTL', 'FIELDS', '1', 'a', '1'],
      'ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified',
    ],
    [['HSETEX', 'h', 'FIELDS', '2', 'a', '1'], 'ERR The `numfields` parameter must match the number of arguments'],
  ]
  for (const [args, error] of cases) {
    expect(k.call(...args), args.join(' ')).toEqual(errorReply(error))
    expect(k.effects()).toEqual([])
  }
  expect(k.call('HPTTL', 'h', 'FIELDS', 3, 'a', 'b', 'c')).toEqual([-1, -1, -1])
  expect(k.call('HEXPIRE', 'none', 1, 'FIELDS', 2, 'a', 'b')).toEqual([-2, -2])
  expect(k.call('HTTL', 'none', 'FIELDS', 1, 'a')).toEqual([-2])
})

test('HSET ends a time to live, HINCRBY and HINCRBYFLOAT keep it, HPERSIST takes it away', () => {
  const k = keyspace()
  const ttl = (field: string): unknown => (k.call('HTTL', 'h', 'FIELDS', 1, field) as unknown[])[0]
  k.call('HEXPIRE', 'h', 10, 'FIELDS', 3, 'a', 'b', 'c')
  k.call('HSET', 'h', 'a', 'x')
  expect(ttl('a')).toBe(-1)
  k.call('HINCRBY', 'h', 'b', 5)
  expect(ttl('b')).toBe(10)
  expect(k.call('HINCRBYFLOAT', 'h', 'b', '0.5')).toBe('7.5')
  expect(k.effects()).toEqual(['HSET h b 7.5', `HPEXPIREAT h ${k.now + 10_000} FIELDS 1 b`])
  expect(ttl('b')).toBe(10)
  expect(k.call('HPERSIST', 'h', 'FIELDS', 3, 'b', 'a', 'x')).toEqual([1, -1, -2])
  expect(k.effects()).toEqual(['HPERSIST h FIELDS 3 b a x'])
  expect(ttl('b')).toBe(-1)
  k.check()
})

test('HGETEX replies values and sets or takes away their time', () => {
  const k = keyspace()
  expect(k.call('HGETEX', 'h', 'FIELDS', 2, 'a', 'x')).toEqual(['1', null])
  expect(k.effects()).toEqual([])
  expect(k.call('HGETEX', 'h', 'EX', 10, 'FIELDS', 2, 'a', 'x')).toEqual(['1', null])
  expect(k.effects()).toEqual([`HPEXPIREAT h ${k.now + 10_000} FIELDS 1 a`])
  expect(k.call('HGETEX', 'h', 'PERSIST', 'FIELDS', 2, 'a', 'b')).toEqual(['1', '2'])
  expect(k.effects()).toEqual(['HPERSIST h FIELDS 1 a'])
  expect(events(k)).toEqual(['hpersist h'])
  expect(k.call('HGETEX', 'h', 'PXAT', 5, 'FIELDS', 3, 'a', 'b', 'c')).toEqual(['1', '2', '3'])
  expect(k.effects()).toEqual(['HDEL h a b c'])
  expect(events(k)).toEqual(['hdel h', 'del h'])
  k.check()
})

test('HGETDEL replies values and deletes them', () => {
  const k = keyspace()
  expect(k.call('HGETDEL', 'h', 'FIELDS', 3, 'a', 'x', 'a')).toEqual(['1', null, null])
  expect(k.effects()).toEqual(['HDEL h a'])
  expect(k.call('HGETDEL', 'h', 'FIELDS', 2, 'b', 'c')).toEqual(['2', '3'])
  expect(events(k)).toEqual(['hdel h', 'del h'])
  expect(k.call('HGETDEL', 'h', 'FIELDS', 1, 'a')).toEqual([null])
  expect(k.effects()).toEqual([])
  k.check()
})

test('HSETEX sets all fields or none', () => {
  const k = keyspace()
  expect(k.call('HSETEX', 'h', 'FNX', 'FIELDS', 2, 'x', '1', 'a', '9')).toBe(0)
  expect(k.call('HGET', 'h', 'x')).toBe(null)
  expect(k.call('HSETEX', 'h', 'FXX', 'PX', 500, 'FIELDS', 2, 'a', '9', 'b', '8')).toBe(1)
  expect(k.effects()).toEqual([`HSETEX h PXAT ${k.now + 500} FIELDS 2 a 9 b 8`])
  expect(events(k)).toEqual(['hset h', 'hexpire h'])
  expect(k.call('HSETEX', 'h', 'KEEPTTL', 'FIELDS', 1, 'a', '7')).toBe(1)
  expect(k.effects()).toEqual(['HSETEX h KEEPTTL FIELDS 1 a 7'])
  expect(k.call('HPTTL', 'h', 'FIELDS', 2, 'a', 'b')).toEqual([500, 500])
  expect(k.call('HSETEX', 'h', 'FIELDS', 1, 'a', '6')).toBe(1)
  expect(k.effects()).toEqual(['HSET h a 6'])
  expect(k.call('HPTTL', 'h', 'FIELDS', 2, 'a', 'b')).toEqual([-1, 500])
  expect(k.call('HSETEX', 'h', 'EXAT', 1, 'FIELDS', 2, 'a', '1', 'q', '1')).toBe(1)
  expect(k.effects()).toEqual(['HDEL h a'])
  k.check()
})

test('fields expire between commands too, in steps, the earliest first, in every database', () => {
  const k = testKeyspace(2)
  k.engine.settings[SETTING.notifyKeyspaceEvents] = NOTIFY.HASH | NOTIFY.GENERIC
  for (const db of [0, 3]) {
    k.db = db
    for (const key of ['h', 'i']) {
      for (let i = 0; i < 50; i++) k.call('HSETEX', key, 'PX', 100 + i, 'FIELDS', 1, `f${i}`, 'x')
    }
    k.call('HSET', 'h', 'stays', '1')
  }
  expect(expireStep(k, 1000)).toBe(false)
  expect(k.engine.effects.count).toBe(0)
  k.now += 124
  let rounds = 1
  while (expireStep(k, 10)) {
    rounds++
    k.check()
  }
  // 25 due in each of four hashes, on two shards.
  expect(rounds).toBeGreaterThanOrEqual(5)
  expect(k.call('HLEN', 'h')).toBe(26)
  k.now += 1000
  while (expireStep(k, 30));
  expect(k.call('HLEN', 'h')).toBe(1)
  k.db = 0
  expect(k.call('EXISTS', 'i')).toBe(0)
  expect(k.call('HGETALL', 'h')).toEqual(['stays', '1'])
  k.check()
})

test('a hash keeps the times of its fields through EXPIRE, RENAME, COPY, MOVE and SWAPDB', () => {
  const k = keyspace(3)
  k.call('HPEXPIRE', 'h', 100, 'FIELDS', 1, 'a')
  k.call('PEXPIRE', 'h', 100_000)
  k.check()
  k.call('PERSIST', 'h')
  k.check()
  k.call('RENAME', 'h', 'renamed')
  k.call('COPY', 'renamed', 'copied')
  k.call('COPY', 'renamed', 'elsewhere', 'DB', 2)
  k.check()
  k.call('MOVE', 'copied', 1)
  k.call('SWAPDB', 0, 1)
  k.check()
  expect(k.call('HPTTL', 'copied', 'FIELDS', 2, 'a', 'b')).toEqual([100, -1])
  k.now += 100
  expect(expireStep(k, 1000)).toBe(false)
  expect(k.effects().length).toBeGreaterThan(0)
  for (const [db, key] of [
    [0, 'copied'],
    [1, 'renamed'],
    [2, 'elsewhere'],
  ] as const) {
    k.db = db
    expect(k.call('HLEN', key), key).toBe(2)
    expect(k.effects()).toEqual([])
  }
  k.check()
})

test('a hash that is overwritten, deleted or flushed leaves nothing behind to expire', () => {
  const k = keyspace(1)
  const again = (): void => {
    k.call('HSET', 'h', 'a', '1', 'b', '2')
    k.call('HPEXPIRE', 'h', 100, 'FIELDS', 2, 'a', 'b')
  }
  for (const command of [['SET', 'h', 'x'], ['DEL', 'h'], ['UNLINK', 'h'], ['FLUSHALL'], ['FLUSHDB', 'ASYNC']]) {
    k.call('DEL', 'h')
    again()
    k.call(...command)
    k.check()
    k.now += 200
    expect(expireStep(k, 100)).toBe(false)
    expect(k.engine.effects.count, command.join(' ')).toBe(0)
  }
  again()
  k.check()
  k.now += 100
  expireStep(k, 100)
  expect(k.call('EXISTS', 'h')).toBe(0)
})

test('a replica hides fields that are over and leaves them to its master', () => {
  const k = keyspace()
  k.call('HPEXPIRE', 'h', 100, 'FIELDS', 1, 'a')
  k.engine.deletesExpired = false
  k.now += 100
  expect(k.call('HGET', 'h', 'a')).toBe(null)
  expect(k.effects()).toEqual([])
  expect(k.call('HEXISTS', 'h', 'a')).toBe(0)
  expect(k.call('HMGET', 'h', 'a', 'b')).toEqual([null, '2'])
  expect((k.call('HKEYS', 'h') as string[]).toSorted()).toEqual(['b', 'c'])
  expect(k.call('HGETALL', 'h')).toHaveLength(4)
  expect((k.call('HSCAN', 'h', 0) as [string, string[]])[1]).toHaveLength(4)
  expect(k.call('HLEN', 'h')).toBe(3)
  expect(k.call('HDEL', 'h', 'a')).toBe(1)
  k.check()
})

test('random times and changes leave the fields whose time has not come', () => {
  const random = randomFrom(chooseSeed())
  const k = testKeyspace(2)
  const model = new Map<string, Map<string, number>>()
  for (let step = 0; step < 3000; step++) {
    const key = `h${random.int(0, 3)}`
    const field = `f${random.int(0, 30)}`
    const fields = model.get(key) ?? new Map<string, number>()
    model.set(key, fields)
    for (const [name, at] of fields) if (at <= k.now) fields.delete(name)
    const way = random.int(0, 6)
    const ms = random.int(1, 60)
    if (way < 2) {
      k.call('HSET', key, field, 'x'.repeat(random.pick([1, 10, 300])))
      fields.set(field, Number.POSITIVE_INFINITY)
    } else if (way < 4) {
      k.call('HPEXPIRE', key, ms, 'FIELDS', 1, field)
      if (fields.has(field)) fields.set(field, k.now + ms)
    } else if (way === 4) {
      k.call('HPERSIST', key, 'FIELDS', 1, field)
      if (fields.has(field)) fields.set(field, Number.POSITIVE_INFINITY)
    } else if (way === 5) {
      k.call('HDEL', key, field)
      fields.delete(field)
    } else k.now += random.int(0, 15)
    if (random.chance(0.1)) expireStep(k, 5)
    if (step % 20 === 0) {
      k.check()
      for (const [name, all] of model) {
        const alive = [...all].filter(([, at]) => at > k.now).map(([field]) => field)
        expect((k.call('HKEYS', name) as string[]).toSorted(), `seed ${random.seed}`).toEqual(alive.toSorted())
      }
    }
  }
})

test('what is too long for a thread with others to serve is left alone, fields that are due too', () => {
  const k = testKeyspace()
  const fields = Array.from({ length: 5000 }, (_, i) => `f${i}`)
  k.call('HSET', 'h', ...fields.flatMap(field => [field, 'x']))
  k.call('HPEXPIRE', 'h', 10, 'FIELDS', fields.length, ...fields)
  k.now += 5
  k.engine.inPassing = true
  for (const command of [
    ['HGETALL', 'h'],
    ['HGET', 'h', 'f1'],
    ['HDEL', 'h', 'f1'],
  ]) {
    k.engine.deferred = false
    // Nothing is replied, which `call` takes amiss.
    if (k.now % 10 === 5 && command[0] !== 'HGETALL') k.now += 5
    expect(() => k.call(...command), command[0]).toThrow('not one whole reply')
    expect(k.engine.deferred).toBe(true)
    expect(k.reply.length).toBe(0)
    expect(k.effects()).toEqual([])
  }
  k.engine.inPassing = false
  k.engine.deferred = false
  expect(k.call('HGET', 'h', 'f1')).toBe(null)
  expect(k.call('EXISTS', 'h')).toBe(0)
  k.check()
})
