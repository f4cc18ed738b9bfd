// Whether the files of a data folder are sound, and if not, what is damaged where, and what to do about it. Reads only.

import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { defaultSettings } from '../config/settings.ts'
import { arenaCreate } from '../store/arena.ts'
import { Engine } from '../store/engine.ts'
import { keyspaceCreate } from '../store/keyspace.ts'
import { RdbDamage } from '../store/rdb/damage.ts'
import { ByteFeed } from './byte-feed.ts'
import { commitsPath, findLacks } from './commit-recovery.ts'
import { findLogs, type LogPlaces, type LogsFound, rootOf } from './log-layout.ts'
import { LogReader, READ } from './log-reader.ts'
import { findSnapshot, manifestPath } from './manifest.ts'
import { RdbLoader } from './rdb-load.ts'

/** Values are made one at a time in an arena of this size: the largest that can be. */
const SCRATCH_BYTES = 2 ** 32
const DATABASES = 2 ** 20
const CHECKSUM_BYTES = 8
const MAGIC = 'REDIS'

/** What was found of one file. */
export interface FileReport {
  readonly path: string
  readonly bytes: number
  /** What it holds, in words. */
  readonly contents: string
  /** What is wrong, '' if nothing is. */
  readonly problem: string
  /** What to do about it. */
  readonly advice: string
  /** It can be used all the same: the server mends it. */
  readonly isHarmless: boolean
}

const RDB_ADVICE =
  'Put an older snapshot in its place, or copy the data from a replica. What stands before the damage can be had by ' +
  'loading the file until there: redis-check-rdb names the keys.'
const CUT_ADVICE =
  'The last command was not written whole. The server cuts it off when it starts (aof-load-truncated yes).'
const BAD_ADVICE = 'Make a copy, then cut it with redis-check-aof --fix; what stands behind the damage is lost.'
const COMMITS_ADVICE =
  'The machine went down while they were written. The server puts them where they belong when it starts.'
const LEFT_ADVICE =
  'The server starts without what the journal has beyond that, and keeps the journal under another name, .commits.left.'
const MISSING_ADVICE = 'Put the file back, or the whole folder as it was saved.'

function report(path: string, bytes: number, contents: string): FileReport {
  return { path, bytes, contents, problem: '', advice: '', isHarmless: true }
}

function damaged(path: string, bytes: number, contents: string, problem: string, advice: string): FileReport {
  return { path, bytes, contents, problem, advice, isHarmless: false }
}

interface RdbContents {
  readonly text: string
  readonly end: number
  readonly problem: string
  /** The checksum that ends it, in hex. */
  readonly checksum: string
}

/** Reads an RDB file to its end. */
function readRdb(path: string): RdbContents {
  const fd = openSync(path, 'r')
  const size = fstatSync(fd).size
  const m = arenaCreate(SCRATCH_BYTES, 1, 1)
  keyspaceCreate(m, 1)
  const engine = new Engine(defaultSettings(), [m])
  let position = 0
  const feed = new ByteFeed((u8, at, length) => {
    const read = readSync(fd, u8, at, Math.min(length, size - position), position)
    position += read
    return read
  }, true)
  const aux = new Map<string, string>()
  const options = {
    now: Date.now(),
    dropsExpired: false,
    duplicates: 'refuse',
    checks: true,
    delay: 0,
    dbBase: 0,
    databases: DATABASES,
    shard: 0,
    keepsNothing: true,
  } as const
  const listener = { aux: (name: string, value: string) => aux.set(name, value), note: () => undefined }
  const loader = new RdbLoader(feed, engine, undefined, options, listener)
  try {
    const { loaded } = loader.load()
    const end = feed.offset
    const foot = Buffer.alloc(CHECKSUM_BYTES)
    readSync(fd, foot, 0, CHECKSUM_BYTES, end - CHECKSUM_BYTES)
    const version = aux.get('redis-ver')
    const text = `${loaded} keys${version === undefined ? '' : `, written by version ${version}`}`
    return { text, end, problem: '', checksum: foot.reverse().toString('hex') }
  } catch (error) {
    if (!(error instanceof RdbDamage)) throw error
    return { text: 'RDB', end: feed.offset, problem: `${error.message} (at byte ${feed.offset})`, checksum: '' }
  } finally {
    closeSync(fd)
  }
}

/** Looks at one RDB file; `checksum` is what it must end with, if that is known. */
export function checkRdb(path: string, checksum = ''): FileReport {
  const { size } = statSync(path)
  const rdb = readRdb(path)
  if (rdb.problem !== '') return damaged(path, size, rdb.text, rdb.problem, RDB_ADVICE)
  if (rdb.end !== size) {
    return damaged(path, size, rdb.text, `${size - rdb.end} bytes too many (from byte ${rdb.end} on)`, RDB_ADVICE)
  }
  if (checksum !== '' && rdb.checksum !== checksum) {
    return damaged(path, size, rdb.text, 'it is not the file that the manifest names: another checksum', MISSING_ADVICE)
  }
  return report(path, size, rdb.text)
}

