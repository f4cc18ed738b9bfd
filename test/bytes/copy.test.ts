// Moving bytes inside one array, beside what copyWithin does, for every length and distance up to some, both ways.

import { expect, test } from 'vitest'
import { byteArray } from '../../src/bytes/byte-array.ts'
import { copyBytes, moveBytes } from '../../src/bytes/copy.ts'

const BYTES = 512
const fill = (bytes: Uint8Array): void => {
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 37 + 11) & 255
}

test.each([
  ['with a view', byteArray(BYTES)],
  ['without', new Uint8Array(BYTES)],
])('ranges move as with copyWithin, however they overlap, in an array %s', (_, moved) => {
  const expected = new Uint8Array(BYTES)
  for (let length = 0; length <= 140; length++) {
    for (const distance of [-129, -33, -9, -8, -7, -1, 0, 1, 3, 7, 8, 9, 31, 64, 140]) {
      fill(moved)
      fill(expected)
      moveBytes(moved, 150 + distance, 150, length)
      expected.copyWithin(150 + distance, 150, 150 + length)
      expect(Buffer.compare(moved, expected), `${length} bytes by ${distance}`).toBe(0)
    }
  }
})

test('what is copied lies where it should, and nothing else changes', () => {
  const source = byteArray(BYTES)
  fill(source)
  for (let length = 0; length <= 200; length++) {
    const target = byteArray(BYTES)
    copyBytes(target, 100, source, 3, length)
    const expected = new Uint8Array(BYTES)
    expected.set(source.subarray(3, 3 + length), 100)
    expect(Buffer.compare(target, expected), `${length} bytes`).toBe(0)
  }
})
