// Replays the log of one or several shards: a task of the pool. Base files in RESP and increments are read in order; a
// change over several shards waits until the others have come to it (rendezvous.ts), while this task reads on in other
// logs of its own.

import { statSync, truncateSync } from 'node:fs'
import { viewSettings } from '../config/settings.ts'
import { fromByteString } from '../config/split-args.ts'
import { Parser } from '../protocol/parser.ts'
import { Request } from '../protocol/request.ts'
import type { Shape } from '../shared/control.ts'
import { CHANGES_MAX, MEET, Rendezvous } from '../shared/rendezvous.ts'
import { sleepSync } from '../shared/sleep.ts'
import { OldBlock, SnapshotRunBlock } from '../shared/snapshot-block.ts'
import { arenaAttach } from '../store/arena.ts'
import { Engine } from '../store/engine.ts'
import { Libraries } from '../store/libraries.ts'
import { APPLIED, Applier } from './applier.ts'
import { reasonOf } from './errors.ts'
import type { LoadMemory } from './load-file.ts'
import { LogReader, READ } from './log-reader.ts'
import { OldValueSaver } from './old-values.ts'

/** A file to be replayed. */
export interface ReplayFile {
  /** Its path, a byte string. */
  readonly path: string
  /** What the log calls it. */
  readonly name: string
  readonly isBase: boolean
  /** Where its commands begin: behind an RDB preamble. */
  readonly offset: number
}

/** One shard's log. */
export interface ReplaySource {
  readonly index: number
  readonly files: readonly ReplayFile[]
}

/** What the task is given. */
export interface ReplayTask {
  readonly memory: LoadMemory
  readonly shape: Shape
  readonly sources: readonly ReplaySource[]
  readonly meeting: SharedArrayBuffer
  /** f64 a log: bytes read so far. */
  readonly progress: SharedArrayBuffer
  /** `aof-load-truncated`. */
  readonly mayBeCut: boolean
  /** `key-load-delay`, µs. */
  readonly delayUs: number
}

/** A change that a log lacked. */
export interface Repair {
  readonly index: number
  readonly bytes: Uint8Array
}

/** What came of it. */
export interface ReplayResult {
  /** Lines for the server's log: Redis's words. */
  readonly warnings: readonly string[]
  /** Times of the files, for the log: name, whether it is a base, seconds. */
  readonly loaded: readonly { readonly name: string; readonly isBase: boolean; readonly seconds: number }[]
  /** Why it failed, in Redis's words; '' if it did not. */
  readonly error: string
  readonly repairs: readonly Repair[]
  /** The highest number of a change over several shards, in hex. */
  readonly lastNumber: string
  readonly commands: number
}

/** Commands read from one log before the others have their turn. */
const TURN = 512
const STATE = { READING: 0, WAITING: 1, ENDED: 2 } as const
const FIX = 'make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>'

/** What announces a change over several shards: its number, and which they are. */
const CHANGE = /^#X:([0-9a-f]{1,16}):([0-9a-f]{1,64})$/

class ReplayError extends Error {}

class SourceReplay {
  state: number = STATE.READING
  commands = 0
  lastNumber = 0n
  readonly #task: ReplayTask
  readonly #source: ReplaySource
  readonly #applier: Applier
  readonly #databases: number
  readonly #meeting: Rendezvous
  readonly #result: { warnings: string[]; loaded: ReplayResult['loaded'][number][]; repairs: Repair[] }
  readonly #progress: Float64Array
  #file = -1
  #reader: LogReader | undefined
  #started = 0
  #done = 0
  #db = 0
  /** Where the command or note begins that was read last. */
  #place = 0
  /** Commands since MULTI, if that has come; and where it stands. */
  #queue: Uint8Array[] | undefined
  /** Where the last whole change ends: what is behind it goes if the file is cut. */
  #valid = 0
  /** The number and the shards of the change that comes next, if it concerns several. */
  #number = 0n
  #mask = 0n
  /** That change, whole, while it waits. */
  #change: Uint8Array[] = []

  constructor(
    task: ReplayTask,
    source: ReplaySource,
    applier: Applier,
    databases: number,
    meeting: Rendezvous,
    result: { warnings: string[]; loaded: ReplayResult['loaded'][number][]; repairs: Repair[] },
  ) {
    this.#task = task
    this.#source = source
    this.#applier = applier
    this.#databases = databases
    this.#meeting = meeting
    this.#result = result
    this.#progress = new Float64Array(task.progress)
  }

  /** Reads on for a turn, or looks whether the change that it waits for can be applied. Returns whether it got on. */
  step(): boolean {
    if (this.state === STATE.WAITING) return this.#tryChange()
    for (let i = 0; i < TURN; i++) {
      if (this.#reader === undefined && !this.#open()) return true
      this.#read(this.#reader as LogReader)
      if (this.state !== STATE.READING) return true
    }
    this.#note()
    return true
  }

  #note(): void {
    this.#progress[this.#source.index] = this.#done + (this.#reader?.end ?? 0)
  }

