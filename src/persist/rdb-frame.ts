// What an RDB file has around its entries: the first bytes, facts about who wrote it, the last bytes.

import { type Crc64, crc64Write } from '../bytes/crc64.ts'
import { OPCODE, RDB_VERSION } from '../store/rdb/format.ts'
import { RdbSink } from '../store/rdb/sink.ts'

/** Facts in the file's head, by Redis's names; all values are text. */
export type AuxFields = readonly (readonly [name: string, value: string])[]

export const CHECKSUM_BYTES = 8
const HEAD_BYTES = 16

/** The head of a file: with the libraries of functions, of whose texts each character is a byte. */
export function rdbHeader(aux: AuxFields, libraries: readonly string[]): Uint8Array {
  const sink = new RdbSink(256)
  const raw = Buffer.from(`REDIS${String(RDB_VERSION).padStart(4, '0')}`)
  sink.raw(raw, 0, raw.length)
  for (const [name, value] of aux) {
    sink.byte(OPCODE.AUX)
    for (const text of [name, value]) {
      const bytes = Buffer.from(text, 'latin1')
      sink.string(bytes, 0, bytes.length)
    }
  }
  for (const code of libraries) {
    sink.byte(OPCODE.FUNCTION_2)
    sink.string(Buffer.from(code, 'latin1'), 0, code.length)
  }
  return sink.u8.slice(0, sink.length)
}

/** What stands before a string of `length` bytes that is written as it is. */
export function stringHead(length: number): Uint8Array {
  const sink = new RdbSink(HEAD_BYTES)
  sink.size(length)
  return sink.u8.slice(0, sink.length)
}

/** The byte that ends the entries. The checksum covers it. */
export const rdbEnd = (): Uint8Array => Uint8Array.of(OPCODE.EOF)

/** The checksum of all before it; of zeros if there is none. */
export function rdbFooter(crc: Crc64 | undefined): Uint8Array {
  const bytes = new Uint8Array(CHECKSUM_BYTES)
  if (crc !== undefined) crc64Write(crc, bytes, 0)
  return bytes
}

/** The facts that Redis writes into every file. */
export function standardAux(now: number, usedBytes: number): AuxFields {
  return [
    ['redis-ver', '7.0.15'],
    ['redis-bits', '64'],
    ['ctime', String(Math.floor(now / 1000))],
    ['used-mem', String(usedBytes)],
  ]
}
