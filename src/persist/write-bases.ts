// Writes the base files of a rewritten log: a task of the pool, which reads what the shards deliver until all have ended.
// They are complete and synced when it returns; giving them their names is the caller's.

import { closeSync, fdatasyncSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { crc64Start, crc64Update } from '../bytes/crc64.ts'
import { SETTING, viewSettings } from '../config/settings.ts'
import { fromByteString } from '../config/split-args.ts'
import type { SnapshotMemory } from '../shared/snapshot-block.ts'
import { reasonOf } from './errors.ts'
import { type AuxFields, rdbEnd, rdbFooter, rdbHeader, standardAux } from './rdb-frame.ts'
import { writeCommands } from './write-commands.ts'
import { writeFiles } from './write-files.ts'

/** What the task is given. */
export interface WriteBasesTask {
  readonly memory: SnapshotMemory
  readonly settings: SharedArrayBuffer
  /** By shard. */
  readonly paths: readonly string[]
  /** As RDB files, or as commands. */
  readonly isRdb: boolean
  readonly usedBytes: number
  readonly libraries: readonly string[]
  readonly hasChecksum: boolean
  readonly syncsOnTheWay: boolean
  /** Begin with a line that tells the time. */
  readonly notesTime: boolean
}

/** What came of it. */
export interface WriteBasesResult {
  /** Why it failed, '' if it did not. */
  readonly error: string
}

/** Writes the snapshot being taken as bases of the log, a file a shard. A failure leaves none. */
export function writeBases(task: WriteBasesTask): WriteBasesResult {
  const { memory, paths, isRdb, libraries, hasChecksum, syncsOnTheWay } = task
  const now = Date.now()
  const aux = baseAux(now, task.usedBytes)
  const { error } = writeFiles({
    memory,
    paths: isRdb ? paths : paths.map(rdbBeside),
    aux,
    libraries,
    hasChecksum,
    compresses: viewSettings(task.settings)[SETTING.rdbcompression] !== 0,
    syncsOnTheWay,
  })
  if (error !== '' || isRdb) return { error }
  try {
    for (const path of paths) {
      const fd = openSync(path, 'w', 0o644)
      try {
        writeCommands(rdbBeside(path), fd, task.settings, task.notesTime ? now : 0)
        fdatasyncSync(fd)
      } finally {
        closeSync(fd)
      }
    }
    return { error: '' }
  } catch (failure) {
    for (const path of paths) rmSync(path, { force: true })
    return { error: reasonOf(failure) }
  } finally {
    for (const path of paths) rmSync(rdbBeside(path), { force: true })
  }
}

/** Writes the base of a log that begins with no data. */
export function writeEmptyBase(path: string, isRdb: boolean, usedBytes: number): void {
  const fd = openSync(fromByteString(path), 'w', 0o644)
  try {
    if (isRdb) {
      const crc = crc64Start()
      for (const part of [rdbHeader(baseAux(Date.now(), usedBytes), []), rdbEnd()]) {
        crc64Update(crc, part, 0, part.length)
        writeSync(fd, part)
      }
      writeSync(fd, rdbFooter(crc))
    }
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** The facts in a base's head. */
const baseAux = (now: number, usedBytes: number): AuxFields => [...standardAux(now, usedBytes), ['aof-base', '1']]

const rdbBeside = (path: string): string => `${path}.rdb`

/** Deletes files that nothing needs any more: a task of the pool. */
export function removeFiles(paths: readonly string[]): void {
  for (const path of paths) rmSync(path, { force: true })
}
