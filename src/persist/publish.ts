// Gives the files of a snapshot their names, so that a crash at any moment leaves the old snapshot or the new one whole: a
// task of the pool.

import { readdirSync, renameSync, unlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import {
  layoutFingerprint,
  manifestPath,
  readManifest,
  shardPath,
  slotLayout,
  syncFolder,
  writeManifest,
} from './manifest.ts'
import type { WrittenFile } from './write-files.ts'

/** What the task is given. */
export interface PublishTask {
  /** The snapshot's path, as `dir` and `dbfilename` say. */
  readonly snapshot: string
  /** By shard: complete, synced, under names of their own. */
  readonly files: readonly WrittenFile[]
  readonly now: number
}

/** Returns the names of the files. */
export function publishSnapshot({ snapshot, files, now }: PublishTask): string[] {
  const before = readManifestOrNone(snapshot)
  if (files.length === 1 && before === undefined) {
    renameSync(files[0].path, snapshot)
    syncFolder(snapshot)
    return [snapshot]
  }
  const epoch = Math.max(before?.epoch ?? 0, ...epochsThere(snapshot)) + 1
  const paths = files.map((_, shard) => shardPath(snapshot, epoch, shard))
  for (const [shard, file] of files.entries()) renameSync(file.path, paths[shard])
  writeManifest(snapshot, {
    format: 1,
    epoch,
    savedAt: now,
    shards: files.length,
    slots: slotLayout(files.length),
    fingerprint: layoutFingerprint(files.length),
    files: files.map(({ bytes, keys, checksum }, shard) => ({ name: basename(paths[shard]), bytes, keys, checksum })),
  })
  // From here on the new snapshot counts. A plain file of old would be taken for one put there by hand only if it were newer.
  if (files.length === 1) {
    renameSync(paths[0], snapshot)
    syncFolder(snapshot)
    unlinkSync(manifestPath(snapshot))
    paths[0] = snapshot
  } else {
    removeIfThere(snapshot)
  }
  removeOldSets(snapshot, epoch)
  return paths
}

/** A damaged manifest is no reason not to save. */
function readManifestOrNone(snapshot: string): { readonly epoch: number } | undefined {
  try {
    return readManifest(snapshot)
  } catch {
    return { epoch: 0 }
  }
}

/** The files of sets beside a snapshot, with their epochs. */
function setFiles(snapshot: string): [path: string, epoch: number][] {
  const folder = dirname(snapshot)
  const stem = `${basename(snapshot).replace(/\.rdb$/, '')}.`
  const found: [string, number][] = []
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(stem)) continue
    const match = /^(\d+)\.\d+\.rdb$/.exec(name.slice(stem.length))
    if (match !== null) found.push([join(folder, name), Number(match[1])])
  }
  return found
}

const epochsThere = (snapshot: string): number[] => setFiles(snapshot).map(([, epoch]) => epoch)

function removeOldSets(snapshot: string, epoch: number): void {
  for (const [path, each] of setFiles(snapshot)) if (each < epoch) removeIfThere(path)
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
