import { expect, test } from 'vitest'
import { type Crc64, crc64Equals, crc64Start, crc64Update, crc64Write } from '../../src/bytes/crc64.ts'
import { chooseSeed, randomFrom } from '../support/random.ts'

const hex = (crc: Crc64): string =>
  (crc.high >>> 0).toString(16).padStart(8, '0') + (crc.low >>> 0).toString(16).padStart(8, '0')

test('the check value is that of CRC-64/Jones as Redis has it', () => {
  const crc = crc64Start()
  crc64Update(crc, Buffer.from('xx123456789xx'), 2, 9)
  expect(hex(crc)).toBe('e9c6d914c4b8d9ca')
})

test('nothing has the checksum 0', () => {
  const crc = crc64Start()
  crc64Update(crc, new Uint8Array(0), 0, 0)
  expect(hex(crc)).toBe('0000000000000000')
})

test('pieces of any size give the checksum of the whole', () => {
  const random = randomFrom(chooseSeed())
  for (let round = 0; round < 200; round++) {
    const bytes = random.bytes(random.int(0, 300))
    const whole = crc64Start()
    for (const byte of bytes) crc64Update(whole, Uint8Array.of(byte), 0, 1)
    const pieces = crc64Start()
    for (let at = 0; at < bytes.length; ) {
      const length = Math.min(random.int(0, 40), bytes.length - at)
      crc64Update(pieces, bytes, at, length)
      at += length
    }
    expect(hex(pieces), `seed ${random.seed}`).toBe(hex(whole))
  }
})

test('written checksums equal themselves and nothing else', () => {
  const crc = crc64Start()
  crc64Update(crc, Buffer.from('hello'), 0, 5)
  const bytes = new Uint8Array(10)
  crc64Write(crc, bytes, 1)
  expect(crc64Equals(crc, bytes, 1)).toBe(true)
  for (let i = 1; i <= 8; i++) {
    bytes[i] ^= 0x80
    expect(crc64Equals(crc, bytes, 1)).toBe(false)
    bytes[i] ^= 0x80
  }
  expect([bytes[0], bytes[9]]).toEqual([0, 0])
})
