// Writes the base files of a rewritten log: a task of the pool, which reads what the shards deliver until all have ended.
// They are complete and synced when it returns; giving them their names is the caller's.

import { closeSync, fdatasyncSync, openSync, rmSync } from 'node:fs'
import type { SnapshotMemory } from '../shared/snapshot-block.ts'
import { reasonOf } from './errors.ts'
import { standardAux } from './rdb-frame.ts'
import { writeCommands } from './write-commands.ts'
import { writeFiles } from './write-files.ts'

export interface WriteBasesTask {
  readonly memory: SnapshotMemory
  readonly settings: SharedArrayBuffer
  /** By shard. */
  readonly paths: readonly string[]
  /** As RDB files, or as commands. */
  readonly isRdb: boolean
  readonly usedBytes: number
  readonly hasChecksum: boolean
  readonly syncsOnTheWay: boolean
  /** Begin with a line that tells the time. */
  readonly notesTime: boolean
}

export interface WriteBasesResult {
  /** Why it failed, '' if it did not. */
  readonly error: string
}

export function writeBases(task: WriteBasesTask): WriteBasesResult {
  const { memory, paths, isRdb, hasChecksum, syncsOnTheWay } = task
  const now = Date.now()
  const aux = [...standardAux(now, task.usedBytes), ['aof-base', '1'] as const]
  const { error } = writeFiles({
    memory,
    paths: isRdb ? paths : paths.map(rdbBeside),
    aux,
    hasChecksum,
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

const rdbBeside = (path: string): string => `${path}.rdb`

/** Deletes files that nothing needs any more: a task of the pool. */
export function removeFiles(paths: readonly string[]): void {
  for (const path of paths) rmSync(path, { force: true })
}
