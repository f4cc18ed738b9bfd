// The files of the append-only log, by the manifests of all shards: makes, names, opens and deletes them. When the bytes
// go to which file is log-switch.ts's business. Main thread.

import { constants, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fromByteString } from '../config/split-args.ts'
import {
  type AofManifest,
  EMPTY_MANIFEST,
  folderSync,
  manifestFiles,
  nextBaseName,
  withBase,
  withIncrement,
  withoutHistory,
} from './aof-manifest.ts'
import { reasonOf } from './errors.ts'
import {
  findLogs,
  folderMake,
  folderOf,
  type LogPlaces,
  type LogsFound,
  manifestPathOf,
  replaceManifests,
  rootOf,
} from './log-layout.ts'
import type { Pool } from './pool.ts'
import type { Log } from './saves.ts'
import { writeEmptyBase } from './write-bases.ts'

const EMPTIED = constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC | constants.O_APPEND

/** A path as the file system's functions and other threads take it. */
export const pathText = (path: string): string => fromByteString(path).toString()

export class LogFiles {
  readonly #places: () => LogPlaces
  readonly #shards: number
  readonly #log: Log
  readonly #pool: Pool
  #manifests: readonly AofManifest[]
  /** Files of another count of shards, of no use once this one's are whole. Byte strings. */
  #obsolete: readonly string[] = []

  constructor(places: () => LogPlaces, shards: number, log: Log, pool: Pool) {
    this.#places = places
    this.#shards = shards
    this.#log = log
    this.#pool = pool
    this.#manifests = Array.from({ length: shards }, () => EMPTY_MANIFEST)
  }

  get places(): LogPlaces {
    return this.#places()
  }

