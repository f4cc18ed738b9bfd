// What src/bytes computes, compared with a real redis-server on random input. Skipped where none is installed.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keySlot } from '../../src/bytes/crc16.ts'
import { crc64Equals, crc64Start, crc64Update, crc64Write } from '../../src/bytes/crc64.ts'
import { formatDouble17, formatFixed, formatHumanDouble, parseDouble } from '../../src/bytes/doubles.ts'
import {
  GEO_RANGES_LENGTH,
  geoDistance,
  geoDistanceWithin,
  geohashEncode,
  geohashLatitude,
  geohashLongitude,
  geohashText,
  geoSearchRanges,
} from '../../src/bytes/geohash.ts'
import { globMatch } from '../../src/bytes/glob.ts'
import {
  HLL_DENSE_LENGTH,
  HLL_EMPTY_LENGTH,
  HLL_NEEDS_DENSE,
  hllAdd,
  hllCacheCount,
  hllCachedCount,
  hllCount,
  hllCreate,
  hllInvalidate,
  hllIsDense,
  hllPromote,
} from '../../src/bytes/hll.ts'
import { addLongDoubles, formatLongDouble, parseLongDouble } from '../../src/bytes/long-double.ts'
import { lzfCompress, lzfDecompress } from '../../src/bytes/lzf.ts'
import { escapeForLog } from '../../src/bytes/text.ts'
import type { Argument, RespClient } from '../support/client.ts'
import { ErrorReply } from '../support/frame.ts'
import { chooseSeed, randomFrom } from '../support/random.ts'
import { redisVersion, startServer, type TestServer } from '../support/server.ts'

const version = redisVersion()

