import { describe, expect, test } from 'vitest'
import { Reply } from '../../src/protocol/reply.ts'
import { arenaCheck, arenaCreate, arenaUsed, release } from '../../src/store/arena.ts'
import {
  element,
  LISTPACK,
  type ListpackRef,
  listpackBigInteger,
  listpackBytes,
  listpackCount,
  listpackEnd,
  listpackFind,
  listpackFirst,
  listpackIs,
  listpackLast,
  listpackNext,
  listpackPrevious,
  listpackRead,
  listpackReply,
  listpackSeek,
  listpackText,
} from '../../src/store/listpack.ts'
import { listpackCheck, listpackDump, listpackIsValid } from '../../src/store/listpack-check.ts'
import {
  listpackAppend,
  listpackAppendElements,
  listpackAppendInteger,
  listpackCopy,
  listpackCreate,
  listpackDelete,
  listpackDeleteRange,
  listpackElementBytes,
  listpackInsert,
  listpackInsertInteger,
  listpackLoad,
  listpackPrepend,
  listpackReplace,
  listpackReplaceInteger,
} from '../../src/store/listpack-edit.ts'
import type { Memory } from '../../src/store/memory.ts'
import { expectLayout, layoutTables } from '../support/layout.ts'
import { chooseSeed, type Random, randomFrom } from '../support/random.ts'

const arena = (): Memory => arenaCreate(256 * 2 ** 20, 1, 2)
const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1')

function append(m: Memory, lp: ListpackRef, text: string): ListpackRef {
  const bytes = bytesOf(text)
  return listpackAppend(m, lp, bytes, 0, bytes.length)
}

function listpackOf(m: Memory, texts: readonly string[]): ListpackRef {
  return texts.reduce((lp, text) => append(m, lp, text), listpackCreate(m))
}

function textAt(m: Memory, lp: ListpackRef, offset: number): string {
  listpackText(m, lp, offset)
  return Buffer.from(element.bytes.subarray(element.at, element.at + element.length)).toString('latin1')
}

function forwards(m: Memory, lp: ListpackRef): string[] {
  const texts: string[] = []
  for (let at = listpackFirst(m, lp); at !== 0; at = listpackNext(m, lp, at)) texts.push(textAt(m, lp, at))
  return texts
}

function backwards(m: Memory, lp: ListpackRef): string[] {
  const texts: string[] = []
  for (let at = listpackLast(m, lp); at !== 0; at = listpackPrevious(m, lp, at)) texts.push(textAt(m, lp, at))
  return texts
}

const hex = (m: Memory, lp: ListpackRef): string =>
  Buffer.from(m.u8.subarray(lp * 8, lp * 8 + listpackBytes(m, lp))).toString('hex')

const EDGES = [
  ...['0', '127', '128', '-1', '4095', '-4096', '4096', '-32768', '32767', '8388607', '-8388608', '8388608'],
  ...['2147483647', '-2147483648', '2147483648', '9223372036854775807', '-9223372036854775808'],
  ...['', 'a', '01', '-0', 'x'.repeat(63), 'y'.repeat(64), 'z'.repeat(126), 'end'],
]

/** What `DUMP` of redis-server 7.0.15 shows of a list of EDGES. */
const EDGES_IN_REDIS =
  '75010000190000017f01c08002dfff02cfff02d00002f1001003f1008003f1ff7f03f2ffff7f04f200008004f30000800005f3ffffff7f05f30000008005f4000000800000000009f4ffffffffffffff7f09f4000000000000008009800181610282303103822d3003bf78787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787840e0407979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797979797942e07e7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a018083656e6404ff'

describe('the format', () => {
  test('has the head that the comment tells of', () => {
    const { ELEMENTS, ...head } = LISTPACK
    expectLayout(layoutTables('store/listpack.ts')[0], { ...head, SIZE: ELEMENTS })
  })

  test('is, byte for byte, what Redis 7.0 writes', () => {
    const m = arena()
    expect(hex(m, listpackOf(m, EDGES))).toBe(EDGES_IN_REDIS)
  })

  test('strings of 4096 bytes and more have a length of four bytes', () => {
    const m = arena()
    expect(hex(m, listpackOf(m, ['w'.repeat(4095)])).slice(12, 18)).toBe('efff77')
    expect(hex(m, listpackOf(m, ['w'.repeat(4096)])).slice(12, 24)).toBe('f00010000077')
  })

  test.each([126, 127, 128, 16381, 16382, 16383, 2097144, 2097147])(
    'a string of %i bytes can be walked back over',
    length => {
      const m = arena()
      const lp = listpackOf(m, ['before', 'x'.repeat(length), 'after'])
      listpackCheck(m, lp)
      expect(backwards(m, lp).map(text => text.length)).toEqual([5, length, 6])
    },
  )

  test('counts past 65534 are found by counting, and known again when few are left', () => {
    const m = arena()
    let lp = listpackCreate(m)
    for (let i = 0; i < 70000; i++) lp = listpackAppendInteger(m, lp, i & 127)
    listpackCheck(m, lp)
    expect(hex(m, lp).slice(8, 12)).toBe('ffff')
    expect(listpackCount(m, lp)).toBe(70000)
    expect(textAt(m, lp, listpackSeek(m, lp, -1))).toBe(String(69999 & 127))
    expect(listpackSeek(m, lp, 70000)).toBe(0)
    expect(listpackSeek(m, lp, -70001)).toBe(0)
    lp = listpackDeleteRange(m, lp, 3, 69990)
    expect(listpackCount(m, lp)).toBe(10)
    expect(hex(m, lp).slice(8, 12)).toBe('0a00')
    listpackCheck(m, lp)
  })
})

