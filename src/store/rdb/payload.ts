// The payload of DUMP and RESTORE: a value with its type before it, the format's version and a checksum behind it.
//
//   SIZE  FIELD
//      1  type
//      n  value
//      2  version, low byte first
//      8  CRC-64 of all before, low byte first

import { crc64Equals, crc64Start, crc64Update, crc64Write } from '../../bytes/crc64.ts'
import type { EntryRef } from '../entry.ts'
import { keyspaceRoot, ROOT } from '../keyspace.ts'
import type { Memory } from '../memory.ts'
import { RdbDamage } from './damage.ts'
import { decodeEntry } from './decode.ts'
import { ValueEncoder } from './encode.ts'
import { RDB_VERSION } from './format.ts'
import { RdbSink } from './sink.ts'
import { RdbSource } from './source.ts'

const VERSION_BYTES = 2
const CHECKSUM_BYTES = 8
/** What ends a payload. */
export const PAYLOAD_FOOT_BYTES = VERSION_BYTES + CHECKSUM_BYTES
/** A sink that a large value has blown up beyond this is not kept. */
const SINK_BYTES_MAX = 1024 * 1024

const encoder = new ValueEncoder()
let sink = new RdbSink()

/** The payload of an entry's value: bytes 0 to `length` of what is returned, until the next call. */
export function payloadOf(m: Memory, entry: EntryRef, compresses: boolean): RdbSink {
  if (sink.u8.length > SINK_BYTES_MAX) sink = new RdbSink()
  sink.length = 0
  sink.compresses = compresses
  encoder.start(m, entry, sink)
  sink.byte(encoder.type)
  while (!encoder.step(Number.MAX_SAFE_INTEGER));
  payloadSeal(sink)
  return sink
}

/** Puts version and checksum behind what a sink holds. */
export function payloadSeal(sink: RdbSink): void {
  sink.byte(RDB_VERSION & 0xff)
  sink.byte(RDB_VERSION >>> 8)
  const crc = crc64Start()
  crc64Update(crc, sink.u8, 0, sink.length)
  sink.reserve(CHECKSUM_BYTES)
  crc64Write(crc, sink.u8, sink.length)
  sink.length += CHECKSUM_BYTES
}

/** Whether bytes end as a payload must: in a version that can be read and the right checksum. */
export function payloadIsSound(m: Memory, bytes: Uint8Array, at: number, length: number): boolean {
  if (length < PAYLOAD_FOOT_BYTES) return false
  const foot = at + length - PAYLOAD_FOOT_BYTES
  if ((bytes[foot] | (bytes[foot + 1] << 8)) > RDB_VERSION) return false
  if (m.f64[keyspaceRoot(m) + ROOT.SKIP_CHECKSUM / 8] !== 0) return true
  const crc = crc64Start()
  crc64Update(crc, bytes, at, length - CHECKSUM_BYTES)
  return crc64Equals(crc, bytes, foot + VERSION_BYTES)
}

/**
 * An entry, in no table yet, of the value in a payload that payloadIsSound approved. Returns what is wrong with the value
 * where it has no sound one.
 */
export function payloadEntry(
  m: Memory,
  settings: Float64Array,
  bytes: Uint8Array,
  at: number,
  length: number,
  key: Uint8Array,
  keyAt: number,
  keyLength: number,
  expireAt: number,
): EntryRef | RdbDamage {
  const source = new RdbSource(bytes, at, at + length - PAYLOAD_FOOT_BYTES)
  try {
    return decodeEntry(m, settings, source, source.byte(), key, keyAt, keyLength, expireAt)
  } catch (error) {
    if (error instanceof RdbDamage) return error
    throw error
  }
}

/** DEBUG SET-SKIP-CHECKSUM-VALIDATION, for one shard. */
export function payloadSkipChecksum(m: Memory, skips: boolean): void {
  m.f64[keyspaceRoot(m) + ROOT.SKIP_CHECKSUM / 8] = skips ? 1 : 0
}
