// Writes a snapshot into one RDB file a shard: a task of the pool, which reads what the shards deliver until all have ended.
// The files are synced when it returns; giving them their names is the caller's. Strings that could not be compressed while
// clients waited are compressed here.

import { closeSync, fdatasyncSync, fsyncSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { type Crc64, crc64Start, crc64Update } from '../bytes/crc64.ts'
import type { SnapshotMemory } from '../shared/snapshot-block.ts'
import { GivenUp } from './errors.ts'
import { LongString, type StringFile } from './long-string.ts'
import { type AuxFields, rdbEnd, rdbFooter, rdbHeader } from './rdb-frame.ts'
import { Recoder } from './recode.ts'
import { SnapshotReader } from './snapshot-reader.ts'

/** Bytes written before they are synced, so that the end does not have to wait for all of them. */
const SYNC_BYTES = 32 * 1024 * 1024
const READ_BYTES = 1024 * 1024

/** What the task is given. */
export interface WriteFilesTask {
  readonly memory: SnapshotMemory
  /** By shard. */
  readonly paths: readonly string[]
  readonly aux: AuxFields
  /** The texts of the libraries of functions, which go into the first file. */
  readonly libraries: readonly string[]
  readonly hasChecksum: boolean
  readonly compresses: boolean
  readonly syncsOnTheWay: boolean
}

/** A file that is complete and synced. */
export interface WrittenFile {
  readonly path: string
  readonly bytes: number
  readonly keys: number
  /** The checksum in hex, '' if there is none. */
  readonly checksum: string
}

/** What came of it. */
export interface WriteFilesResult {
  /** Why it failed, '' if it did not; the files are gone then. */
  readonly error: string
  /** It was ended on purpose. */
  readonly isGivenUp?: boolean
  readonly files: readonly WrittenFile[]
  readonly keys: number
  readonly oldBytes: number
}

class SnapshotFile implements StringFile {
  readonly path: string
  readonly #fd: number
  readonly #crc: Crc64 | undefined
  readonly #syncs: boolean
  bytes = 0
  #synced = 0
  /** Where the bytes begin that the checksum does not cover yet, -1 if it covers all. */
  #heldAt = -1

  constructor(path: string, hasChecksum: boolean, syncs: boolean) {
    this.path = path
    this.#fd = openSync(path, 'w+', 0o644)
    this.#crc = hasChecksum ? crc64Start() : undefined
    this.#syncs = syncs
  }

  write(u8: Uint8Array, at: number, length: number): void {
    if (this.#crc !== undefined && this.#heldAt < 0) crc64Update(this.#crc, u8, at, length)
    for (let done = 0; done < length; ) done += writeSync(this.#fd, u8, at + done, length - done)
    this.bytes += length
    if (this.#syncs && this.bytes - this.#synced >= SYNC_BYTES) {
      fdatasyncSync(this.#fd)
      this.#synced = this.bytes
    }
  }

  hold(bytes: number): void {
    this.#heldAt = this.bytes
    this.write(new Uint8Array(bytes), 0, bytes)
  }

  fill(bytes: Uint8Array): void {
    writeSync(this.#fd, bytes, 0, bytes.length, this.#heldAt)
    if (this.#crc !== undefined) this.#sumHeld(this.#crc)
    this.#heldAt = -1
  }

  /** Takes into the checksum what could not be summed before its beginning was known: it is read again. */
  #sumHeld(crc: Crc64): void {
    const u8 = new Uint8Array(READ_BYTES)
    for (let at = this.#heldAt; at < this.bytes; ) {
      const bytes = readSync(this.#fd, u8, 0, Math.min(READ_BYTES, this.bytes - at), at)
      if (bytes === 0) throw new Error('what was just written is missing')
      crc64Update(crc, u8, 0, bytes)
      at += bytes
    }
  }

  /** Writes the file's end and syncs it. Returns its checksum. */
  finish(): string {
    const end = rdbEnd()
    this.write(end, 0, end.length)
    const footer = rdbFooter(this.#crc)
    for (let done = 0; done < footer.length; ) done += writeSync(this.#fd, footer, done)
    this.bytes += footer.length
    fsyncSync(this.#fd)
    closeSync(this.#fd)
    return this.#crc === undefined ? '' : Buffer.from(footer).reverse().toString('hex')
  }

  drop(): void {
    try {
      closeSync(this.#fd)
    } catch {
      // It was finished.
    }
    unlinkSync(this.path)
  }
}

/** Writes the snapshot being taken, a file a shard. */
export function writeFiles(task: WriteFilesTask): WriteFilesResult {
  const files: SnapshotFile[] = []
  const failed = (error: string): WriteFilesResult => {
    for (const file of files) file.drop()
    return { error, files: [], keys: 0, oldBytes: 0 }
  }
  try {
    for (const [shard, path] of task.paths.entries()) {
      const header = rdbHeader(task.aux, shard === 0 ? task.libraries : [])
      const file = new SnapshotFile(path, task.hasChecksum, task.syncsOnTheWay)
      files.push(file)
      file.write(header, 0, header.length)
    }
    const reader = new SnapshotReader(task.memory)
    readAll(reader, files, task.compresses)
    const written = files.map((file, shard): WrittenFile => {
      const checksum = file.finish()
      return { path: file.path, bytes: file.bytes, keys: reader.keysOf(shard), checksum }
    })
    return { error: '', files: written, keys: reader.keys, oldBytes: reader.oldBytes }
  } catch (error) {
    const result = failed((error as Error).message)
    return error instanceof GivenUp ? { ...result, isGivenUp: true } : result
  }
}

/** Writes all that the shards deliver. */
function readAll(reader: SnapshotReader, files: readonly SnapshotFile[], compresses: boolean): void {
  const long = new LongString(compresses)
  const recoder = new Recoder(long, () => reader.isPart && findNext(reader))
  while (!reader.isDone) {
    if (!findNext(reader)) continue
    const file = files[reader.shard]
    if (reader.string > 0) long.start(file, reader.string)
    else if (reader.isOld && compresses) recoder.run(reader, file)
    else {
      const rest = Math.min(long.left, reader.length)
      if (rest > 0) long.take(reader.u8, reader.at, rest)
      file.write(reader.u8, reader.at + rest, reader.length - rest)
    }
  }
}

/** Waits for the next bytes. Returns false if there are no more: of the shard in the middle of whose bytes it is, or at all. */
function findNext(reader: SnapshotReader): boolean {
  const { isPart } = reader
  while (!reader.next()) {
    if (reader.isBroken) throw new Error('values that changed meanwhile could not be kept')
    if (reader.isGivenUp) throw new GivenUp('it was given up')
    if (reader.isDone || (isPart && !reader.isPart)) return false
    reader.wait()
  }
  return true
}
