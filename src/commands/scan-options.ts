// What SCAN, SSCAN, HSCAN and ZSCAN share: the cursor, the options, and walking a hash table in pages.
//
// Redis reads the cursor first, then looks the key up, then reads the options, so a missing key hides bad options:
//
//     const cursor = scanCursor(req, 2, reply)
//     if (cursor < 0) return
//     const entry = shard.typed(req, 1, TYPE.SET, reply)
//     if (entry === WRONG) return
//     if (entry === 0) return emptyScan(reply)
//     const options = scanOptions(req, 3, reply)
//     if (options === undefined) return

import { globMatch } from '../bytes/glob.ts'
import { parseInteger } from '../bytes/integers.ts'
import { INVALID_CURSOR, NOT_AN_INTEGER, SYNTAX } from '../protocol/errors.ts'
import type { Reply } from '../protocol/reply.ts'
import type { Request } from '../protocol/request.ts'
import type { DictRef } from '../store/dict.ts'
import { dictScan } from '../store/dict-walk.ts'
import type { Memory } from '../store/memory.ts'
import type { RefList } from '../store/ref-list.ts'

/** Elements a page has if nobody says otherwise. */
const COUNT_DEFAULT = 10
/** A page of n looks at no more than this many times n buckets: in a sparse table most are empty. */
export const VISITS_PER_ELEMENT = 10

const BLANKS = ' \t\n\v\f\r'
const STAR = 0x2a
const UINT64_MAX = 2n ** 64n - 1n
/** The part of a cursor that means anything: what a double holds, since the server gives no larger ones. */
const CURSOR_BITS = 53

/** The options of a scan. One object serves all of a thread's scans, one after the other. */
export class ScanOptions {
  /** Elements wanted, at least 1. */
  count = COUNT_DEFAULT
  /** Argument with the type wanted, 0 for any; only SCAN has it. */
  type = 0
  /** Whether values are left out; only HSCAN has it. */
  noValues = false
  #u8: Uint8Array = new Uint8Array(0)
  #at = 0
  #length = -1

  /** Reads options from argument `from` on. Returns the error's text if they are wrong. */
  read(req: Request, from: number, allowType: boolean, allowNoValues: boolean): string | undefined {
    this.count = COUNT_DEFAULT
    this.type = 0
    this.noValues = false
    this.#u8 = req.u8
    this.#length = -1
    for (let i = from; i < req.argc; i += 2) {
      const hasArgument = i + 1 < req.argc
      if (hasArgument && req.is(i, 'COUNT')) {
        const count = req.integer(i + 1)
        if (Number.isNaN(count)) return NOT_AN_INTEGER
        if (count < 1) return SYNTAX
        this.count = Math.min(count, Number.MAX_SAFE_INTEGER)
      } else if (hasArgument && req.is(i, 'MATCH')) {
        const matchesAll = req.isByte(i + 1, STAR)
        this.#at = req.at[i + 1]
        this.#length = matchesAll ? -1 : req.length[i + 1]
      } else if (hasArgument && allowType && req.is(i, 'TYPE')) {
        this.type = i + 1
      } else if (allowNoValues && req.is(i, 'NOVALUES')) {
        this.noValues = true
        i-- // it takes no argument
      } else return SYNTAX
    }
    return undefined
  }

  /** Whether an element passes MATCH. */
  matches(bytes: Uint8Array, at: number, length: number): boolean {
    return this.#length < 0 || globMatch(this.#u8, this.#at, this.#length, bytes, at, length, false)
  }
}

const shared = new ScanOptions()

/** The options from argument `from` on; undefined after replying the error. Valid until the next scan. */
export function scanOptions(
  req: Request,
  from: number,
  reply: Reply,
  allowType = false,
  allowNoValues = false,
): ScanOptions | undefined {
  const error = shared.read(req, from, allowType, allowNoValues)
  if (error === undefined) return shared
  reply.error(error)
  return undefined
}

/** The cursor in argument `i`, -1 after replying that it is none. */
export function scanCursor(req: Request, i: number, reply: Reply): number {
  const plain = parseInteger(req.u8, req.at[i], req.length[i])
  if (plain >= 0 && plain <= Number.MAX_SAFE_INTEGER) return plain
  const cursor = laxCursor(req.text(i))
  if (cursor < 0) reply.error(INVALID_CURSOR)
  return cursor
}

/** What C's strtoul makes of a text, as Redis reads cursors: nothing is zero, signs and leading zeros pass, -1 wraps. */
function laxCursor(text: string): number {
  if (text === '') return 0
  if (BLANKS.includes(text[0])) return -1
  const found = /^([+-]?)(\d+)$/.exec(text)
  if (found === null) return -1
  const magnitude = BigInt(found[2])
  if (magnitude > UINT64_MAX) return -1
  return Number(BigInt.asUintN(CURSOR_BITS, found[1] === '-' ? -magnitude : magnitude))
}

/** The reply for a key that does not exist. */
export function emptyScan(reply: Reply): void {
  reply.array(2)
  reply.bulkInteger(0)
  reply.emptyArray()
}

/** Adds a page of about `count` items from `cursor` on to `list`. Returns the cursor to go on with, 0 at the end. */
export function scanPage(m: Memory, dict: DictRef, cursor: number, count: number, list: RefList): number {
  let visits = count * VISITS_PER_ELEMENT
  do cursor = dictScan(m, dict, cursor, list)
  while (cursor !== 0 && visits-- > 0 && list.count < count)
  return cursor
}
