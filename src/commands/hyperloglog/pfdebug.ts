// PFDEBUG and PFSELFTEST: looking into HyperLogLogs, and trying their arithmetic out.

import {
  HLL_DENSE_LENGTH,
  HLL_EMPTY_LENGTH,
  HLL_HEADER,
  hllAdd,
  hllCount,
  hllCreate,
  hllIsDense,
  hllMerge,
  hllPromote,
  hllSet,
} from '../../bytes/hll.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { EntryRef } from '../../store/entry.ts'
import type { Shard } from '../../store/shard.ts'
import { stringAt, stringLength } from '../../store/string.ts'
import { ADMIN, type Command, DENY_OOM, WRITE } from '../command.ts'
import { CORRUPT, isHll, makeDense, REGISTERS } from './value.ts'

export const pfdebug: Command = {
  name: 'PFDEBUG',
  group: 'hyperloglog',
  since: '2.8.9',
  summary: 'Shows the registers or the encoding of a HyperLogLog, or makes it dense. For tests.',
  complexity: 'N/A',
  docFlags: ['syscmd'],
  arity: 3,
  flags: WRITE | DENY_OOM | ADMIN,
  keys: [{ flags: ['RW', 'access'], begin: { index: 2 }, find: { last: 0, step: 1, limit: 0 } }],
  args: [
    { name: 'subcommand', type: 'string' },
    { name: 'key', type: 'key', keySpec: 0 },
  ],
  cost: () => REGISTERS,

  run(shard, req, reply) {
    const entry = shard.findForWrite(req, 2)
    if (entry === 0) return reply.error('ERR The specified key does not exist')
    if (!isHll(shard, entry, reply)) return
    const m = shard.m
    const isDense = hllIsDense(m.u8, stringAt(m, entry))
    if (req.is(1, 'ENCODING')) return reply.simple(isDense ? 'dense' : 'sparse')
    if (req.is(1, 'DECODE')) {
      if (isDense) return reply.error('ERR HLL encoding is not sparse')
      return reply.latin1(opcodes(m.u8, stringAt(m, entry), stringLength(m, entry)))
    }
    const shows = req.is(1, 'GETREG')
    if (!shows && !req.is(1, 'TODENSE')) return reply.error(`ERR Unknown PFDEBUG subcommand '${req.text(1)}'`)
    const dense = makeDense(shard, req.db, entry)
    if (dense === 0) return reply.error(CORRUPT)
    if (!isDense) shard.touched(req, 2, 0, '')
    if (shows) showRegisters(shard, dense, reply)
    else reply.integer(isDense ? 0 : 1)
  },
}

function showRegisters(shard: Shard, entry: EntryRef, reply: Reply): void {
  const m = shard.m
  const registers = new Uint8Array(REGISTERS)
  hllMerge(m.u8, stringAt(m, entry), stringLength(m, entry), registers)
  reply.array(REGISTERS)
  for (let i = 0; i < REGISTERS; i++) reply.integer(registers[i])
}

/** A sparse value in words: `z:` and `Z:` short and long runs of zeros, `v:` a value and its run. */
function opcodes(u8: Uint8Array, at: number, length: number): string {
  const words: string[] = []
  const end = at + length
  for (let i = at + HLL_HEADER; i < end; i++) {
    const opcode = u8[i]
    if (opcode >= 0x80) words.push(`v:${((opcode >> 2) & 31) + 1},${(opcode & 3) + 1}`)
    else if (opcode < 0x40) words.push(`z:${opcode + 1}`)
    else words.push(`Z:${(((opcode & 0x3f) << 8) | (++i < end ? u8[i] : 0)) + 1}`)
  }
  return words.join(' ')
}

const SELF_TEST_ROUNDS = 100
const SELF_TEST_ELEMENTS = 1_000_000
/** The standard error of an estimate from 2^14 registers, 1.04 / sqrt(2^14), times the five that Redis allows. */
const ERROR_MAX = (1.04 / 128) * 5

export const pfselftest: Command = {
  name: 'PFSELFTEST',
  group: 'hyperloglog',
  since: '2.8.9',
  summary: 'Checks the HyperLogLog functions against plain arrays and against known numbers of elements.',
  complexity: 'N/A',
  docFlags: ['syscmd'],
  arity: 1,
  flags: ADMIN,
  cost: () => SELF_TEST_ELEMENTS,

  run(_shard, _req, reply) {
    const failure = testRegisters() ?? testEstimates()
    if (failure === undefined) reply.ok()
    else reply.error(`TESTFAILED ${failure}`)
  },
}

/** Stores random values in all registers and reads them back. */
function testRegisters(): string | undefined {
  const hll = emptyDense()
  const expected = new Uint8Array(REGISTERS)
  const found = new Uint8Array(REGISTERS)
  for (let round = 0; round < SELF_TEST_ROUNDS; round++) {
    for (let i = 0; i < REGISTERS; i++) {
      const value = Math.floor(Math.random() * 64)
      hllSet(hll, 0, HLL_DENSE_LENGTH, i, value, 0)
      if (value > expected[i]) expected[i] = value
    }
    found.fill(0)
    hllMerge(hll, 0, HLL_DENSE_LENGTH, found)
    for (let i = 0; i < REGISTERS; i++) {
      if (found[i] !== expected[i]) return `Register ${i} should be ${expected[i]} but is ${found[i]}`
    }
  }
  return undefined
}

/** Counts random elements into a sparse and a dense value, which must agree with each other and with the truth. */
function testEstimates(): string | undefined {
  const dense = emptyDense()
  const sparse = new Uint8Array(HLL_DENSE_LENGTH + 16)
  hllCreate(sparse, 0)
  let sparseLength = HLL_EMPTY_LENGTH
  const element = new Uint8Array(8)
  const words = new Uint32Array(element.buffer)
  words[1] = Math.floor(Math.random() * 2 ** 32)
  let checkpoint = 1
  for (let count = 1; count <= SELF_TEST_ELEMENTS; count++) {
    words[0] = count
    hllAdd(dense, 0, HLL_DENSE_LENGTH, element, 0, 8, 0)
    if (sparseLength > 0) {
      const length = hllAdd(sparse, 0, sparseLength, element, 0, 8, HLL_DENSE_LENGTH / 2)
      sparseLength = length < 0 ? 0 : length || sparseLength
    }
    if (count !== checkpoint) continue
    const estimate = hllCount(dense, 0, HLL_DENSE_LENGTH)
    if (sparseLength > 0 && hllCount(sparse, 0, sparseLength) !== estimate) return 'dense/sparse disagree'
    // A handful of elements may collide, which is a large error in percent.
    const allowed = count === 10 ? 1 : Math.ceil(count * ERROR_MAX)
    if (Math.abs(estimate - count) > allowed) return `Too big error. card:${count} abserr:${estimate - count}`
    checkpoint *= 10
  }
  return undefined
}

function emptyDense(): Uint8Array {
  const sparse = new Uint8Array(HLL_EMPTY_LENGTH)
  hllCreate(sparse, 0)
  const dense = new Uint8Array(HLL_DENSE_LENGTH)
  hllPromote(sparse, 0, HLL_EMPTY_LENGTH, dense, 0)
  return dense
}
