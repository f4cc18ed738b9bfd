// LCS: the longest common subsequence of two strings, its length, or where its pieces lie.
//
// The table of the lengths for all pairs of prefixes is filled row by row; the pieces are read from it backwards. The
// length alone needs no more than two rows.

import { SETTING } from '../../config/settings.ts'
import { NOT_AN_INTEGER, SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import { type EntryRef, entryType, TYPE } from '../../store/entry.ts'
import type { Shard } from '../../store/shard.ts'
import { stringAt, stringLength } from '../../store/string.ts'
import { type Command, READONLY } from '../command.ts'

const CELL_BYTES = 4
const LENGTH_MAX = 2 ** 32 - 2
/** Comparisons that take about as long as an element of another command. */
const COMPARISONS_PER_ELEMENT = 32

/** Bytes somewhere in an arena. */
interface Text {
  readonly u8: Uint8Array
  readonly at: number
  readonly length: number
}

interface PieceOptions {
  readonly lengthMin: number
  readonly withLength: boolean
}

export const lcs: Command = {
  name: 'LCS',
  group: 'string',
  since: '7.0.0',
  summary: 'Finds the longest common subsequence of two strings.',
  complexity: 'O(N*M) for strings of N and M bytes',
  arity: -3,
  flags: READONLY,
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 1, step: 1, limit: 0 } }],
  args: [
    { name: 'key1', type: 'key', keySpec: 0 },
    { name: 'key2', type: 'key', keySpec: 0 },
    { name: 'len', type: 'pure-token', token: 'LEN', flags: ['optional'] },
    { name: 'idx', type: 'pure-token', token: 'IDX', flags: ['optional'] },
    { name: 'len', type: 'integer', token: 'MINMATCHLEN', flags: ['optional'] },
    { name: 'withmatchlen', type: 'pure-token', token: 'WITHMATCHLEN', flags: ['optional'] },
  ],

  run(shard, req, reply) {
    const firstShard = shard.ofKey(req, 1)
    const secondShard = shard.ofKey(req, 2)
    // The second lookup may delete an expired key, never the first one's entry unless it is the same key.
    const first = firstShard.find(req, 1)
    const second = secondShard.find(req, 2)
    if (!isStringOrNone(firstShard, first) || !isStringOrNone(secondShard, second)) {
      return reply.error('ERR The specified keys must contain string values')
    }
    let wantsLength = false
    let wantsPieces = false
    let withLength = false
    let lengthMin = 0
    for (let i = 3; i < req.argc; i++) {
      if (req.is(i, 'IDX')) wantsPieces = true
      else if (req.is(i, 'LEN')) wantsLength = true
      else if (req.is(i, 'WITHMATCHLEN')) withLength = true
      else if (req.is(i, 'MINMATCHLEN') && i + 1 < req.argc) {
        lengthMin = req.integer(++i)
        if (Number.isNaN(lengthMin)) return reply.error(NOT_AN_INTEGER)
      } else return reply.error(SYNTAX)
    }
    if (wantsPieces && wantsLength) {
      return reply.error('ERR If you want both the length and indexes, please just use IDX.')
    }
    const a = textOf(firstShard, first)
    const b = textOf(secondShard, second)
    if (a.length > LENGTH_MAX || b.length > LENGTH_MAX) return reply.error('ERR String too long for LCS')
    if (shard.engine.defers((a.length * b.length) / COMPARISONS_PER_ELEMENT)) return
    const bytes = (a.length + 1) * (b.length + 1) * CELL_BYTES
    if (bytes > shard.engine.settings[SETTING.protoMaxBulkLen]) {
      return reply.error('ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len')
    }
    if (wantsLength) return reply.integer(lengthOnly(a, b))
    const table = lengthTable(a, b)
    if (wantsPieces) replyPieces(a, b, table, { lengthMin, withLength }, reply)
    else replySubsequence(a, b, table, reply)
  },
}

const isStringOrNone = (shard: Shard, entry: EntryRef | 0): boolean =>
  entry === 0 || entryType(shard.m, entry) === TYPE.STRING

function textOf({ m }: Shard, entry: EntryRef | 0): Text {
  if (entry === 0) return { u8: m.u8, at: 0, length: 0 }
  return { u8: m.u8, at: stringAt(m, entry), length: stringLength(m, entry) }
}

function lengthOnly(a: Text, b: Text): number {
  let above = new Uint32Array(b.length + 1)
  let row = new Uint32Array(b.length + 1)
  for (let i = 1; i <= a.length; i++) {
    fillRow(a.u8[a.at + i - 1], b, above, 0, row, 0)
    const spare = above
    above = row
    row = spare
  }
  return above[b.length]
}

/** Cell i * (b.length + 1) + j is the length for the first i bytes of `a` and the first j of `b`. */
function lengthTable(a: Text, b: Text): Uint32Array {
  const width = b.length + 1
  const table = new Uint32Array((a.length + 1) * width)
  for (let i = 1; i <= a.length; i++) fillRow(a.u8[a.at + i - 1], b, table, (i - 1) * width, table, i * width)
  return table
}

function fillRow(byte: number, b: Text, above: Uint32Array, aboveAt: number, row: Uint32Array, rowAt: number): void {
  const { u8, at, length } = b
  let left = 0
  for (let j = 1; j <= length; j++) {
    if (u8[at + j - 1] === byte) left = above[aboveAt + j - 1] + 1
    else if (above[aboveAt + j] > left) left = above[aboveAt + j]
    row[rowAt + j] = left
  }
}

function replySubsequence(a: Text, b: Text, table: Uint32Array, reply: Reply): void {
  const width = b.length + 1
  let left = table[table.length - 1]
  const at = reply.bulkSpace(left)
  let i = a.length
  let j = b.length
  while (i > 0 && j > 0) {
    const byte = a.u8[a.at + i - 1]
    if (byte === b.u8[b.at + j - 1]) {
      reply.u8[at + --left] = byte
      i--
      j--
    } else if (table[(i - 1) * width + j] > table[i * width + j - 1]) i--
    else j--
  }
}

/** The pieces, last one first, then the length of the whole. */
function replyPieces(a: Text, b: Text, table: Uint32Array, options: PieceOptions, reply: Reply): void {
  const width = b.length + 1
  reply.map(2)
  reply.latin1('matches')
  const begun = reply.begin()
  let count = 0
  let piece = 0 // bytes of the piece that begins at i and j
  let i = a.length
  let j = b.length
  while (i > 0 && j > 0) {
    if (a.u8[a.at + i - 1] === b.u8[b.at + j - 1]) {
      piece++
      i--
      j--
      if (i > 0 && j > 0) continue
    }
    if (piece > 0) {
      if (piece >= options.lengthMin) {
        replyPiece(i, j, piece, options.withLength, reply)
        count++
      }
      piece = 0
      continue
    }
    if (table[(i - 1) * width + j] > table[i * width + j - 1]) i--
    else j--
  }
  reply.finishArray(begun, count)
  reply.latin1('len')
  reply.integer(table[table.length - 1])
}

function replyPiece(i: number, j: number, length: number, withLength: boolean, reply: Reply): void {
  reply.array(withLength ? 3 : 2)
  reply.array(2)
  reply.integer(i)
  reply.integer(i + length - 1)
  reply.array(2)
  reply.integer(j)
  reply.integer(j + length - 1)
  if (withLength) reply.integer(length)
}
