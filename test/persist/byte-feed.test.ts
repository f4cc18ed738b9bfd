import { expect, test } from 'vitest'
import { crc64Start, crc64Update } from '../../src/bytes/crc64.ts'
import { ByteFeed } from '../../src/persist/byte-feed.ts'
import { RdbString } from '../../src/store/rdb/source.ts'
import { randomFrom } from '../support/random.ts'

const GROUPS = 300
const GROUP_MAX = 8
const LONG_MAX = 400_000

/** A string as an RDB file has it. */
function written(bytes: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head[0] = 0x80
  head.writeUInt32BE(bytes.length, 1)
  return Buffer.concat([head, bytes])
}

test('strings stay as they were read until they are settled, however the bytes come', () => {
  const random = randomFrom(7)
  const bytes = (): Buffer => {
    const length = random.chance(0.05) ? random.int(0, LONG_MAX) : random.int(0, 300)
    return Buffer.alloc(length, String.fromCharCode(random.int(0, 255)), 'latin1')
  }
  const groups = Array.from({ length: GROUPS }, () => Array.from({ length: random.int(1, GROUP_MAX) }, bytes))
  const file = Buffer.concat(groups.flat().map(written))
  let position = 0
  const feed = new ByteFeed((u8, at, length) => {
    const count = Math.min(length, random.chance(0.5) ? random.int(1, 70_000) : length, file.length - position)
    u8.set(file.subarray(position, position + count), at)
    position += count
    return count
  }, true)
  const strings = Array.from({ length: GROUP_MAX }, () => new RdbString())
  for (const group of groups) {
    for (const [i] of group.entries()) feed.source.string(strings[i])
    for (const [i, wanted] of group.entries()) {
      const { u8, at, length } = strings[i]
      expect(wanted.equals(u8.subarray(at, at + length))).toBe(true)
    }
    feed.settle()
  }
  expect(feed.offset).toBe(file.length)
  const whole = crc64Start()
  crc64Update(whole, file, 0, file.length)
  expect(feed.sum()).toEqual(whole)
})
