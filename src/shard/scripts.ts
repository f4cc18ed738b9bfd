// Runs scripts for a shard's owner, under the locks of the keys that they declare, as one change.
//
// A script that reaches a key of a shard that it has not declared has that shard locked as it goes. It then waits while it
// holds locks, which nobody else does; two that wait so for each other would wait for ever. So one thread at a time may
// (CONTROL.EXTENDER), and a script that holds what that one waits for is run once more with all locks, or gets an error if
// it has written already. Scripts that have reached such a key get all locks from the beginning (shared/reaching.ts).

import type { MessagePort } from 'node:worker_threads'
import type { Verdict } from '../commands/acl/selector.ts'
import { DENIED } from '../commands/acl/selector.ts'
import { Users } from '../commands/acl/users.ts'
import { DENY_OOM, type ShardCommand, STALE, WRITE } from '../commands/command.ts'
import type { LockedShards } from '../commands/journal.ts'
import type { Runner } from '../commands/runner.ts'
import { argumentEnd } from '../commands/scripting/arguments.ts'
import { refusalInScript, runInScript, type ScriptThread, startCall } from '../commands/scripting/in-script.ts'
import type { InfoSource } from '../commands/server/info-facts.ts'
import { monitorLine } from '../commands/server/monitor-line.ts'
import { commandByName, type Entry, findEntry } from '../commands/table.ts'
import { SETTING } from '../config/settings.ts'
import { diskRefusal } from '../persist/refusals.ts'
import { NO_FUNCTION, NO_SCRIPT, OUT_OF_MEMORY } from '../protocol/errors.ts'
import { Reply } from '../protocol/reply.ts'
import { type Request, SENDER } from '../protocol/request.ts'
import { staleRefusal, writeRefusal } from '../replica/refusals.ts'
import { KnownScripts } from '../scripting/known-scripts.ts'
import { loadKnown } from '../scripting/library.ts'
import { LOG_LEVELS, type ScriptHost, ScriptMachine, scriptName, slowScript } from '../scripting/machine.ts'
import type { ScriptHead } from '../scripting/shebang.ts'
import {
  CONTROL,
  controlFlag,
  extenderAwait,
  extenderGive,
  extenderTake,
  extenderWants,
  lockWord,
  SCRIPT,
  scriptMark,
  scriptSet,
  scriptState,
} from '../shared/control.ts'
import { lockTry, lockWait, unlock } from '../shared/lock.ts'
import { Reaching, reachingPlace } from '../shared/reaching.ts'
import type { ReplicationBlock } from '../shared/replication-block.ts'
import type { Engine, ScriptKind, Scripts } from '../store/engine.ts'
import { FUNCTION } from '../store/libraries.ts'
import { hasFarWaiters } from '../store/marks.ts'
import { memoryRefresh } from '../store/memory.ts'
import type { Shard } from '../store/shard.ts'
import { LockSet } from './locks.ts'
import type { LogLine, ScriptLine, ScriptMessage, ScriptRefusal, SlowScriptWord } from './sink.ts'

const FIRST_KEY = 3
const killed = (isFunction: boolean): string =>
  `ERR Error running script: Script killed by user with ${isFunction ? 'FUNCTION' : 'SCRIPT'} KILL.`
const NOT_READ_ONLY = 'ERR Can not execute a script with write flag using *_ro command.'
const ENTANGLED =
  'ERR Script reached a key that it does not declare on a shard that another such script holds; name all keys in KEYS'

export class ScriptRunner implements Scripts, ScriptHost, ScriptThread {
  readonly #runner: Runner
  readonly #control: Int32Array
  readonly #replication: ReplicationBlock
  readonly #index: number
  readonly #port: MessagePort
  readonly info: () => InfoSource
  readonly #needs: LockSet
  #machine: ScriptMachine | undefined
  readonly #known = new KnownScripts()
  readonly #reaching: Reaching
  /** Of the script that runs, as reachingPlace tells. */
  #place = 0
  readonly #reply = new Reply(4096)
  readonly #verdict: Verdict = { denied: DENIED.NOTHING, argument: 0 }
  readonly #users = new Map<string, Users>()
  /** A byte a shard: 1 where the lock is held for the script, 2 where it was taken on the way. */
  readonly #held: Uint8Array
  readonly #locked: { readonly shards: Int32Array; count: number }
  readonly #sender = { id: 0, flags: 0 }
  #db = 0
  #user: Users | undefined
  #readOnly = false
  /** The function that runs, '' if it is a script. */
  #function = ''
  /** The command that began it. */
  #called: Request | undefined
  #lacksMemory = false
  #hasWritten = false
  #startedAt = 0
  #now = 0
  /** What it has done cannot be done twice. */
  #isSeen = false
  /** It cannot go on with the locks it has, and has done nothing yet: it is to be run once more, with all locks. */
  isOver = false
  /** Locks that are to be given back once what the script did has settled. */
  #hasExtended = false
  /** What the journal took to be locked before the script began. */
  #outerLocked: LockedShards | undefined
  /** Whether the script is part of a transaction, whose unit it joins. */
  #isWithin = false

