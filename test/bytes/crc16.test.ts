import { expect, test } from 'vitest'
import { crc16, keySlot } from '../../src/bytes/crc16.ts'

const slot = (key: string): number => {
  const bytes = Buffer.from(`##${key}##`, 'latin1')
  return keySlot(bytes, 2, bytes.length - 4)
}

test('crc16 gives the check value of CRC-16/XMODEM', () => {
  expect(crc16(Buffer.from('123456789'), 0, 9)).toBe(0x31c3)
})

// Answers of CLUSTER KEYSLOT.
test.each([
  ['', 0],
  ['foo', 12182],
  ['bar', 5061],
  ['hello', 866],
  ['foo{}{bar}', 8363],
  ['{foo', 13308],
  ['foo{{bar}}zap', 4015],
  ['\x00\xff', 7920],
])('the slot of %j is %i', (key, expected) => {
  expect(slot(key)).toBe(expected)
})

test('keys with the same hash tag share a slot', () => {
  expect(slot('{user1000}.following')).toBe(slot('user1000'))
  expect(slot('a{b}c{d}')).toBe(slot('b'))
  expect(slot('foo{{bar}}zap')).toBe(slot('{bar'))
})

test('an empty or unclosed tag does not count', () => {
  expect(slot('foo{}{bar}')).toBe(crc16(Buffer.from('foo{}{bar}'), 0, 10) & 16383)
  expect(slot('{foo')).toBe(crc16(Buffer.from('{foo'), 0, 4) & 16383)
  expect(slot('}foo{')).not.toBe(slot('foo'))
})

test('the slot of a key without a tag is the remainder of its bytes, whatever their number', () => {
  const bytes = Uint8Array.from({ length: 64 }, (_, i) => (i * 151 + 7) & 0xff).map(byte => (byte === 0x7b ? 0 : byte))
  for (let length = 0; length <= 40; length++) {
    for (let at = 0; at < 8; at++) expect(keySlot(bytes, at, length)).toBe(crc16(bytes, at, length) & 16383)
  }
})