  /** Opens the next file. Returns false if there is none. */
  #open(): boolean {
    const file = this.#source.files[++this.#file]
    if (file === undefined) {
      this.state = STATE.ENDED
      this.#applier.release()
      this.#meeting.end(this.#source.index)
      return false
    }
    this.#started = performance.now()
    this.#reader = new LogReader(file.path, file.offset)
    this.#valid = file.offset
    this.#db = 0
    return true
  }

  #read(reader: LogReader): void {
    const read = reader.next()
    if (read === READ.COMMAND) this.#command(reader)
    else if (read === READ.NOTE) this.#noted(reader)
    else if (read === READ.BAD) {
      this.#place = reader.start
      this.#bad()
    } else this.#ended(reader, read === READ.CUT)
  }

  get #name(): string {
    return this.#source.files[this.#file].name
  }

  #noted(reader: LogReader): void {
    this.#place = reader.start
    if (reader.note.startsWith('#X:')) return this.#announced(reader.note)
    if (this.#queue === undefined && this.#mask === 0n) this.#valid = reader.end
  }

  /** A change over several shards comes next. */
  #announced(note: string): void {
    const [, number, mask] = CHANGE.exec(note) ?? this.#bad()
    this.#number = BigInt(`0x${number}`)
    const isFirst = this.#mask === 0n && this.#queue === undefined
    this.#mask = BigInt(`0x${mask}`)
    const own = 1n << BigInt(this.#source.index)
    const isOfSeveral =
      (this.#mask & own) !== 0n && this.#mask !== own && this.#mask >> BigInt(this.#meeting.logs) === 0n
    if (!isFirst || !isOfSeveral || this.#number >= CHANGES_MAX) this.#bad()
    if (this.#number > this.lastNumber) this.lastNumber = this.#number
  }

  #command(reader: LogReader): void {
    const { req } = reader
    this.#place = reader.start
    if (this.#queue !== undefined) {
      if (req.argc === 1 && req.is(0, 'EXEC')) return this.#exec(reader)
      // Without its EXEC, a transaction would go on to the file's end.
      if (req.argc === 1 && req.is(0, 'MULTI')) this.#bad()
      this.#judge(this.#applier.look(req), req)
      this.#queue.push(reader.copy())
      return
    }
    if (req.argc === 1 && req.is(0, 'MULTI')) {
      this.#queue = []
      return
    }
    if (this.#mask !== 0n) {
      // SELECT may stand before the change itself.
      this.#change.push(reader.copy())
      if (req.argc !== 2 || !req.is(0, 'SELECT')) this.#arrive(reader)
      return
    }
    this.#apply(req)
    this.#valid = reader.end
  }

  #exec(reader: LogReader): void {
    const queue = this.#queue ?? []
    this.#queue = undefined
    if (this.#mask !== 0n) {
      this.#change.push(...queue)
      return this.#arrive(reader)
    }
    this.#applyAll(queue)
    this.#valid = reader.end
  }

  #applyAll(frames: readonly Uint8Array[]): void {
    for (const frame of frames) {
      parser.begin(0)
      parser.parse(frame, frame.length)
      this.#apply(parser.req)
    }
  }

  #apply(req: Request): void {
    this.commands++
    if (req.is(0, 'SELECT') && req.argc === 2) return this.#select(req)
    this.#judge(this.#run(req), req)
    if (this.#task.delayUs > 0) sleepSync(this.#task.delayUs / 1000)
  }

  #run(req: Request): number {
    try {
      return this.#applier.apply(req, this.#db)
    } catch (error) {
      return this.#bad((error as Error).message)
    }
  }

  #judge(applied: number, req: Request): void {
    if (applied === APPLIED.MISFIT) this.#bad()
    if (applied === APPLIED.DONE) return
    this.#fail(`Unknown command '${req.text(0)}' reading the append only file ${this.#name} (at offset ${this.#place})`)
  }

  #select(req: Request): void {
    const db = req.integer(1)
    if (!(db >= 0 && db < this.#databases)) this.#bad(`database ${req.text(1)} of ${this.#databases}`)
    this.#db = db
  }

  // ---- changes over several shards

  #arrive(reader: LogReader): void {
    this.#valid = reader.end
    this.#applier.release()
    this.#note()
    this.#meeting.arrive(this.#source.index, this.#number, this.#mask)
    this.state = STATE.WAITING
  }

  #tryChange(): boolean {
    const answer = this.#meeting.ask(this.#source.index, this.#number, this.#mask)
    if (answer === MEET.WAIT) return false
    if (answer === MEET.NEVER) this.#bad('another log of the set lacks this change, or has it otherwise')
    if (answer === MEET.APPLY) {
      const db = this.#db
      this.#applyAll(this.#change)
      this.#applier.release()
      for (const index of this.#meeting.applied(this.#number, this.#mask)) this.#repair(index, db)
    } else {
      // The one who applied it has selected databases; so does this log.
      for (const frame of this.#change) this.#followSelect(frame)
    }
    this.#mask = 0n
    this.#change = []
    this.state = STATE.READING
    return true
  }

  #followSelect(frame: Uint8Array): void {
    parser.begin(0)
    parser.parse(frame, frame.length)
    if (parser.req.argc === 2 && parser.req.is(0, 'SELECT')) this.#select(parser.req)
  }

  /** A log has lost the change, which began in database `db`: it is to be written there again. */
  #repair(index: number, db: number): void {
    const head = Buffer.from(
      `#X:${this.#number.toString(16)}:${this.#mask.toString(16)}\r\n*1\r\n$5\r\nMULTI\r\n${selectText(db)}`,
    )
    const bytes = Buffer.concat([head, ...this.#change, Buffer.from('*1\r\n$4\r\nEXEC\r\n')])
    this.#result.repairs.push({ index, bytes: new Uint8Array(bytes) })
  }

  // ---- the end of a file

  #ended(reader: LogReader, isCut: boolean): void {
    const file = this.#source.files[this.#file]
    const isLast = this.#file === this.#source.files.length - 1
    reader.close()
    this.#reader = undefined
    this.#done += reader.end
    this.#note()
    const { warnings } = this.#result
    if (this.#queue !== undefined) warnings.push(`Revert incomplete MULTI/EXEC transaction in AOF file ${file.name}`)
    const isWhole = !isCut && this.#queue === undefined && this.#mask === 0n
    this.#queue = undefined
    this.#mask = 0n
    this.#change = []
    if (!isWhole) this.#cut(file, isLast)
    const seconds = (performance.now() - this.#started) / 1000
    if (statSync(fromByteString(file.path)).size > file.offset) {
      this.#result.loaded.push({ name: file.name, isBase: file.isBase, seconds })
    }
  }

  #cut(file: ReplayFile, isLast: boolean): void {
    const { warnings } = this.#result
    const { name } = file
    if (this.#task.mayBeCut) {
      warnings.push(`!!! Warning: short read while loading the AOF file ${name}!!!`)
      warnings.push(`!!! Truncating the AOF ${name} at offset ${this.#valid} !!!`)
      try {
        truncateSync(fromByteString(file.path), this.#valid)
        warnings.push(`AOF ${name} loaded anyway because aof-load-truncated is enabled`)
        if (!isLast) this.#fail('Fatal error: the truncated file is not the last file')
        return
      } catch (error) {
        if (error instanceof ReplayError) throw error
        warnings.push(`Error truncating the AOF file ${name}: ${reasonOf(error)}`)
      }
    }
    this.#fail(
      `Unexpected end of file reading the append only file ${name}. You can: 1) Make a backup of your AOF file, then use ` +
        './redis-check-aof --fix <filename.manifest>. 2) Alternatively you can set the ' +
        `'aof-load-truncated' configuration option to yes and restart the server. (The last whole change ends at offset ${this.#valid})`,
    )
  }

  #bad(why = ''): never {
    const place = `at offset ${this.#place}${why === '' ? '' : `: ${why}`}`
    this.#fail(`Bad file format reading the append only file ${this.#name}: ${FIX} (${place})`)
  }

  #fail(text: string): never {
    throw new ReplayError(text)
  }

  close(): void {
    this.#reader?.close()
    this.#applier.release()
  }
}