describe('reading', () => {
  test('an integer tells its value, and beyond 2^53 that it is not exact', () => {
    const m = arena()
    const lp = listpackOf(m, ['-4096', '9007199254740993', '-9223372036854775808'])
    listpackRead(m, lp, listpackSeek(m, lp, 0))
    expect(element).toMatchObject({ isInteger: true, integer: -4096, isExact: true })
    listpackRead(m, lp, listpackSeek(m, lp, 1))
    expect(element).toMatchObject({ isInteger: true, isExact: false })
    expect(listpackBigInteger(m, lp, listpackSeek(m, lp, 1))).toBe(9007199254740993n)
    expect(listpackBigInteger(m, lp, listpackSeek(m, lp, 2))).toBe(-(2n ** 63n))
    expect(listpackBigInteger(m, lp, listpackSeek(m, lp, 0))).toBe(-4096n)
  })

  test('every element is replied as its text', () => {
    const m = arena()
    const lp = listpackOf(m, EDGES)
    const reply = new Reply()
    for (let at = listpackFirst(m, lp); at !== 0; at = listpackNext(m, lp, at)) listpackReply(m, lp, at, reply)
    const text = Buffer.from(reply.u8.subarray(0, reply.length)).toString('latin1')
    expect(text).toBe(EDGES.map(edge => `$${edge.length}\r\n${edge}\r\n`).join(''))
  })

  test('an element is found by its text, integers too, fields only when asked', () => {
    const m = arena()
    const lp = listpackOf(m, [...EDGES, 'a', 'a', 'b', '5'])
    const find = (text: string): number => {
      const bytes = bytesOf(`..${text}`)
      return listpackFind(m, lp, listpackFirst(m, lp), bytes, 2, text.length)
    }
    for (const edge of EDGES) {
      const at = find(edge)
      expect(textAt(m, lp, at)).toBe(edge)
      expect(listpackIs(m, lp, at, bytesOf(edge), 0, edge.length)).toBe(true)
    }
    expect(find('9223372036854775806')).toBe(0)
    expect(find('00')).toBe(0)
    expect(find('5')).toBe(listpackLast(m, lp))
    expect(listpackFind(m, lp, 0, bytesOf('a'), 0, 1)).toBe(0)
    const pairs = listpackOf(m, ['field', '5', '5', 'value'])
    expect(listpackFind(m, pairs, listpackFirst(m, pairs), bytesOf('5'), 0, 1, 1)).toBe(listpackSeek(m, pairs, 2))
    expect(listpackFind(m, pairs, listpackFirst(m, pairs), bytesOf('value'), 0, 5, 1)).toBe(0)
  })

  test('a string that other software stored though it is an integer is found as text', () => {
    const m = arena()
    const odd = Buffer.from('0a000000' + '0100' + '8135' + '02' + 'ff', 'hex')
    expect(listpackIsValid(odd, 0, odd.length)).toBe(true)
    const lp = listpackLoad(m, odd, 0, odd.length)
    expect(listpackFind(m, lp, listpackFirst(m, lp), bytesOf('5'), 0, 1)).toBe(listpackFirst(m, lp))
    expect(listpackDump(m, lp)).toBe(`listpack @${lp} bytes=10 ["5"]`)
  })
})