  constructor(
    runner: Runner,
    control: Int32Array,
    replication: ReplicationBlock,
    index: number,
    port: MessagePort,
    info: () => InfoSource,
    reaching: SharedArrayBuffer,
  ) {
    const shards = runner.engine.shards.length
    this.#runner = runner
    this.#control = control
    this.#replication = replication
    this.#index = index
    this.#port = port
    this.info = info
    this.#reaching = new Reaching(reaching)
    this.#needs = new LockSet(control, shards)
    this.#held = new Uint8Array(shards)
    this.#locked = { shards: new Int32Array(shards), count: 0 }
  }

  // ---- a script

  /** Whether the script that a command runs has reached keys that it does not declare, so that it gets all locks. */
  reaches(entry: Entry, req: Request): boolean {
    if (BY_NAME.has(entry)) return this.#reaching.has(reachingPlace(req.text(1).toLowerCase()))
    return req.length[1] > 0 && this.#reaching.has(this.#known.of(req, 1).place)
  }

  run(shard: Shard, req: Request, reply: Reply, { bySha, readOnly }: ScriptKind): void {
    this.isOver = false
    const machine = this.#soundMachine()
    // Routers put the script in the place of its name, if they know it.
    if (bySha && req.length[1] === 0) return reply.error(NO_SCRIPT)
    const { name, head, place } = this.#known.of(req, 1)
    if ('problem' in head) return reply.error(head.problem)
    const problem = machine.compile(name, head.body)
    if (problem !== undefined) return reply.error(problem)
    const refused = this.#refusal(head, readOnly)
    if (refused !== undefined) return reply.error(refused)
    if (head.isGiven && readOnly && !head.noWrites) return reply.error(NOT_READ_ONLY)
    this.#lacksMemory = this.#isShortOfMemory(shard) && !head.allowsOom
    if (this.#lacksMemory && head.isGiven) return reply.error(OUT_OF_MEMORY)
    this.#place = place
    this.#begin(shard, req, readOnly || head.noWrites, '')
    const { length, errors } = reply
    machine.run(name, req, FIRST_KEY, req.integer(2), argumentEnd(req), reply)
    this.#end(machine, reply, length, errors)
  }

  callFunction(shard: Shard, req: Request, reply: Reply, readOnly: boolean): void {
    this.isOver = false
    const machine = this.#soundMachine()
    const known = this.#runner.engine.libraries.find(req.text(1))
    if (known === undefined) return reply.error(NO_FUNCTION)
    const { library, fn } = known
    const problem = loadKnown(machine, this.#runner.engine.libraries, library)
    if (problem !== undefined) return reply.error(problem)
    const noWrites = (fn.flags & FUNCTION.NO_WRITES) !== 0
    const allowsStale = (fn.flags & FUNCTION.ALLOW_STALE) !== 0
    const refused = this.#refusal({ isGiven: true, noWrites, allowsStale }, readOnly)
    if (refused !== undefined) return reply.error(refused)
    if (readOnly && !noWrites) return reply.error(NOT_READ_ONLY)
    const mayLackMemory = noWrites || (fn.flags & FUNCTION.ALLOW_OOM) !== 0
    this.#lacksMemory = !mayLackMemory && this.#isShortOfMemory(shard)
    if (this.#lacksMemory) return reply.error(OUT_OF_MEMORY)
    this.#place = reachingPlace(fn.name.toLowerCase())
    this.#begin(shard, req, noWrites, fn.name)
    const { length, errors } = reply
    machine.call(library.name, fn.name, req, FIRST_KEY, req.integer(2), argumentEnd(req), reply)
    this.#end(machine, reply, length, errors)
  }

  /** Why a script is refused before it runs: for what it says of itself, not for what it may turn out to do. */
  #refusal(head: Pick<ScriptHead, 'isGiven' | 'noWrites' | 'allowsStale'>, readOnly: boolean): string | undefined {
    const stale = this.#staleRefusal()
    if (stale !== undefined && !head.allowsStale) return stale
    return head.isGiven && !head.noWrites && !readOnly ? this.#writeRefusal() : undefined
  }

  #staleRefusal(): string | undefined {
    return staleRefusal(this.#replication, this.#runner.engine.settings)
  }

  #writeRefusal(): string | undefined {
    return writeRefusal(this.#replication, this.#runner.engine.settings) ?? diskRefusal(this.#control)
  }

  #soundMachine(): ScriptMachine {
    if (this.#machine === undefined || this.#machine.isBroken) this.#machine = new ScriptMachine(this)
    return this.#machine
  }

  #isShortOfMemory(shard: Shard): boolean {
    const { engine } = this.#runner
    return engine.settings[SETTING.maxmemory] > 0 && !engine.makeRoom(shard)
  }

  /** `fn` is the function that is called, '' for a script. */
  #begin(shard: Shard, req: Request, readOnly: boolean, fn: string): void {
    const { engine, journal, tally } = this.#runner
    engine.runsScript = true
    this.#readOnly = readOnly
    this.#function = fn
    this.#called = req
    this.#sender.id = req.sender.id
    this.#sender.flags = (req.sender.flags | SENDER.DENY_BLOCKING) & ~SENDER.RESTRICTED
    this.#db = req.db
    this.#user = (req.sender.flags & SENDER.RESTRICTED) === 0 ? undefined : this.#usersOf(req)
    this.#hasWritten = false
    this.#isSeen = false
    tally.close()
    tally.start()
    this.#startedAt = tally.clock
    this.#now = engine.now
    this.#held.fill(0)
    const { locked } = journal
    this.#held[shard.index] = 1
    for (let i = 0; locked !== undefined && i < locked.count; i++) this.#held[locked.shards[i]] = 1
    this.#noteLocks()
    this.#outerLocked = locked
    journal.locked = this.#locked
    this.#isWithin = engine.effects.isTransaction
    if (!this.#isWithin) this.#runner.beginTransaction()
    for (let i = 0; i < this.#held.length; i++) if (this.#held[i] !== 0) scriptSet(this.#control, i, this.#runs)
  }

  /** If it is to be run once more, what it has replied is taken back: before, `reply` was so long and had so many errors. */
  #end(machine: ScriptMachine, reply: Reply, length: number, errors: number): void {
    const { engine, journal, tally } = this.#runner
    for (let i = 0; i < this.#held.length; i++) if (this.#held[i] !== 0) scriptSet(this.#control, i, 0)
    if (!this.#isWithin) this.#runner.endTransaction()
    journal.locked = this.#outerLocked
    // The script itself is not passed on: what its commands did is.
    engine.effects.instead()
    engine.dirty = 0
    engine.runsScript = false
    engine.notices = []
    engine.writer = this.#sender.id
    // The script's own time is all of it.
    tally.close()
    tally.clock = this.#startedAt
    engine.errorIsCounted = machine.errorIsCounted
    if (!this.isOver) return
    reply.length = length
    reply.errors = errors
  }

  /** Gives back the locks that scripts have taken on the way: to be called once those who waited have been served. */
  release(): void {
    if (!this.#hasExtended) return
    this.#hasExtended = false
    for (let i = 0; i < this.#held.length; i++) {
      if (this.#held[i] !== 2) continue
      this.#held[i] = 0
      unlock(this.#control, lockWord(i))
    }
  }

  #usersOf(req: Request): Users {
    const rules = req.text(req.argc - 1)
    let users = this.#users.get(rules)
    if (users === undefined) {
      if (this.#users.size >= 1000) this.#users.clear()
      users = Users.of([['script', rules.split('\n')]])
      this.#users.set(rules, users)
    }
    return users
  }

  get #runs(): number {
    return this.#function === '' ? SCRIPT.RUNS : SCRIPT.RUNS | SCRIPT.IS_FUNCTION
  }

  // ---- locks

  #noteLocks(): void {
    this.#locked.count = 0
    for (let i = 0; i < this.#held.length; i++) if (this.#held[i] !== 0) this.#locked.shards[this.#locked.count++] = i
  }

  /** Locks the shards that a command needs besides those held. Returns false if that would never end. */
  #extend(needs: LockSet): boolean {
    const { engine } = this.#runner
    for (let i = 0; i < needs.count; i++) {
      const index = needs.shards[i]
      if (this.#held[index] !== 0) continue
      if (!this.#take(index)) return false
      // Whoever waits there may need any other.
      if (hasFarWaiters(engine.shards[index].m)) {
        for (let other = 0; other < this.#held.length; other++) {
          if (this.#held[other] === 0 && !this.#take(other)) return false
        }
      }
    }
    return true
  }

  #take(index: number): boolean {
    this.#reaching.add(this.#place)
    const word = lockWord(index)
    if (!lockTry(this.#control, word)) {
      while (!extenderTake(this.#control, this.#index, index)) {
        const wanted = extenderWants(this.#control)
        if (wanted >= 0 && this.#held[wanted] !== 0) return false
        extenderAwait(this.#control)
      }
      lockWait(this.#control, word)
      extenderGive(this.#control)
    }
    memoryRefresh(this.#runner.engine.shards[index].m)
    this.#held[index] = 2
    this.#hasExtended = true
    this.#noteLocks()
    scriptSet(this.#control, index, this.#runs)
    return true
  }

  // ---- what a script asks

  get engine(): Engine {
    return this.#runner.engine
  }

  get mayDebug(): boolean {
    return controlFlag(this.#control, CONTROL.DENY_OFF) !== 0
  }

  publish(channel: Uint8Array, message: Uint8Array, isShardChannel: boolean): void {
    this.#isSeen = true
    this.#port.postMessage({ what: 'script-publish', channel, message, isShardChannel } satisfies ScriptMessage)
    const { effects } = this.engine
    effects.command(3)
    effects.word(isShardChannel ? 'SPUBLISH' : 'PUBLISH')
    effects.bytes(channel, 0, channel.length)
    effects.bytes(message, 0, message.length)
  }

  call(req: Request, resp: 2 | 3): Reply {
    const reply = this.#reply
    const entry = startCall(req, reply, resp, this.#db, this.#sender)
    const problem = this.#problem(entry, req)
    if (problem !== undefined) {
      reply.error(problem)
      if (entry !== undefined) this.#runner.statistics.rejected(entry.id)
      this.#runner.failed(reply)
    } else {
      if (controlFlag(this.#control, CONTROL.MONITORS) !== 0) this.#show(entry as Entry, req)
      this.#run(entry as Entry, req, reply)
    }
    return reply
  }

  /** For clients that MONITOR. */
  #show(entry: Entry, req: Request): void {
    const line = monitorLine(entry, req, this.#db, 'lua')
    if (line !== undefined) this.#port.postMessage({ what: 'script-shown', line } satisfies ScriptLine)
  }

  #run(entry: Entry, req: Request, reply: Reply): void {
    if (entry.shard === undefined) {
      const { errors } = reply
      const db = runInScript(entry, req, reply, this)
      const failed = reply.errors !== errors
      this.#runner.tally.alone(entry, failed)
      if (failed) this.#runner.failed(reply)
      if (db >= 0) this.#db = db
      return
    }
    this.#runOnShard(entry, entry.shard, req, reply)
  }

  #runOnShard(entry: Entry, command: ShardCommand, req: Request, reply: Reply): void {
    const runner = this.#runner
    const { engine } = runner
    const shard = this.#needs.resolve(engine, entry, req)
    if (!this.#extend(this.#needs)) {
      this.isOver = !this.#hasWritten && !this.#isSeen && !this.#isWithin
      return reply.error(ENTANGLED)
    }
    runner.run(entry, command, shard, req, reply, this.#now)
    if ((command.flags & WRITE) === 0 || engine.dirty === 0 || this.#hasWritten) return
    this.#hasWritten = true
    this.#mark(SCRIPT.HAS_WRITTEN)
  }

  #mark(bit: number): void {
    for (let i = 0; i < this.#held.length; i++) if (this.#held[i] !== 0) scriptMark(this.#control, i, bit)
  }

  /** Why a script may not run a command. */
  #problem(entry: Entry | undefined, req: Request): string | undefined {
    const refused = refusalInScript(entry, req, this)
    if (refused !== undefined || entry === undefined) return refused
    const { command } = entry
    const denied = this.#denial(entry, req)
    if (denied !== DENIED.NOTHING) this.#tellRefusal(entry, req)
    if (denied === DENIED.COMMAND) return "ERR The user executing the script can't run this command or subcommand"
    if (denied === DENIED.KEY) {
      return "ERR The user executing the script can't access at least one of the keys mentioned in the command arguments"
    }
    if (denied !== DENIED.NOTHING) {
      return "ERR The user executing the script can't publish to the channel mentioned in the command"
    }
    if (XREAD.has(entry) && hasBlock(req)) {
      return `ERR ${req.text(0)} command is not allowed with BLOCK option from scripts`
    }
    if ((command.flags & STALE) === 0 && this.#staleRefusal() !== undefined) {
      return 'ERR Can not execute the command on a stale replica'
    }
    if ((command.flags & WRITE) !== 0) {
      if (this.#readOnly) return 'ERR Write commands are not allowed from read-only scripts.'
      // A script that has begun to write goes on: nothing would undo what it has done.
      const refused = this.#hasWritten ? undefined : this.#writeRefusal()
      if (refused !== undefined) return refused
    }
    if (this.#lacksMemory && !this.#hasWritten && (command.flags & DENY_OOM) !== 0) return OUT_OF_MEMORY
    return undefined
  }

  /** For ACL LOG: what `#denial` has just found. */
  #tellRefusal(entry: Entry, req: Request): void {
    const { denied, argument } = this.#verdict
    const reason = denied === DENIED.COMMAND ? 'command' : denied === DENIED.KEY ? 'key' : 'channel'
    const object = reason === 'command' ? entry.fullName : req.text(argument)
    const word: ScriptRefusal = { what: 'script-refused', client: this.#sender.id, reason, object }
    this.#port.postMessage(word)
  }

  #denial(entry: Entry, req: Request): number {
    const user = this.#user?.get('script')
    if (user === undefined || user.allows(entry, req, this.#verdict)) return DENIED.NOTHING
    return this.#verdict.denied
  }

  allows(req: Request): boolean | undefined {
    const entry = findEntry(req)
    if (entry === undefined) return undefined
    return this.#denial(entry, req) === DENIED.NOTHING
  }

  log(level: number, text: string): void {
    const name = level === LOG_LEVELS.LOG_WARNING ? 'warn' : level === LOG_LEVELS.LOG_NOTICE ? 'info' : 'debug'
    this.#port.postMessage({ what: 'log', level: name, text } satisfies LogLine)
  }

  stops(): string | undefined {
    // The process ends, and the script with it in the midst of what it does: none of that is logged, nobody hears of it.
    if (controlFlag(this.#control, CONTROL.STOPPING) !== 0) process.exit()
    if (this.isOver) return ENTANGLED
    const state = scriptState(this.#control, this.#index)
    if ((state & SCRIPT.KILL) !== 0 && !this.#hasWritten) return killed(this.#function !== '')
    const limit = this.#runner.engine.settings[SETTING.busyReplyThreshold]
    if ((state & SCRIPT.IS_SLOW) === 0 && performance.now() - this.#startedAt > limit) this.#tellSlow()
    return undefined
  }

  /** Others need no longer wait for this shard: they are told that it is busy. */
  #tellSlow(): void {
    const req = this.#called
    if (req === undefined) return
    const command = Array.from({ length: argumentEnd(req) }, (_, i) => req.text(i))
    const name = this.#function === '' ? scriptName(req.copy(1)) : this.#function
    const startedAt = Date.now() - (performance.now() - this.#startedAt)
    const script = { name, command, startedAt: Math.floor(startedAt) }
    this.#port.postMessage({ what: 'script-slow', shard: this.#index, script } satisfies SlowScriptWord)
    this.#mark(SCRIPT.IS_SLOW)
    this.log(LOG_LEVELS.LOG_WARNING, slowScript(performance.now() - this.#startedAt, name, this.#function !== ''))
  }
}

const BY_NAME = new Set([commandByName('fcall'), commandByName('fcall_ro')])
const XREAD = new Set([commandByName('xread'), commandByName('xreadgroup')])

/** Whether XREAD is to wait. */
function hasBlock(req: Request): boolean {
  for (let i = 1; i < req.argc && !req.is(i, 'STREAMS'); i++) if (req.is(i, 'BLOCK')) return true
  return false
}