  /** Goes on with what was found. Returns whether it is of as many shards; else it is only read, and then obsolete. */
  adopt({ manifests, folders, plain }: LogsFound): boolean {
    const isEmpty = manifests.every(manifest => manifestFiles(manifest).length === 0)
    const isOwn = isEmpty || manifests.length === this.#shards
    this.#obsolete = []
    this.#manifests = isOwn && !isEmpty ? manifests : this.#manifests.map(() => EMPTY_MANIFEST)
    if (isOwn) return true
    // Numbers go on, so that no new file takes the name of one that still counts.
    const baseSeq = Math.max(...manifests.map(manifest => manifest.baseSeq))
    const incrementSeq = Math.max(...manifests.map(manifest => manifest.incrementSeq))
    this.#manifests = this.#manifests.map(() => ({ ...EMPTY_MANIFEST, baseSeq, incrementSeq }))
    const { stem } = this.places
    this.#obsolete = manifests.flatMap((manifest, i) => [
      ...manifestFiles(manifest).map(({ name }) => join(folders[i], name)),
      ...(manifests.length > 1 || plain !== undefined ? [manifestPathOf(folders[i], stem)] : []),
    ])
    return false
  }

  /** Looks once more at what is there, for a log that was off. */
  readAgain(): void {
    this.adopt(findLogs(this.places, false))
  }

  // ---- making and opening

  makeFolders(): void {
    folderMake(rootOf(this.places))
    for (let shard = 0; shard < this.#shards; shard++) folderMake(this.#folder(shard))
  }

  #folder(shard: number): string {
    return folderOf(this.places, shard, this.#shards)
  }

  /** A log that is new begins with an empty base. */
  makeBases(isRdb: boolean, usedBytes: number): void {
    if (this.#manifests.some(manifest => manifestFiles(manifest).length > 0)) return
    const name = nextBaseName(EMPTY_MANIFEST, this.places.stem, isRdb)
    this.#log.info(`Creating AOF base file ${name} on server start`)
    this.#manifests = this.#manifests.map((manifest, shard) => {
      writeEmptyBase(join(this.#folder(shard), name), isRdb, usedBytes)
      folderSync(this.#folder(shard))
      return withBase(manifest, name, 0)
    })
  }

  /** Opens the last increment of every shard, a new one where there is none. */
  openLast(): number[] {
    const isNew = this.#manifests.some(({ increments }) => increments.length === 0)
    if (isNew) {
      this.#manifests = this.#manifests.map(manifest =>
        manifest.increments.length > 0 ? manifest : withIncrement(manifest, this.places.stem),
      )
    }
    this.#log.info(`${isNew ? 'Creating' : 'Opening'} AOF incr file ${this.#lastName()} on server start`)
    const fds = this.#manifests.map((manifest, shard) => openLast(manifest, this.#folder(shard)))
    if (isNew) replaceManifests(this.places, this.#manifests)
    return fds
  }

  #lastName(): string {
    return this.#manifests[0].increments.at(-1)?.name ?? ''
  }

  /** Makes the increments that come next. They count from now on, so that what is written to them does. */
  openNext(): number[] {
    const manifests = this.#manifests.map(manifest => withIncrement(manifest, this.places.stem))
    this.#log.info(`Creating AOF incr file ${manifests[0].increments.at(-1)?.name} on background rewrite`)
    const fds = manifests.map((manifest, shard) => openLast(manifest, this.#folder(shard)))
    replaceManifests(this.places, manifests)
    this.#manifests = manifests
    return fds
  }

  /** Makes increments that count once there is a base: for a log that is being turned on. */
  openTemporary(): number[] {
    return this.#each(shard => openSync(fromByteString(this.#temporaryIncrement(shard)), EMPTIED, 0o644))
  }

  #each<T>(of: (shard: number) => T): T[] {
    return Array.from({ length: this.#shards }, (_, shard) => of(shard))
  }

  // ---- rewriting

  /** Where the new bases grow. */
  get temporaryBases(): string[] {
    return this.#each(shard => pathText(this.#temporaryBase(shard)))
  }

  #temporaryBase(shard: number): string {
    return join(this.#folder(shard), `temp-rewriteaof-bg-${process.pid}.aof`)
  }

  #temporaryIncrement(shard: number): string {
    return join(this.#folder(shard), `temp-${this.places.stem}.incr`)
  }

  /**
   * The new bases are whole: everything gets its name, and counts. `increments` says where changes have gone since: to the
   * last increments, to temporary ones, or nowhere.
   */
  changeOver(isRdb: boolean, increments: 'last' | 'temporary' | 'none'): void {
    const { stem } = this.places
    const note = (kind: string, from: string, to: string): void => {
      this.#log.info(`Successfully renamed the temporary AOF ${kind} file ${from} into ${to}`)
    }
    const manifests = this.#manifests.map((before, shard) => {
      const folder = this.#folder(shard)
      const manifest = increments === 'temporary' ? withIncrement(before, stem) : before
      const name = nextBaseName(manifest, stem, isRdb)
      renameSync(fromByteString(this.#temporaryBase(shard)), fromByteString(join(folder, name)))
      if (shard === 0) note('base', `temp-rewriteaof-bg-${process.pid}.aof`, name)
      if (increments === 'temporary') {
        const last = manifest.increments.at(-1)?.name ?? ''
        renameSync(fromByteString(this.#temporaryIncrement(shard)), fromByteString(join(folder, last)))
        if (shard === 0) note('incr', `temp-${stem}.incr`, last)
      }
      folderSync(folder)
      return withBase(manifest, name, increments === 'none' ? 0 : 1)
    })
    replaceManifests(this.places, manifests)
    this.#manifests = manifests
    const isLive = new Set(manifests.map((_, shard) => manifestPathOf(this.#folder(shard), stem)))
    if (this.#obsolete.length > 0) this.#remove(this.#obsolete.filter(path => !isLive.has(path)))
    this.#obsolete = []
  }

  /** A rewrite has failed: what it had begun is not wanted. */
  removeTemporary(withIncrements: boolean): void {
    for (let shard = 0; shard < this.#shards; shard++)
      rmSync(fromByteString(this.#temporaryBase(shard)), { force: true })
    if (!withIncrements) return
    this.#log.info(`Removing the temp incr aof file temp-${this.places.stem}.incr in the background`)
    this.#remove(this.#each(shard => this.#temporaryIncrement(shard)))
  }

  /** Deletes what rewrites have replaced. */
  removeHistory(): void {
    if (this.#manifests.every(({ history }) => history.length === 0)) return
    const paths: string[] = []
    for (const [shard, { history }] of this.#manifests.entries()) {
      for (const { name } of history) {
        paths.push(join(this.#folder(shard), name))
        if (shard === 0) this.#log.info(`Removing the history file ${name} in the background`)
      }
    }
    this.#manifests = this.#manifests.map(withoutHistory)
    replaceManifests(this.places, this.#manifests)
    this.#remove(paths)
  }

  #remove(paths: readonly string[]): void {
    this.#pool.run<void>(paths.map(pathText), { name: 'removeFiles' }).catch(error => {
      this.#log.warn(`Files cannot be deleted: ${reasonOf(error)}`)
    })
  }

  /** By shard: bytes of the base and of all increments but the last. */
  sizesBeforeLast(): number[] {
    return this.#manifests.map(({ base, increments }, shard) => {
      const older = [...(base === undefined ? [] : [base]), ...increments.slice(0, -1)]
      const sizes = older.map(({ name }) => statSync(pathText(join(this.#folder(shard), name)), NO_THROW)?.size ?? 0)
      return sizes.reduce((sum, size) => sum + size, 0)
    })
  }
}

const NO_THROW = { throwIfNoEntry: false } as const

/** Opens a manifest's last increment: what is written to it may be read again for the commit journal. */
function openLast(manifest: AofManifest, folder: string): number {
  const name = manifest.increments.at(-1)?.name ?? ''
  return openSync(fromByteString(join(folder, name)), 'a+', 0o644)
}