describe('a random sequence of edits', () => {
  const TEXTS = [...EDGES, 'foo', 'bar', '17', 'q'.repeat(300), 'r'.repeat(5000)]
  const someText = (random: Random): string =>
    random.chance(0.5) ? random.pick(TEXTS) : String(random.int(-300_000, 300_000))

  test('leaves what a plain array would hold', () => {
    const seed = chooseSeed()
    const random = randomFrom(seed)
    const m = arena()
    let lp = listpackCreate(m)
    const model: string[] = []
    for (let step = 0; step < 3000; step++) {
      const text = someText(random)
      const bytes = bytesOf(text)
      const index = model.length === 0 ? 0 : random.int(0, model.length - 1)
      const offset = listpackSeek(m, lp, random.chance(0.5) ? index : index - model.length)
      switch (model.length > 60 ? random.int(6, 9) : random.int(0, 8)) {
        case 0:
        case 1:
          lp = listpackAppend(m, lp, bytes, 0, bytes.length)
          model.push(text)
          break
        case 2:
          lp = listpackPrepend(m, lp, bytes, 0, bytes.length)
          model.unshift(text)
          break
        case 3:
          lp = listpackInsert(m, lp, offset === 0 ? listpackEnd(m, lp) : offset, bytes, 0, bytes.length)
          model.splice(index, 0, text)
          break
        case 4:
          lp = listpackInsertInteger(m, lp, offset === 0 ? listpackEnd(m, lp) : offset, step * 1e9)
          model.splice(index, 0, String(step * 1e9))
          break
        case 5:
          if (offset === 0) break
          if (random.chance(0.8)) lp = listpackReplace(m, lp, offset, bytes, 0, bytes.length)
          else lp = listpackReplaceInteger(m, lp, offset, step)
          model[index] = textAt(m, lp, offset) === String(step) ? String(step) : text
          break
        case 9: {
          const count = random.int(0, 20)
          lp = listpackDeleteRange(m, lp, index, count)
          model.splice(index, count)
          break
        }
        default:
          if (offset === 0) break
          lp = listpackDelete(m, lp, offset)
          model.splice(index, 1)
      }
      listpackCheck(m, lp)
      expect(forwards(m, lp), `seed ${seed}, step ${step}`).toEqual(model)
      expect(listpackCount(m, lp)).toBe(model.length)
    }
    expect(backwards(m, lp)).toEqual(model.reverse())
    release(m, lp)
    expect(arenaUsed(m), 'every block came back').toBe(0)
    arenaCheck(m)
  })

  test('the size of an element is known before it is written', () => {
    const m = arena()
    const lp = listpackCreate(m)
    for (const text of TEXTS) {
      const bytes = bytesOf(text)
      const before = listpackBytes(m, listpackCopy(m, lp, m))
      const after = append(m, listpackCopy(m, lp, m), text)
      expect(listpackBytes(m, after) - before).toBe(listpackElementBytes(bytes, 0, bytes.length))
    }
  })

  test('elements of one listpack can be put behind those of another', () => {
    const m = arena()
    const source = listpackOf(m, ['1', 'two', '3', 'four'])
    const from = listpackSeek(m, source, 1)
    const to = listpackSeek(m, source, 3)
    const lp = listpackAppendElements(m, listpackOf(m, ['zero']), source, from, to, 2)
    listpackCheck(m, lp)
    expect(forwards(m, lp)).toEqual(['zero', 'two', '3'])
  })
})

describe('damaged bytes', () => {
  test('are never taken for a listpack that reads beyond itself', () => {
    const seed = chooseSeed()
    const random = randomFrom(seed)
    const m = arena()
    const sound = Buffer.from(hex(m, listpackOf(m, EDGES)), 'hex')
    expect(listpackIsValid(sound, 0, sound.length)).toBe(true)
    let refused = 0
    for (let round = 0; round < 20000; round++) {
      const damaged = Buffer.from(sound)
      for (let i = random.int(1, 3); i > 0; i--) damaged[random.int(0, damaged.length - 1)] = random.int(0, 255)
      if (!listpackIsValid(damaged, 0, damaged.length)) {
        refused++
        continue
      }
      // Whatever passes must walk both ways to the same elements.
      const lp = listpackLoad(m, damaged, 0, damaged.length)
      expect(forwards(m, lp), `seed ${seed}, round ${round}`).toEqual(backwards(m, lp).reverse())
      release(m, lp)
    }
    expect(refused).toBeGreaterThan(1000)
  })

  test.each([
    ['a size that is not the number of bytes', '08000000' + '0000' + 'ff'],
    ['no end', '07000000' + '0000' + '00'],
    ['an end before the last byte', '08000000' + '0000' + 'ffff'],
    ['a count that is wrong', '09000000' + '0200' + '0101' + 'ff'],
    ['an unknown form of element', '09000000' + '0100' + 'f501' + 'ff'],
    ['a string that ends outside', '09000000' + '0100' + 'bf01' + 'ff'],
    ['a back length that is wrong', '09000000' + '0100' + '0102' + 'ff'],
    ['a long string whose length is cut off', '09000000' + '0100' + 'f001' + 'ff'],
    ['fewer bytes than a head', '06000000' + '0000'],
  ])('%s is refused', (_, bytes) => {
    const damaged = Buffer.from(bytes, 'hex')
    expect(listpackIsValid(damaged, 0, damaged.length)).toBe(false)
  })
})
