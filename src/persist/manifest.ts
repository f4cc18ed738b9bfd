// The manifest of a snapshot of several shards: which files belong to it, and how keys are spread over them. It is written
// last and replaced at once, so whatever it names is whole; files that it does not name are leftovers.
//
// Beside `dump.rdb` it is `dump.rdb.manifest`, and the shards' files are `dump.EPOCH.SHARD.rdb`. A single shard's snapshot
// is `dump.rdb` itself, as Redis has it, without a manifest.

import { closeSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import sum from 'hash-sum'
import { SLOTS } from '../bytes/crc16.ts'

/** One shard's file. */
export interface ManifestFile {
  readonly name: string
  readonly bytes: number
  readonly keys: number
  /** CRC-64 of the file, in hex, '' if it has none. */
  readonly checksum: string
}

/** What a manifest says of a snapshot. */
export interface Manifest {
  readonly format: 1
  /** Grows with every snapshot. */
  readonly epoch: number
  /** Unix ms. */
  readonly savedAt: number
  readonly shards: number
  /** By shard: its first slot and its last. */
  readonly slots: readonly (readonly [first: number, last: number])[]
  /** Of shards and slots: the same one means that each file is one shard's here as well. */
  readonly fingerprint: string
  /** By shard. */
  readonly files: readonly ManifestFile[]
}

/** Which slots each of so many shards has. */
export const slotLayout = (shards: number): [number, number][] =>
  Array.from({ length: shards }, (_, i) => [Math.ceil((i * SLOTS) / shards), Math.ceil(((i + 1) * SLOTS) / shards) - 1])

export const layoutFingerprint = (shards: number): string => sum({ shards, slots: slotLayout(shards) })

export const manifestPath = (snapshot: string): string => `${snapshot}.manifest`

/** The path of a shard's file beside the snapshot's path. */
export const shardPath = (snapshot: string, epoch: number, shard: number): string =>
  `${snapshot.replace(/\.rdb$/, '')}.${epoch}.${shard}.rdb`

/** Reads a manifest; undefined if there is none. Throws if it is damaged. */
export function readManifest(snapshot: string): Manifest | undefined {
  const path = manifestPath(snapshot)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  return checked(parse(text, path), path)
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`${path} is damaged: ${(error as Error).message}`)
  }
}

function checked(value: unknown, path: string): Manifest {
  const manifest = value as Partial<Manifest> | null
  const isSound =
    typeof manifest === 'object' &&
    manifest !== null &&
    manifest.format === 1 &&
    typeof manifest.epoch === 'number' &&
    typeof manifest.fingerprint === 'string' &&
    Array.isArray(manifest.files) &&
    manifest.files.length === manifest.shards &&
    manifest.files.every(file => typeof file?.name === 'string' && !file.name.includes('/'))
  if (!isSound) throw new Error(`${path} is damaged: it is no manifest of this server's`)
  return manifest as Manifest
}

/** Replaces the manifest. When this returns it is on disk, and so are the names of the files that were renamed before. */
export function writeManifest(snapshot: string, manifest: Manifest): void {
  const path = manifestPath(snapshot)
  const temporary = `${path}.tmp`
  const fd = openSync(temporary, 'w', 0o644)
  try {
    writeFileSync(fd, `${JSON.stringify(manifest, null, 2)}\n`)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(temporary, path)
  syncFolder(path)
}

/** Sees to it that the names in a file's folder are on disk. */
export function syncFolder(path: string): void {
  const fd = openSync(dirname(path), 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Where a snapshot's data is: one file for all shards, or one for each. */
export interface SnapshotFiles {
  readonly paths: readonly string[]
  /** What names them, if several. */
  readonly manifest: Manifest | undefined
}

const modifiedAt = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.mtimeMs

/**
 * Finds the files of the snapshot that is called `snapshot`; none if there is no such snapshot. A plain file that is newer than the
 * manifest counts: somebody has put it there.
 */
export function findSnapshot(snapshot: string): SnapshotFiles {
  const manifest = readManifest(snapshot)
  const single = modifiedAt(snapshot)
  if (manifest === undefined) return { paths: single === undefined ? [] : [snapshot], manifest: undefined }
  const setAt = modifiedAt(manifestPath(snapshot)) ?? 0
  if (single !== undefined && single > setAt) return { paths: [snapshot], manifest: undefined }
  const paths = manifest.files.map(file => join(dirname(snapshot), file.name))
  // A set of one shard is on its way to become the plain file.
  if (paths.length === 1 && modifiedAt(paths[0]) === undefined) return { paths: [snapshot], manifest: undefined }
  return { paths, manifest }
}