/** Looks at one file of a log: commands, perhaps behind a snapshot, or a snapshot alone. */
export function checkLog(path: string): FileReport {
  const { size } = statSync(path)
  let offset = 0
  let contents = ''
  if (beginsWithMagic(path)) {
    const rdb = readRdb(path)
    if (rdb.problem !== '') return damaged(path, size, rdb.text, rdb.problem, RDB_ADVICE)
    if (rdb.end === size) return report(path, size, rdb.text)
    offset = rdb.end
    contents = `${rdb.text}, then `
  }
  const reader = new LogReader(path, offset)
  try {
    let commands = 0
    for (;;) {
      const read = reader.next()
      if (read === READ.COMMAND) commands++
      else if (read !== READ.NOTE) {
        const text = `${contents}${commands} commands`
        if (read === READ.END) return report(path, size, text)
        const where = `(at byte ${reader.start})`
        if (read === READ.BAD) return damaged(path, size, text, `what follows is no command ${where}`, BAD_ADVICE)
        return { path, bytes: size, contents: text, problem: `cut off ${where}`, advice: CUT_ADVICE, isHarmless: true }
      }
    }
  } finally {
    reader.close()
  }
}

function beginsWithMagic(path: string): boolean {
  const fd = openSync(path, 'r')
  const head = Buffer.alloc(MAGIC.length)
  readSync(fd, head)
  closeSync(fd)
  return head.toString('latin1') === MAGIC
}

/** How the files of a folder are called. */
export interface FolderNames {
  readonly dbfilename: string
  readonly appenddirname: string
  readonly appendfilename: string
}

/** Looks at all files that a server would load from a folder. */
export function* checkFolder(folder: string, names: FolderNames): Generator<FileReport> {
  yield* checkSnapshot(join(folder, names.dbfilename))
  yield* checkLogs(folder, names)
}

function* checkSnapshot(path: string): Generator<FileReport> {
  let found: ReturnType<typeof findSnapshot>
  try {
    found = findSnapshot(path)
  } catch (error) {
    yield damaged(manifestPath(path), 0, 'manifest', (error as Error).message, MISSING_ADVICE)
    return
  }
  for (const [shard, each] of found.paths.entries()) {
    if (existsSync(each)) yield checkRdb(each, found.manifest?.files[shard].checksum)
    else yield damaged(each, 0, 'RDB', `missing, though ${basename(manifestPath(path))} names it`, MISSING_ADVICE)
  }
}

/** Whether a machine that went down has left bytes of the logs in the commit journal alone. */
function* checkCommits(places: LogPlaces, found: LogsFound): Generator<FileReport> {
  const { lacks, problems } = findLacks(places, found)
  const path = Buffer.from(commitsPath(rootOf(places), places.stem), 'latin1').toString()
  const bytes = lacks.reduce((sum, lack) => sum + lack.bytes.length, 0)
  if (bytes > 0) {
    const problem = `${bytes} bytes that the logs lack`
    yield { path, bytes, contents: 'commit journal', problem, advice: COMMITS_ADVICE, isHarmless: true }
  }
  for (const problem of problems) yield damaged(path, bytes, 'commit journal', problem, LEFT_ADVICE)
}

function* checkLogs(folder: string, { appenddirname, appendfilename }: FolderNames): Generator<FileReport> {
  const old = join(folder, appendfilename)
  if (existsSync(old) && statSync(old).isFile()) {
    yield checkLog(old)
    return
  }
  const root = join(folder, appenddirname)
  if (!existsSync(root)) return
  const toText = (text: string): string => Buffer.from(text).toString('latin1')
  const places = { dir: toText(folder), folder: toText(appenddirname), stem: toText(appendfilename) }
  let found: LogsFound
  try {
    found = findLogs(places)
  } catch (error) {
    yield damaged(root, 0, 'manifest', (error as Error).message, MISSING_ADVICE)
    return
  }
  yield* checkCommits(places, found)
  for (const [shard, manifest] of found.manifests.entries()) {
    const base = manifest.base === undefined ? [] : [manifest.base]
    for (const { name } of [...base, ...manifest.increments]) {
      const path = join(Buffer.from(found.folders[shard], 'latin1').toString(), name)
      if (existsSync(path)) yield checkLog(path)
      else yield damaged(path, 0, 'log', 'missing, though the manifest names it', MISSING_ADVICE)
    }
  }
}