describe.skipIf(version === undefined)(`like redis-server ${version ?? '(not installed)'}`, () => {
  let server: TestServer
  let client: RespClient
  const random = randomFrom(chooseSeed())
  const seed = `seed ${random.seed}`

  beforeAll(async () => {
    server = await startServer('redis')
    client = await server.connect()
  })
  afterAll(() => server.stop())

  /** Many commands at once; the replies as text, an error as ERROR. */
  async function texts(commands: readonly Argument[][]): Promise<string[]> {
    const replies = await Promise.all(commands.map(command => client.call(...command)))
    return replies.map(reply => (reply instanceof ErrorReply ? 'ERROR' : String(reply)))
  }

  const letters = (alphabet: string, lengthMax: number): string =>
    Array.from({ length: random.int(0, lengthMax) }, () => alphabet[random.int(0, alphabet.length - 1)]).join('')

  test('globs match the same texts', async () => {
    const alphabet = 'aAbBzZ[]^-\\?*_\x80\xff'
    const members = [...new Set(Array.from({ length: 400 }, () => letters(alphabet, 5)))].map(m =>
      Buffer.from(m, 'latin1'),
    )
    await client.must('SADD', 'glob', ...members)
    for (let i = 0; i < 500; i++) {
      const pattern = Buffer.from(`${letters(`${alphabet}**`, 7)}x`.slice(0, -1), 'latin1')
      if (pattern.toString() === '*') continue // SSCAN does not match that one at all
      const reply = (await client.callBinary('SSCAN', 'glob', 0, 'MATCH', pattern, 'COUNT', 10000)) as [
        Buffer,
        Buffer[],
      ]
      const expected = reply[1].map(m => m.toString('latin1')).sort()
      const actual = members
        .filter(m => globMatch(pattern, 0, pattern.length, m, 0, m.length, false))
        .map(m => m.toString('latin1'))
      expect(actual.sort(), `${seed}: ${JSON.stringify(pattern.toString('latin1'))}`).toEqual(expected)
    }
  })

  test('floats are read and written the same', async () => {
    const inputs = Array.from({ length: 3000 }, () => {
      const kind = random.int(0, 3)
      if (kind === 0) return letters('00123456789..eE+-xinf', 8)
      if (kind === 1)
        return `0x${letters('0123456789abcdef', 17)}.${letters('0123456789abcdef', 5)}p${random.int(-1200, 1100)}`
      if (kind === 2) return `${letters('0123456789', 17)}.${letters('0123456789', 25)}e${random.int(-350, 350)}`
      return String((random.fraction() - 0.5) * 10 ** random.int(-6, 18))
    })
    // A new member's score is replied as it was read, a zero's sign included.
    const expected = await texts(inputs.map((text, i) => ['ZINCRBY', `float:${i}`, text, 'm']))
    const actual = inputs.map(text => {
      const bytes = Buffer.from(text)
      const value = parseDouble(bytes, 0, bytes.length)
      return Number.isNaN(value) ? 'ERROR' : formatDouble17(value)
    })
    expect(actual, seed).toEqual(expected)
    expect(expected.filter(text => text !== 'ERROR').length).toBeGreaterThan(1000)
  })

  test('long doubles are read, added and written the same', async () => {
    const number = (): string => {
      const kind = random.int(0, 4)
      if (kind === 0) return String((random.fraction() - 0.5) * 10 ** random.int(-8, 22))
      if (kind === 1) return `${random.int(-1e6, 1e6)}.${random.int(0, 1e6)}`
      if (kind === 2) return `${random.int(-1e15, 1e15)}${random.int(0, 1e9)}e${random.int(-20, 20)}`
      if (kind === 3)
        return `0x${letters('0123456789abcdef', 16)}.${letters('0123456789abcdef', 9)}p${random.int(-99, 99)}`
      return random.pick([
        '',
        '-0',
        'inf',
        'nan',
        ' 1',
        '1 ',
        '.5',
        '5.',
        '1e',
        '1e4932',
        '1.2e4932',
        '3e-4951',
        '1e-4952',
        '1e5000',
        '0x1p16383',
        '0x1p16384',
        '0x1p-16445',
        '0x1.8p-16446',
        '0.000000000000000005',
        '18446744073709551617',
        '-1e-30',
        '36893488147419103233',
      ])
    }
    const pairs = Array.from({ length: 2000 }, () => [number(), number()])
    await texts(pairs.map(([a], i) => ['SET', `ld:${i}`, a]))
    const expected = await texts(pairs.map(([, b], i) => ['INCRBYFLOAT', `ld:${i}`, b]))
    const actual = pairs.map(([a, b]) => {
      const x = parseLongDouble(Buffer.from(a), 0, a.length)
      const y = parseLongDouble(Buffer.from(b), 0, b.length)
      const sum = x !== undefined && y !== undefined ? addLongDoubles(x, y) : undefined
      return sum === undefined ? 'ERROR' : formatLongDouble(sum)
    })
    for (let i = 0; i < pairs.length; i++) expect(actual[i], `${seed}: ${pairs[i]}`).toBe(expected[i])
    expect(expected.filter(text => text !== 'ERROR').length).toBeGreaterThan(1000)
  })

  test('a HyperLogLog has the same bytes and the same count, from sparse to dense', async () => {
    for (const count of [30, 400, 4000, 40000]) {
      const key = `hll:${count}`
      const value = new Uint8Array(HLL_DENSE_LENGTH)
      hllCreate(value, 0)
      let length = HLL_EMPTY_LENGTH
      const add = (element: Uint8Array): boolean => {
        const result = hllAdd(value, 0, length, element, 0, element.length, 3000)
        if (result === HLL_NEEDS_DENSE) {
          const dense = new Uint8Array(HLL_DENSE_LENGTH)
          expect(hllPromote(value, 0, length, dense, 0)).toBe(true)
          value.set(dense)
          length = HLL_DENSE_LENGTH
          return add(element)
        }
        expect(result).toBeGreaterThanOrEqual(0)
        if (result > 0) length = result
        return result > 0
      }
      for (let added = 0; added < count; ) {
        const elements = Array.from({ length: random.int(1, count / 10) }, () => random.bytes(random.int(0, 20)))
        let hasChanged = added === 0
        for (const element of elements) hasChanged = add(element) || hasChanged
        if (hasChanged) hllInvalidate(value, 0)
        added += elements.length
        expect(await client.must('PFADD', key, ...elements), seed).toBe(hasChanged ? 1 : 0)
        if (random.chance(0.3)) {
          if (hllCachedCount(value, 0) < 0) hllCacheCount(value, 0, hllCount(value, 0, length))
          expect(hllCachedCount(value, 0), seed).toBe(await client.must('PFCOUNT', key))
        }
        const stored = (await client.callBinary('GET', key)) as Buffer
        expect(stored.equals(value.subarray(0, length)), `${seed}: ${added} of ${count}`).toBe(true)
      }
      expect(hllIsDense(value, 0)).toBe(count >= 4000)
    }
  })

  test('dumps carry the same checksum, and compressed strings go both ways', async () => {
    let both = 0
    for (let i = 0; i < 250; i++) {
      const letterCount = random.int(1, 20)
      const plain = Buffer.from(
        Array.from({ length: random.int(21, 4000) }, (_, n) => 97 + (((n * n) >> random.int(5, 6)) % letterCount)),
      )
      await client.must('SET', 'lzf', plain)
      const dump = (await client.callBinary('DUMP', 'lzf')) as Buffer
      const crc = crc64Start()
      const cut = random.int(0, dump.length - 8)
      crc64Update(crc, dump, 0, cut)
      crc64Update(crc, dump, cut, dump.length - 8 - cut)
      expect(crc64Equals(crc, dump, dump.length - 8), seed).toBe(true)
      dump[dump.length - 1] ^= 1
      expect(crc64Equals(crc, dump, dump.length - 8)).toBe(false)

      const packed = new Uint8Array(plain.length)
      const packedLength = lzfCompress(plain, 0, plain.length, packed, 0, plain.length - 4)
      if (packedLength === 0 || dump[1] !== 0xc3) continue
      both++
      const [length, at] = rdbLength(dump, 2)
      const [plainLength, dataAt] = rdbLength(dump, at)
      const out = Buffer.alloc(plainLength)
      expect(lzfDecompress(dump, dataAt, length, out, 0, plainLength), seed).toBe(true)
      expect(out.equals(plain), seed).toBe(true)

      const own = Buffer.alloc(14 + packedLength + 8)
      own.set([0, 0xc3, 0x80])
      own.writeUInt32BE(packedLength, 3)
      own[7] = 0x80
      own.writeUInt32BE(plain.length, 8)
      own.set(packed.subarray(0, packedLength), 12)
      own[12 + packedLength] = dump[dump.length - 10]
      const ownCrc = crc64Start()
      crc64Update(ownCrc, own, 0, own.length - 8)
      crc64Write(ownCrc, own, own.length - 8)
      expect(await client.call('RESTORE', 'restored', 0, own, 'REPLACE'), seed).toBe('OK')
      expect(plain.equals((await client.callBinary('GET', 'restored')) as Buffer), seed).toBe(true)
    }
    expect(both).toBeGreaterThan(100)
  })

  test('positions have the same score, coordinates, geohash and distance', async () => {
    const points = Array.from({ length: 800 }, (_, i) => {
      if (i < 4) return { longitude: i < 2 ? 180 : -180, latitude: i % 2 === 0 ? 85.05112878 : -85.05112878 }
      return { longitude: (random.fraction() - 0.5) * 360, latitude: (random.fraction() - 0.5) * 170.1 }
    })
    await texts(points.map((p, i) => ['GEOADD', 'geo', p.longitude, p.latitude, i]))
    const scores = points.map(p => geohashEncode(p.longitude, p.latitude))
    expect(scores.map(formatDouble17), seed).toEqual(await texts(points.map((_, i) => ['ZSCORE', 'geo', i])))
    expect(
      scores.map(score => `${formatHumanDouble(geohashLongitude(score))},${formatHumanDouble(geohashLatitude(score))}`),
      seed,
    ).toEqual(await texts(points.map((_, i) => ['GEOPOS', 'geo', i])))
    expect(scores.map(geohashText), seed).toEqual(await texts(points.map((_, i) => ['GEOHASH', 'geo', i])))
    const distances = scores.map((a, i) => {
      const b = scores[(i * 7) % scores.length]
      return formatFixed(
        geoDistance(geohashLongitude(a), geohashLatitude(a), geohashLongitude(b), geohashLatitude(b)),
        4,
      )
    })
    expect(distances, seed).toEqual(await texts(points.map((_, i) => ['GEODIST', 'geo', i, (i * 7) % points.length])))
  })

  test('scores that are no geohash stand for the same position', async () => {
    const scores = [-1, -5.5, 3.7, 1e18, 1.8e19, 2 ** 60 + 2 ** 55, -1e17, 1e20, 1e300, -(2 ** 63), -1e300]
    const all = [...scores, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    await client.must('ZADD', 'odd', ...all.flatMap(score => [formatDouble17(score), formatDouble17(score)]))
    const positions = await texts(all.map(score => ['GEOPOS', 'odd', formatDouble17(score)]))
    expect(
      all.map(score => `${formatHumanDouble(geohashLongitude(score))},${formatHumanDouble(geohashLatitude(score))}`),
    ).toEqual(positions)
  })

  test('searches find the same members in the same order', async () => {
    const members = Array.from({ length: 1500 }, (_, i) => {
      const isNear = i % 3 === 0
      const longitude = isNear ? 13 + random.fraction() : (random.fraction() - 0.5) * 360
      const latitude = isNear ? 38 + random.fraction() : (random.fraction() - 0.5) * 170.1
      return { name: `m${i}`, longitude, latitude, score: geohashEncode(longitude, latitude) }
    })
    await texts(members.map(m => ['GEOADD', 'search', m.longitude, m.latitude, m.name]))
    members.sort((a, b) => a.score - b.score || (a.name < b.name ? -1 : 1))
    const ranges = new Float64Array(GEO_RANGES_LENGTH)
    let found = 0
    for (let i = 0; i < 400; i++) {
      const isBox = random.chance(0.5)
      const [unit, unitMetres] = random.chance(0.5) ? ['m', 1] : ['km', 1000]
      const isNear = random.chance(0.5)
      const width = Math.exp(random.fraction() * 17) / unitMetres
      const shape = {
        isBox,
        longitude: isNear ? 13 + random.fraction() : (random.fraction() - 0.5) * 360,
        latitude: isNear ? 38 + random.fraction() : (random.fraction() - 0.5) * 170.1,
        width,
        height: isBox ? width * (0.2 + random.fraction() * 3) : 0,
        unitMetres,
      }
      const by = isBox ? ['BYBOX', shape.width, shape.height, unit] : ['BYRADIUS', shape.width, unit]
      const expected = await client.must('GEOSEARCH', 'search', 'FROMLONLAT', shape.longitude, shape.latitude, ...by)
      const actual: string[] = []
      const count = geoSearchRanges(shape, ranges)
      for (let range = 0; range < count; range++) {
        for (const m of members) {
          if (m.score < ranges[2 * range] || m.score >= ranges[2 * range + 1]) continue
          if (geoDistanceWithin(shape, geohashLongitude(m.score), geohashLatitude(m.score)) >= 0) actual.push(m.name)
        }
      }
      expect(actual, `${seed}: ${JSON.stringify(shape)}`).toEqual(expected)
      found += actual.length
    }
    expect(found).toBeGreaterThan(1000)
  })

  test('bytes are escaped for logs the same', async () => {
    const monitor = await server.connect()
    expect(await monitor.call('MONITOR')).toBe('OK')
    const all = Uint8Array.from({ length: 256 }, (_, i) => i)
    await client.must('ECHO', all)
    expect(String(await monitor.next())).toContain(`"ECHO" ${escapeForLog(all, 0, 256)}`)
    monitor.end()
  })

  test('slots are the same as a cluster node says', async () => {
    const node = await startServer('redis', { args: ['--cluster-enabled', 'yes'] })
    const other = await node.connect()
    const keys = [
      '',
      '{}',
      '{}a',
      '{a}b',
      'foo{}{bar}',
      'foo{{bar}}zap',
      '{foo',
      '}{',
      '{a}{b}',
      ...Array.from({ length: 300 }, () => letters('ab{}', 9)),
    ]
    for (const key of keys) {
      const bytes = Buffer.from(key)
      expect(keySlot(bytes, 0, bytes.length), `${seed}: ${key}`).toBe(await other.must('CLUSTER', 'KEYSLOT', key))
    }
    await node.stop()
  })
})

/** A length of an RDB file: its value and where what follows begins. */
function rdbLength(bytes: Buffer, at: number): [number, number] {
  const lead = bytes[at]
  if (lead < 0x40) return [lead, at + 1]
  if (lead < 0x80) return [((lead & 0x3f) << 8) | bytes[at + 1], at + 2]
  return [bytes.readUInt32BE(at + 1), at + 5]
}
