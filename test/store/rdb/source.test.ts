// Lengths, numbers and strings, written and read again; and a source that is filled piece by piece.

import { expect, test } from 'vitest'
import { RdbDamage } from '../../../src/store/rdb/damage.ts'
import { RdbSink } from '../../../src/store/rdb/sink.ts'
import { RdbSource, RdbString } from '../../../src/store/rdb/source.ts'
import { chooseSeed, randomFrom } from '../../support/random.ts'

const hex = (sink: RdbSink): string => Buffer.from(sink.u8.subarray(0, sink.length)).toString('hex')
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))

function written(write: (sink: RdbSink) => void): string {
  const sink = new RdbSink(4)
  write(sink)
  return hex(sink)
}

test('lengths take the fewest bytes that hold them', () => {
  const forms: readonly (readonly [number, string])[] = [
    [0, '00'],
    [63, '3f'],
    [64, '4040'],
    [16383, '7fff'],
    [16384, '8000004000'],
    [2 ** 32 - 1, '80ffffffff'],
    [2 ** 32, '810000000100000000'],
    [2 ** 53 - 1, '81001fffffffffffff'],
  ]
  for (const [value, form] of forms) {
    expect(written(sink => sink.size(value))).toBe(form)
    expect(new RdbSource(bytes(Buffer.from(form, 'hex').toString('latin1'))).size()).toBe(value)
  }
})

test('short integers are written as numbers, and only what is written the same way again', () => {
  const string = (text: string): string => written(sink => sink.string(bytes(text), 0, text.length))
  expect(string('-128')).toBe('c080')
  expect(string('128')).toBe('c18000')
  expect(string('-32769')).toBe('c2ff7fffff')
  expect(string('2147483647')).toBe('c2ffffff7f')
  expect(string('2147483648')).toBe(`0a${Buffer.from('2147483648').toString('hex')}`)
  expect(string('01')).toBe('023031')
  expect(string('-0')).toBe('022d30')
  expect(string('')).toBe('00')
})

test('what is written is read, from one array or in pieces of any size', () => {
  const seed = chooseSeed()
  const random = randomFrom(seed)
  for (let round = 0; round < 50; round++) {
    const sink = new RdbSink(16)
    sink.compresses = random.chance(0.5)
    const texts = Array.from({ length: random.int(1, 30) }, () =>
      random.pick([
        () => random.bytes(random.int(0, 100)).toString('latin1'),
        () => String(random.int(-70000, 70000)),
        () => 'ab'.repeat(random.int(0, 3000)),
      ])(),
    )
    for (const text of texts) {
      sink.string(bytes(text), 0, text.length)
      sink.size(text.length * 1000)
      sink.double(text.length / 7)
    }
    const all = sink.u8.slice(0, sink.length)
    const source = random.chance(0.5) ? new RdbSource(all) : inPieces(all, random.int(1, 40))
    const into = new RdbString()
    for (const text of texts) {
      source.string(into)
      const read = Buffer.from(into.u8.subarray(into.at, into.at + into.length)).toString('latin1')
      expect(read, `seed ${seed}`).toBe(text)
      expect(source.size()).toBe(text.length * 1000)
      expect(source.double()).toBe(text.length / 7)
    }
    expect(() => source.byte()).toThrow(RdbDamage)
  }
})

/** A source that starts empty and gets about `size` bytes whenever it asks, in a fresh array each time. */
function inPieces(all: Uint8Array, size: number): RdbSource {
  let taken = 0
  const source = new RdbSource(new Uint8Array(0))
  source.more = (from, needed) => {
    const left = from.u8.slice(from.at, from.end)
    const more = all.slice(taken, taken + Math.max(size, needed - left.length))
    taken += more.length
    from.u8 = new Uint8Array([...left, ...more])
    from.at = 0
    from.end = from.u8.length
    return from.end >= needed
  }
  return source
}
