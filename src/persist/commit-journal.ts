// The commit journal: what the disk is to have at once of the logs of all shards, in one file.
//
// With `appendfsync always` and several shards every sync would be one for each file, and each of those a commit of the
// file system's own. Instead what was written to all of them is written once more, to this file, which is of a fixed size and
// written over and over: one sync, which has no metadata to write. The logs themselves follow behind. Only a machine
// that goes down needs the journal: recovery (commit-recovery.ts) puts what the logs lack of it at their ends.
// (Databases keep such a write-ahead log for all of their files: Mohan et al., ARIES, 1992.)
//
//   The file is of pages of 4096 bytes. The first is a frame without parts, whose text is the id of the system's boot; the
//   others are two halves, of frames that begin at a page each, so that no sync touches what an earlier one has promised.
//
//   A frame:
//
//   OFFSET  SIZE  FIELD   MEANING
//        0     4  MAGIC
//        4     4  CRC     CRC-32 of all that follows in the frame
//        8     8  RUN     drawn by lot when the journal begins: frames of another run are of no meaning
//       16     8  NUMBER  f64, of the frame; the first page is 0
//       24     4  LENGTH  of the frame
//       28     4  PARTS
//       32        the parts
//
//   A part, some bytes of one file:
//
//        0     8  INODE   u64
//        8     8  BORN    u64, when the file was made, Unix ns: a copy is another file
//       16     8  OFFSET  f64, where in the file they begin
//       24     4  LENGTH
//       28        the bytes
//
// Numbers are little-endian. A half is written over only after the files have been synced as far as its frames say.

import { randomFillSync } from 'node:crypto'
import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { crc32 } from 'node:zlib'
import { fromByteString } from '../config/split-args.ts'

const FRAME = { MAGIC: 0, CRC: 4, RUN: 8, NUMBER: 16, LENGTH: 24, PARTS: 28, SIZE: 32 } as const
const PART = { INODE: 0, BORN: 8, OFFSET: 16, LENGTH: 24, SIZE: 28 } as const
const MAGIC = 0x4a43_4b53
const PAGE = 4096
const HALF_BYTES = 8 * 1024 * 1024
/** More at once is left to the files themselves. */
const FRAME_BYTES_MAX = 1024 * 1024
const BOOT_ID = '/proc/sys/kernel/random/boot_id'

/** Tells a file from all others that there are or were. */
export const fileIdentity = (inode: bigint, born: bigint): string => `${inode} of ${born}`

const paged = (bytes: number): number => (bytes + PAGE - 1) & -PAGE

/** Tells one boot of the system from another, '' where nothing does. */
export function bootId(): string {
  try {
    return readFileSync(BOOT_ID, 'latin1').trim()
  } catch {
    return ''
  }
}

/** Writes all of these bytes at this place of a file. */
export function writeAllAt(fd: number, u8: Buffer, position: number): void {
  for (let done = 0; done < u8.length; ) done += writeSync(fd, u8, done, u8.length - done, position + done)
}

/** Writes a journal. What fails throws; it is of no use then. */
export class CommitJournal {
  readonly path: string
  readonly #fd: number
  readonly #halfBytes: number
  readonly #u8 = Buffer.alloc(FRAME_BYTES_MAX)
  readonly #run = Buffer.alloc(8)
  #number = 0
  /** Of the frame being made. */
  #length: number = FRAME.SIZE
  #parts = 0
  /** Where the next frame goes, and where its half ends. */
  #position = PAGE
  #end: number

  /** Makes the file at `path`, a byte string; nothing counts before `begin`. */
  constructor(path: string, halfBytes = HALF_BYTES) {
    this.path = path
    this.#halfBytes = halfBytes
    this.#end = PAGE + halfBytes
    this.#fd = openSync(fromByteString(path), 'w', 0o644)
    try {
      this.#fill(PAGE + 2 * halfBytes)
    } catch (error) {
      this.remove()
      throw error
    }
  }

