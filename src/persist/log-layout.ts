// Which files hold the append-only log, and how they are found and replaced.
//
// One shard has Redis's own layout: the folder `appenddirname` with a manifest, a base file and increments. Of several
// shards each has such a folder within it, `shard-N`, which Redis and redis-check-aof can read alone; what counts for skep
// is one file beside them, `appendfilename.shards`, with the manifests of all: it is replaced at once, so that all shards
// change over together. If a plain manifest is there as well, it is older than that file if it reads as the file says,
// else it is newer.

import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fromByteString } from '../config/split-args.ts'
import {
  type AofManifest,
  EMPTY_MANIFEST,
  folderSync,
  manifestParse,
  manifestText,
  textRead,
  textReplace,
} from './aof-manifest.ts'
import { layoutFingerprint } from './manifest.ts'

/** Where the log lies. */
export interface LogPlaces {
  /** `dir`, `appenddirname` and `appendfilename`, byte strings. */
  readonly dir: string
  readonly folder: string
  readonly stem: string
}

/** What lies on disk. */
export interface LogsFound {
  /** One for each shard that wrote. */
  readonly manifests: readonly AofManifest[]
  /** The folder of each. */
  readonly folders: readonly string[]
  readonly isSharded: boolean
  /** Text of the plain manifest, if there is one. */
  readonly plain: string | undefined
  /** What was done to make it so, for the log. */
  readonly notes: readonly string[]
}

interface ShardsFile {
  readonly format: 1
  readonly shards: number
  readonly fingerprint: string
  /** Text of the plain manifest that this file has replaced, null if there was none. */
  readonly supersedes: string | null
  readonly manifests: readonly string[]
}

export const rootOf = ({ dir, folder }: LogPlaces): string => join(dir, folder)
export const manifestPathOf = (folder: string, stem: string): string => join(folder, `${stem}.manifest`)
const shardsPathOf = (places: LogPlaces): string => join(rootOf(places), `${places.stem}.shards`)

/** The folder of a shard's files, when there are `shards`. */
export const folderOf = (places: LogPlaces, shard: number, shards: number): string =>
  shards === 1 ? rootOf(places) : join(rootOf(places), `shard-${shard}`)

const exists = (path: string): boolean => existsSync(fromByteString(path))

/** Makes a folder if it is not there. */
export function folderMake(path: string): void {
  mkdirSync(fromByteString(path), { recursive: true, mode: 0o755 })
}

/**
 * Finds the logs. Throws what cannot be read. If `upgrades`, an old log, a single file beside the folder, is moved into it.
 */
export function findLogs(places: LogPlaces, upgrades = false): LogsFound {
  const root = rootOf(places)
  const plain = exists(root) ? textRead(manifestPathOf(root, places.stem)) : undefined
  const shardsFile = exists(root) ? readShardsFile(places) : undefined
  if (shardsFile !== undefined && (plain === undefined || plain === shardsFile.supersedes)) {
    return {
      manifests: shardsFile.manifests.map(text => (text === '' ? EMPTY_MANIFEST : manifestParse(text))),
      folders: shardsFile.manifests.map((_, shard) => folderOf(places, shard, shardsFile.shards)),
      isSharded: shardsFile.shards > 1,
      plain,
      notes: [],
    }
  }
  const manifest = plain === undefined ? EMPTY_MANIFEST : manifestParse(plain)
  const { upgraded, notes } = upgrades ? upgrade(places, manifest) : { upgraded: manifest, notes: [] }
  return { manifests: [upgraded], folders: [root], isSharded: false, plain, notes }
}

function readShardsFile(places: LogPlaces): ShardsFile | undefined {
  const path = shardsPathOf(places)
  const text = textRead(path)
  if (text === undefined) return undefined
  let file: Partial<ShardsFile>
  try {
    file = JSON.parse(text)
  } catch (error) {
    throw new Error(`${path} is damaged: ${(error as Error).message}`)
  }
  const isSound =
    file.format === 1 &&
    typeof file.shards === 'number' &&
    Array.isArray(file.manifests) &&
    file.manifests.length === file.shards &&
    file.manifests.every(each => typeof each === 'string') &&
    file.fingerprint === layoutFingerprint(file.shards)
  if (!isSound) throw new Error(`${path} is damaged: it is no list of this server's logs`)
  return file as ShardsFile
}

/** Redis before version 7 had one file, in `dir`: it becomes the base. */
function upgrade(places: LogPlaces, manifest: AofManifest): { upgraded: AofManifest; notes: string[] } {
  const { dir, folder, stem } = places
  const root = rootOf(places)
  const old = join(dir, stem)
  const isOld = exists(old) && statSync(fromByteString(old)).isFile()
  const hasNone = manifest.base === undefined && manifest.increments.length === 0
  const wasInterrupted = manifest.base?.name === stem && manifest.increments.length === 0 && !exists(join(root, stem))
  if (!isOld || !(hasNone || wasInterrupted)) return { upgraded: manifest, notes: [] }
  folderMake(root)
  const upgraded = { ...manifest, base: { name: stem, seq: 1 }, baseSeq: 1 }
  textReplace(manifestPathOf(root, stem), manifestText(upgraded))
  renameSync(fromByteString(old), fromByteString(join(root, stem)))
  folderSync(root)
  folderSync(dir === '' ? '.' : dir)
  return {
    upgraded,
    notes: [`Successfully migrated an old-style AOF file (${stem}) into the AOF directory (${folder}).`],
  }
}

/** Writes the manifests of all shards: from here on they count. */
export function replaceManifests(places: LogPlaces, manifests: readonly AofManifest[]): void {
  const root = rootOf(places)
  const plainPath = manifestPathOf(root, places.stem)
  if (manifests.length === 1) {
    textReplace(plainPath, manifestText(manifests[0]))
    rmSync(fromByteString(shardsPathOf(places)), { force: true })
    return
  }
  const file: ShardsFile = {
    format: 1,
    shards: manifests.length,
    fingerprint: layoutFingerprint(manifests.length),
    supersedes: textRead(plainPath) ?? null,
    manifests: manifests.map(manifestText),
  }
  textReplace(shardsPathOf(places), `${JSON.stringify(file, null, 2)}\n`)
  // For Redis's tools, which look at one shard.
  for (const [shard, manifest] of manifests.entries()) {
    textReplace(manifestPathOf(folderOf(places, shard, manifests.length), places.stem), manifestText(manifest))
  }
}