const parser = new Parser(new Request())

const selectText = (db: number): string => `*2\r\n$6\r\nSELECT\r\n$${String(db).length}\r\n${db}\r\n`

/** Replays until all of the task's logs have ended, or one cannot be read. */
export function replayLogs(task: ReplayTask): ReplayResult {
  const { memory } = task
  const engine = new Engine(viewSettings(memory.settings), memory.arenas.map(arenaAttach), task.shape.routers)
  engine.libraries = new Libraries(memory.functions)
  engine.oldValues = new OldValueSaver(
    engine,
    new SnapshotRunBlock(memory.snapshot.run),
    memory.snapshot.old.map(each => new OldBlock(each)),
  )
  const result = { warnings: [] as string[], loaded: [] as ReplayResult['loaded'][number][], repairs: [] as Repair[] }
  const applier = new Applier(engine, new Int32Array(memory.control), text => result.warnings.push(text))
  const meeting = new Rendezvous(task.meeting)
  const { databases } = engine.shards[0]
  const replays = task.sources.map(source => new SourceReplay(task, source, applier, databases, meeting, result))
  let error = ''
  try {
    for (;;) {
      const turn = meeting.turn
      if (meeting.failed) break
      let gotOn = false
      let isOver = true
      for (const replay of replays) {
        if (replay.state === STATE.ENDED) continue
        isOver = false
        if (replay.step()) gotOn = true
      }
      if (isOver) break
      if (!gotOn) meeting.wait(turn)
    }
  } catch (failure) {
    error = failure instanceof ReplayError ? failure.message : `${reasonOf(failure)}`
    meeting.fail()
  } finally {
    for (const replay of replays) replay.close()
  }
  let last = 0n
  let commands = 0
  for (const replay of replays) {
    if (replay.lastNumber > last) last = replay.lastNumber
    commands += replay.commands
  }
  return { ...result, error, lastNumber: last.toString(16), commands }
}