  /** Not left sparse: to find blocks for what is written later would be metadata. */
  #fill(bytes: number): void {
    const { birthtimeNs } = fstatSync(this.#fd, { bigint: true })
    const zeros = Buffer.alloc(FRAME_BYTES_MAX)
    for (let at = 0; at < bytes; at += zeros.length) writeAllAt(this.#fd, zeros.subarray(0, bytes - at), at)
    fsyncSync(this.#fd)
    // Some file systems do not know it.
    if (birthtimeNs <= 0n || fstatSync(this.#fd, { bigint: true }).birthtimeNs !== birthtimeNs) {
      throw new Error('files cannot be told from their copies here')
    }
  }

  /** Begins a run: earlier frames mean nothing from now on. */
  begin(boot: string): void {
    randomFillSync(this.#run)
    this.#number = 0
    this.clear()
    this.#length += this.#u8.write(boot, this.#length, 'latin1')
    this.#write(0)
    this.#position = PAGE
    this.#end = PAGE + this.#halfBytes
    this.clear()
  }

  /** Begins a frame. */
  clear(): void {
    this.#length = FRAME.SIZE
    this.#parts = 0
  }

  /** Adds `length` bytes at `offset` of a file. Returns false if there is no room, or the file does not have them. */
  add(fd: number, offset: number, length: number): boolean {
    const at = this.#length
    if (offset < 0 || at + PART.SIZE + length > Math.min(this.#u8.length, this.#halfBytes)) return false
    const u8 = this.#u8
    const { ino, birthtimeNs } = fstatSync(fd, { bigint: true })
    u8.writeBigUInt64LE(ino, at + PART.INODE)
    u8.writeBigUInt64LE(birthtimeNs, at + PART.BORN)
    u8.writeDoubleLE(offset, at + PART.OFFSET)
    u8.writeUInt32LE(length, at + PART.LENGTH)
    if (readSync(fd, u8, at + PART.SIZE, length, offset) !== length) return false
    this.#length += PART.SIZE + length
    this.#parts++
    return true
  }

  /** Whether the frame needs the other half: the files must be where they were when that was left. */
  get isHalfFull(): boolean {
    return this.#position + paged(this.#length) > this.#end
  }

  /** Goes over to the other half. */
  turn(): void {
    const isFirst = this.#end === PAGE + this.#halfBytes
    this.#position = isFirst ? this.#end : PAGE
    this.#end = this.#position + this.#halfBytes
  }

  /** Has the disk take the frame. */
  commit(): void {
    this.#number++
    this.#write(this.#position)
    this.#position += paged(this.#length)
  }

  #write(position: number): void {
    const u8 = this.#u8
    const length = this.#length
    u8.writeUInt32LE(MAGIC, FRAME.MAGIC)
    this.#run.copy(u8, FRAME.RUN)
    u8.writeDoubleLE(this.#number, FRAME.NUMBER)
    u8.writeUInt32LE(length, FRAME.LENGTH)
    u8.writeUInt32LE(this.#parts, FRAME.PARTS)
    u8.writeUInt32LE(crc32(u8.subarray(FRAME.RUN, length)), FRAME.CRC)
    writeAllAt(this.#fd, u8.subarray(0, length), position)
    fdatasyncSync(this.#fd)
  }

  /** The files have everything: deletes it. */
  remove(): void {
    closeSync(this.#fd)
    rmSync(fromByteString(this.path), { force: true })
  }
}

/** Bytes that a file is to have. */
export interface CommitPart {
  /** Which file: see fileIdentity. */
  readonly file: string
  readonly offset: number
  readonly bytes: Buffer
}

/** What a journal says. */
export interface Commits {
  readonly boot: string
  /** In the order in which they were written. */
  readonly parts: readonly CommitPart[]
}

/** Reads a journal; undefined if it is none. What a loss of power has left of a frame is passed over. */
export function readCommits(u8: Buffer): Commits | undefined {
  const head = readFrame(u8, 0)
  if (head === undefined || head.number !== 0) return undefined
  const frames: Frame[] = []
  for (let at = PAGE; at + FRAME.SIZE <= u8.length; ) {
    const frame = readFrame(u8, at)
    const isOurs = frame !== undefined && frame.run === head.run && frame.number > 0
    if (isOurs) frames.push(frame)
    at += isOurs ? paged(frame.end - at) : PAGE
  }
  frames.sort((a, b) => a.number - b.number)
  return {
    boot: u8.toString('latin1', FRAME.SIZE, head.end),
    parts: frames.flatMap(frame => readParts(u8, frame)),
  }
}

interface Frame {
  readonly at: number
  readonly end: number
  readonly run: bigint
  readonly number: number
  readonly parts: number
}

function readFrame(u8: Buffer, at: number): Frame | undefined {
  if (at + FRAME.SIZE > u8.length || u8.readUInt32LE(at + FRAME.MAGIC) !== MAGIC) return undefined
  const length = u8.readUInt32LE(at + FRAME.LENGTH)
  const end = at + length
  if (length < FRAME.SIZE || end > u8.length) return undefined
  if (crc32(u8.subarray(at + FRAME.RUN, end)) !== u8.readUInt32LE(at + FRAME.CRC)) return undefined
  return {
    at,
    end,
    run: u8.readBigUInt64LE(at + FRAME.RUN),
    number: u8.readDoubleLE(at + FRAME.NUMBER),
    parts: u8.readUInt32LE(at + FRAME.PARTS),
  }
}

function readParts(u8: Buffer, { at, end, parts }: Frame): CommitPart[] {
  const found: CommitPart[] = []
  let from = at + FRAME.SIZE
  for (let i = 0; i < parts && from + PART.SIZE <= end; i++) {
    const to = from + PART.SIZE + u8.readUInt32LE(from + PART.LENGTH)
    if (to > end) break
    found.push({
      file: fileIdentity(u8.readBigUInt64LE(from + PART.INODE), u8.readBigUInt64LE(from + PART.BORN)),
      offset: u8.readDoubleLE(from + PART.OFFSET),
      bytes: u8.subarray(from + PART.SIZE, to),
    })
    from = to
  }
  return found
}
