import { expect, test } from 'vitest'
import { LongString, type StringFile } from '../../src/persist/long-string.ts'
import { RdbSource, RdbString } from '../../src/store/rdb/source.ts'
import { chooseSeed, type Random, randomFrom } from '../support/random.ts'

const MEGABYTE = 2 ** 20

/** A file in memory. */
class MemoryFile implements StringFile {
  readonly #pieces: Buffer[] = []
  #held: Buffer | undefined

  write(u8: Uint8Array, at: number, length: number): void {
    this.#pieces.push(Buffer.from(u8.subarray(at, at + length)))
  }

  hold(bytes: number): void {
    this.#held = Buffer.alloc(bytes)
    this.#pieces.push(this.#held)
  }

  fill(bytes: Uint8Array): void {
    expect(this.#held?.length).toBe(bytes.length)
    this.#held?.set(bytes)
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#pieces)
  }
}

/** Writes a string in pieces of any size; returns what the file has of it. */
function written(random: Random, plain: Buffer, compresses: boolean, long = new LongString(compresses)): Buffer {
  const file = new MemoryFile()
  long.start(file, plain.length)
  for (let at = 0; at < plain.length; ) {
    expect(long.left).toBe(plain.length - at)
    const piece = Math.min(plain.length - at, random.int(1, random.pick([100, 100_000, 6 * MEGABYTE])))
    long.take(plain, at, piece)
    at += piece
  }
  expect(long.left).toBe(0)
  return file.bytes
}

function read(bytes: Buffer): Buffer {
  const source = new RdbSource(bytes)
  const string = new RdbString()
  source.string(string)
  expect(source.at).toBe(bytes.length)
  return Buffer.from(string.u8.subarray(string.at, string.at + string.length))
}

/** A text of lines that resemble each other. */
function text(random: Random, length: number): Buffer {
  const line = (): string => JSON.stringify({ id: random.int(0, 10 ** 9), name: 'somebody', tags: ['one', 'two'] })
  let all = ''
  while (all.length < length) all += line()
  return Buffer.from(all.slice(0, length))
}

const seed = chooseSeed()

test(`strings of any length come back, a third as long (SKEP_SEED=${seed})`, () => {
  const random = randomFrom(seed)
  const long = new LongString(true)
  const sizes = [
    200_000,
    4 * MEGABYTE - 1,
    4 * MEGABYTE,
    4 * MEGABYTE + 1,
    8 * MEGABYTE + 3,
    random.int(1, 11) * 999_983,
  ]
  for (const size of sizes) {
    const plain = text(random, size)
    const bytes = written(random, plain, true, long)
    expect(read(bytes).equals(plain), `${size} bytes`).toBe(true)
    expect({ size, isShort: bytes.length < 0.6 * size }).toEqual({ size, isShort: true })
  }
})

test(`what does not get shorter is written as it is (SKEP_SEED=${seed})`, () => {
  const random = randomFrom(seed)
  for (const size of [200_000, 4 * MEGABYTE, 9 * MEGABYTE]) {
    const plain = random.bytes(size)
    const bytes = written(random, Buffer.from(plain), true)
    expect(bytes.length).toBe(size + 5)
    expect(read(bytes).equals(plain), `${size} bytes`).toBe(true)
  }
})

test(`only a beginning that compresses costs a thirty-second of the rest at most (SKEP_SEED=${seed})`, () => {
  const random = randomFrom(seed)
  const plain = Buffer.concat([Buffer.alloc(MEGABYTE), random.bytes(8 * MEGABYTE)])
  const bytes = written(random, plain, true)
  expect(bytes.length).toBeLessThan(plain.length * (1 + 1 / 32))
  expect(read(bytes).equals(plain)).toBe(true)
})

test(`nothing is compressed with rdbcompression off (SKEP_SEED=${seed})`, () => {
  const random = randomFrom(seed)
  const plain = text(random, 300_000)
  expect(written(random, plain, false).subarray(5).equals(plain)).toBe(true)
})
