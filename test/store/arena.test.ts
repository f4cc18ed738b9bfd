import { describe, expect, test } from 'vitest'
import {
  allocate,
  allocateZeroed,
  arenaAttach,
  arenaCheck,
  arenaCreate,
  arenaDump,
  arenaHeld,
  arenaIsTight,
  arenaRoom,
  arenaTouched,
  arenaUsed,
  blockBytes,
  blockRoom,
  reallocate,
  release,
  SMALL_BYTES_MAX,
} from '../../src/store/arena.ts'
import { type Memory, memoryRefresh } from '../../src/store/memory.ts'
import { chooseSeed, type Random, randomFrom } from '../support/random.ts'

const MEGABYTE = 2 ** 20

type Block = { ref: number; bytes: number; mark: number }

const fill = (m: Memory, { ref, bytes, mark }: Block): void => {
  m.u8.fill(mark, ref * 8, ref * 8 + bytes)
}

/** Whether the block still holds its mark everywhere; looks at the ends and at some places between in large ones. */
function isUntouched(m: Memory, { ref, bytes, mark }: Block, upTo = bytes): boolean {
  const step = upTo > 4096 ? 61 : 1
  for (let i = 0; i < upTo; i += step) if (m.u8[ref * 8 + i] !== mark) return false
  return upTo === 0 || m.u8[ref * 8 + upTo - 1] === mark
}

function size(random: Random): number {
  const kind = random.int(0, 9)
  if (kind < 6) return random.int(1, 200)
  if (kind < 8) return random.int(1, SMALL_BYTES_MAX)
  return kind < 9 ? random.int(SMALL_BYTES_MAX + 1, 60_000) : random.int(60_000, 1_000_000)
}

