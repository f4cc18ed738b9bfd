// Sorted sets in RDB form: a small one as a listpack (type 17), a large one as members and doubles (type 5), which Redis
// writes from the highest score down.

import { byteArray } from '../../bytes/byte-array.ts'
import { parseDouble, writeDouble17 } from '../../bytes/doubles.ts'
import { writeBigInteger, writeInteger } from '../../bytes/integers.ts'
import { type EntryRef, entrySetEncoding, entrySetValue } from '../entry.ts'
import { COUNT_UNKNOWN, LISTPACK } from '../listpack.ts'
import { END } from '../listpack-element.ts'
import { planText, writePlanned } from '../listpack-encode.ts'
import type { Memory } from '../memory.ts'
import { Draft } from '../zset/draft.ts'
import { isPack, zsetLength } from '../zset.ts'
import { ZsetWalk } from '../zset-walk.ts'
import { notEmpty, sound } from './damage.ts'
import type { TypeEncoder } from './encode.ts'
import { RDB_TYPE, SCORE_INFINITY, SCORE_MINUS_INFINITY, SCORE_NAN } from './format.ts'
import { type Packed, PackedListpack, PackedZiplist } from './packed.ts'
import type { RdbSink } from './sink.ts'
import { type RdbSource, RdbString } from './source.ts'

/** Redis writes a whole score as an integer up to here. */
const INTEGER_SCORE_MAX = 2 ** 62
const DIGITS_MAX = 32

const draft = new Draft()
const packed = new RdbString()
const member = new RdbString()
const score = new RdbString()

export class ZsetEncoder implements TypeEncoder {
  #m!: Memory
  #entry!: EntryRef
  #sink!: RdbSink
  #count = 0
  readonly #walk = new ZsetWalk()

  start(m: Memory, entry: EntryRef, sink: RdbSink): number {
    this.#m = m
    this.#entry = entry
    this.#sink = sink
    this.#count = zsetLength(m, entry)
    const isSmall = isPack(m, entry)
    this.#walk.start(m, entry, isSmall ? 0 : this.#count - 1, !isSmall)
    return isSmall ? RDB_TYPE.ZSET_LISTPACK : RDB_TYPE.ZSET_2
  }

  step(budget: number): boolean {
    if (isPack(this.#m, this.#entry)) {
      this.#writeListpack()
      return true
    }
    const walk = this.#walk
    const sink = this.#sink
    if (this.#count > 0) sink.size(this.#count)
    this.#count = 0
    for (const end = sink.effort + budget; sink.effort < end; sink.effort++) {
      if (!walk.next()) return true
      sink.string(this.#m.u8, walk.at, walk.length)
      sink.double(walk.score)
    }
    return false
  }

  #writeListpack(): void {
    const walk = this.#walk
    const digits = score.own(DIGITS_MAX)
    listpackBegin()
    while (walk.next()) {
      listpackAdd(this.#m.u8, walk.at, walk.length)
      listpackAdd(digits, 0, writeScore(digits, walk.score))
    }
    listpackEnd(2 * this.#count)
    this.#sink.string(lp, 0, lpBytes)
  }
}

/** Writes a score as Redis keeps it in a listpack. */
function writeScore(digits: Uint8Array, value: number): number {
  if (Number.isSafeInteger(value)) return writeInteger(digits, 0, value === 0 ? 0 : value)
  if (Number.isInteger(value) && Math.abs(value) <= INTEGER_SCORE_MAX) return writeBigInteger(digits, 0, BigInt(value))
  return writeDouble17(digits, 0, value)
}

// ---- a listpack in the making

let lp = byteArray(4096)
let lpBytes = 0

function listpackBegin(): void {
  lpBytes = LISTPACK.ELEMENTS
}

function listpackAdd(bytes: Uint8Array, at: number, length: number): void {
  const whole = planText(bytes, at, length)
  if (lpBytes + whole >= lp.length) {
    const larger = byteArray(2 * (lpBytes + whole))
    larger.set(lp)
    lp = larger
  }
  writePlanned(lp, lpBytes, bytes, at, length)
  lpBytes += whole
}

function listpackEnd(count: number): void {
  lp[lpBytes++] = END
  const told = Math.min(count, COUNT_UNKNOWN)
  for (let i = 0; i < 4; i++) lp[i] = lpBytes >>> (8 * i)
  lp[LISTPACK.COUNT] = told & 0xff
  lp[LISTPACK.COUNT + 1] = told >>> 8
}

/** Fills the entry of a sorted set that has no value yet with what the source holds in the form of this RDB type. */
export function zsetRead(m: Memory, entry: EntryRef, settings: Float64Array, source: RdbSource, type: number): void {
  draft.start(m)
  try {
    if (type === RDB_TYPE.ZSET_ZIPLIST) {
      source.string(packed)
      readPairs(new PackedZiplist(packed, 'Zset'), 'Zset ziplist')
    } else if (type === RDB_TYPE.ZSET_LISTPACK) {
      source.string(packed)
      readPairs(new PackedListpack(packed, 'Zset'), 'Zset listpack')
    } else {
      readPlain(source, type === RDB_TYPE.ZSET_2)
    }
    notEmpty(draft.count > 0)
  } catch (error) {
    draft.drop()
    throw error
  }
  const value = draft.finish(settings)
  entrySetEncoding(m, entry, draft.encoding)
  entrySetValue(m, entry, value)
}

function readPairs(elements: Packed, what: string): void {
  sound(elements.count % 2 === 0, `${what} integrity check failed.`)
  while (elements.next(member)) {
    elements.next(score)
    add(parseDouble(score.u8, score.at, score.length), `${what} with dup elements, or bad score`)
  }
}

function readPlain(source: RdbSource, isBinary: boolean): void {
  const count = source.count(2)
  for (let i = 0; i < count; i++) {
    source.string(member)
    add(isBinary ? source.double() : textScore(source), 'Zset with dup elements or NAN score detected')
  }
}

/** A score of the first sorted sets: its text's length and its text, or a length that says it all. */
function textScore(source: RdbSource): number {
  const length = source.byte()
  if (length === SCORE_NAN) return Number.NaN
  if (length === SCORE_INFINITY) return Number.POSITIVE_INFINITY
  if (length === SCORE_MINUS_INFINITY) return Number.NEGATIVE_INFINITY
  source.need(length)
  const value = parseDouble(source.u8, source.at, length)
  source.at += length
  return value
}

function add(value: number, text: string): void {
  sound(!Number.isNaN(value), text)
  sound(draft.merge(value, member.u8, member.at, member.length) === 0, text)
}
