import { describe, expect, test } from 'vitest'
import { hashBytes, randomBytes } from '../../src/bytes/crypto.ts'

describe('randomBytes', () => {
  test('gives as many as are asked for, and others each time', () => {
    for (const count of [0, 1, 8, 20, 4096]) expect(randomBytes(count)).toHaveLength(count)
    const seen = new Set(Array.from({ length: 100 }, () => randomBytes(16).toString('hex')))
    expect(seen.size).toBe(100)
  })

  test('leaves no bit always the same', () => {
    const ones = new Uint8Array(16)
    const zeros = new Uint8Array(16)
    for (let i = 0; i < 100; i++) {
      for (const [at, byte] of randomBytes(16).entries()) {
        ones[at] |= byte
        zeros[at] |= ~byte
      }
    }
    expect([...ones, ...zeros]).toEqual(new Array(32).fill(255))
  })
})

test('hashBytes gives the digests that everybody knows', () => {
  const abc = Buffer.from('abc')
  expect(hashBytes('sha1', abc).toString('hex')).toBe('a9993e364706816aba3e25717850c26c9cd0d89d')
  expect(hashBytes('sha256', abc).toString('hex')).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
})