describe('arena', () => {
  const seed = chooseSeed()

  test.each([
    ['growable', false],
    ['whole', true],
  ])(`blocks stay apart and keep what is in them, the arena being %s (SKEP_SEED=${seed})`, (_, isWhole) => {
    const random = randomFrom(seed)
    const m = arenaCreate(256 * MEGABYTE, 1, 2, isWhole)
    const blocks: Block[] = []
    let used = 0
    for (let step = 0; step < 20_000; step++) {
      const choice = random.int(0, 9)
      if (choice < 5 || blocks.length === 0) {
        const bytes = size(random)
        const block = { ref: allocate(m, bytes), bytes, mark: random.int(1, 255) }
        expect(blockRoom(m, block.ref)).toBe(blockBytes(bytes))
        used += blockBytes(bytes)
        fill(m, block)
        blocks.push(block)
      } else if (choice < 8) {
        const [block] = blocks.splice(random.int(0, blocks.length - 1), 1)
        expect(isUntouched(m, block)).toBe(true)
        used -= blockRoom(m, block.ref)
        release(m, block.ref)
      } else {
        const block = random.pick(blocks)
        const bytes = size(random)
        used -= blockRoom(m, block.ref)
        block.ref = reallocate(m, block.ref, block.bytes, bytes)
        used += blockRoom(m, block.ref)
        expect(isUntouched(m, block, Math.min(bytes, block.bytes))).toBe(true)
        expect(blockRoom(m, block.ref)).toBeGreaterThanOrEqual(bytes)
        block.bytes = bytes
        fill(m, block)
      }
      expect(arenaUsed(m)).toBe(used)
      if (step % 200 === 0) {
        arenaCheck(m)
        if (arenaUsed(m) > 150 * MEGABYTE)
          for (const block of blocks.splice(0, 150)) {
            used -= blockRoom(m, block.ref)
            release(m, block.ref)
          }
      }
    }
    for (const block of blocks) expect(isUntouched(m, block)).toBe(true)
    for (const block of blocks) release(m, block.ref)
    arenaCheck(m)
    expect(arenaUsed(m)).toBe(0)
    // What stays is at most a span a size class, so that a key set and deleted in turn is cheap.
    expect(arenaHeld(m)).toBeLessThanOrEqual(80 * 8 * 8192)
  })

  test('a block wastes at most one part in eight, beyond the smallest', () => {
    for (let bytes = 1; bytes <= SMALL_BYTES_MAX; bytes++) {
      expect(blockBytes(bytes)).toBeGreaterThanOrEqual(bytes)
      expect(blockBytes(bytes)).toBeLessThanOrEqual(bytes <= 128 ? bytes + 7 : bytes * 1.125 + 8)
      expect(blockBytes(bytes) % 8).toBe(0)
    }
    expect(blockBytes(SMALL_BYTES_MAX + 1)).toBe(3 * 8192)
  })

  test('blocks of 64 x 2^n bytes are aligned to 64', () => {
    const m = arenaCreate(64 * MEGABYTE, 1, 2)
    for (let bytes = 64; bytes <= MEGABYTE; bytes *= 2) {
      for (let i = 0; i < 20; i++) expect((allocate(m, bytes) * 8) % 64).toBe(0)
    }
  })

  test('zeroed blocks are zero, fresh or used before', () => {
    const m = arenaCreate(64 * MEGABYTE, 1, 2)
    for (const bytes of [1, 8, 100, 5000, 16384, 16385, 100_000, MEGABYTE]) {
      for (let round = 0; round < 3; round++) {
        const ref = allocateZeroed(m, bytes)
        expect(m.u8.subarray(ref * 8, ref * 8 + bytes).every(byte => byte === 0)).toBe(true)
        m.u8.fill(255, ref * 8, ref * 8 + bytes)
        release(m, ref)
      }
    }
  })

  test('freed memory is used again: a steady set of blocks does not grow the heap', () => {
    const m = arenaCreate(256 * MEGABYTE, 1, 2)
    const random = randomFrom(7)
    const blocks = Array.from({ length: 2000 }, () => allocate(m, random.int(1, 5000)))
    const touched = arenaTouched(m)
    for (let i = 0; i < 50_000; i++) {
      const at = random.int(0, blocks.length - 1)
      release(m, blocks[at])
      blocks[at] = allocate(m, random.int(1, 5000))
    }
    expect(arenaTouched(m)).toBeLessThan(touched * 1.6)
    arenaCheck(m)
  })

  test('neighbouring free runs join', () => {
    const m = arenaCreate(256 * MEGABYTE, 1, 2)
    const runs = Array.from({ length: 100 }, () => allocate(m, 100_000))
    const touched = arenaTouched(m)
    for (let i = 0; i < 100; i += 2) release(m, runs[i])
    for (let i = 1; i < 100; i += 2) release(m, runs[i])
    arenaCheck(m)
    allocate(m, 9_000_000)
    expect(arenaTouched(m)).toBe(touched)
  })

  test('another thread’s views catch up with growth', () => {
    const m = arenaCreate(512 * MEGABYTE, 1, 2)
    const other = arenaAttach(m.buffer)
    const pages = m.pages
    const ref = allocate(m, 100 * MEGABYTE)
    expect(m.pages).toBeGreaterThan(pages)
    m.u8[ref * 8 + 99 * MEGABYTE] = 77
    expect(other.u8[ref * 8 + 99 * MEGABYTE]).toBe(undefined)
    memoryRefresh(other)
    expect(other.u8[ref * 8 + 99 * MEGABYTE]).toBe(77)
    release(other, ref)
    expect(arenaUsed(m)).toBe(0)
    expect(arenaDump(m)).toMatch(/^arena used=0 held=0 touched=\d+ pages=\d+$/)
  })

  test('is tight when no eighth of it is left in one piece, and no longer when there is again', () => {
    const m = arenaCreate(64 * MEGABYTE, 1, 2)
    const runs: number[] = []
    while (!arenaIsTight(m)) runs.push(allocate(m, MEGABYTE))
    expect(runs.length).toBeGreaterThan(50)
    expect(arenaRoom(m)).toBeGreaterThan(5 * MEGABYTE)
    for (let i = 0; i < runs.length; i += 2) release(m, runs[i])
    expect(arenaIsTight(m)).toBe(true)
    for (let i = 1; i < 20; i += 2) release(m, runs[i])
    expect(arenaIsTight(m)).toBe(false)
  })

  test('releasing a block twice, or one that never was, stops the process', () => {
    const m = arenaCreate(64 * MEGABYTE, 1, 2)
    const run = allocate(m, 100_000)
    release(m, run)
    expect(() => release(m, run)).toThrow('a released block is in use')
    expect(() => release(m, 1)).toThrow('a released block is in use')
  })

  test('an arena knows an arena', () => {
    expect(() => arenaAttach(new SharedArrayBuffer(8192))).toThrow('the buffer is an arena')
    expect(() => arenaCreate(9 * 1024 ** 3, 1, 2)).toThrow('an arena is at most 8 GiB')
  })
})
