// Runs the scripts that a log has. skep and Redis 7 log what scripts did, but Redis before 7 logged the scripts themselves.
//
// Every shard is locked meanwhile, so that a script reaches all keys. Nobody can end one: without what it did, nothing
// behind it in the log would be right.

import { execute } from '../commands/execute.ts'
import { findKeys } from '../commands/keys.ts'
import { argumentEnd } from '../commands/scripting/arguments.ts'
import { refusalInScript, runInScript, type ScriptThread, startCall } from '../commands/scripting/in-script.ts'
import { commandByName, type Entry, findEntry } from '../commands/table.ts'
import { SETTING } from '../config/settings.ts'
import { NO_FUNCTION, NO_SCRIPT } from '../protocol/errors.ts'
import { Reply } from '../protocol/reply.ts'
import { type Request, SENDER } from '../protocol/request.ts'
import { loadKnown } from '../scripting/library.ts'
import { LOG_LEVELS, type ScriptHost, ScriptMachine, scriptName, slowScript } from '../scripting/machine.ts'
import { readShebang } from '../scripting/shebang.ts'
import type { Engine, ScriptKind, Scripts } from '../store/engine.ts'
import type { Shard } from '../store/shard.ts'

const FIRST_KEY = 3
const SCRIPT_LOAD = commandByName('script|load')

export class ReplayScripts implements Scripts, ScriptHost, ScriptThread {
  readonly engine: Engine
  readonly mayDebug = false
  readonly isOver = false
  readonly #note: (text: string) => void
  #machine: ScriptMachine | undefined
  /** For EVALSHA: what the log has had so far. */
  readonly #bodies = new Map<string, Uint8Array>()
  readonly #reply = new Reply(4096)
  readonly #found: number[] = []
  readonly #sender = { id: 0, flags: SENDER.LOADING | SENDER.DENY_BLOCKING }
  #name = ''
  #isFunction = false
  #db = 0
  #now = 0
  #startedAt = 0
  #isSlow = false

  /** `note` takes lines for the server's log. */
  constructor(engine: Engine, note: (text: string) => void) {
    this.engine = engine
    this.#note = note
  }

  /** Remembers the script of a SCRIPT LOAD, if this is one. */
  learn(entry: Entry, req: Request): void {
    if (entry !== SCRIPT_LOAD || req.argc !== 3) return
    const body = req.copy(2)
    this.#bodies.set(scriptName(body), body)
  }

  run(_shard: Shard, req: Request, reply: Reply, { bySha }: ScriptKind): void {
    const machine = this.#soundMachine()
    const body = bySha ? this.#bodies.get(req.text(1).toLowerCase()) : req.copy(1)
    if (body === undefined) return reply.error(NO_SCRIPT)
    const name = scriptName(body)
    this.#bodies.set(name, body)
    const head = readShebang(body)
    if ('problem' in head) return reply.error(head.problem)
    const problem = machine.compile(name, head.body)
    if (problem !== undefined) return reply.error(problem)
    this.#begin(req, name, false)
    machine.run(name, req, FIRST_KEY, req.integer(2), argumentEnd(req), reply)
    this.engine.runsScript = false
  }

  callFunction(_shard: Shard, req: Request, reply: Reply): void {
    const machine = this.#soundMachine()
    const known = this.engine.libraries.find(req.text(1))
    if (known === undefined) return reply.error(NO_FUNCTION)
    const { library, fn } = known
    const problem = loadKnown(machine, this.engine.libraries, library)
    if (problem !== undefined) return reply.error(problem)
    this.#begin(req, fn.name, true)
    machine.call(library.name, fn.name, req, FIRST_KEY, req.integer(2), argumentEnd(req), reply)
    this.engine.runsScript = false
  }

  #soundMachine(): ScriptMachine {
    if (this.#machine === undefined || this.#machine.isBroken) this.#machine = new ScriptMachine(this)
    return this.#machine
  }

  #begin(req: Request, name: string, isFunction: boolean): void {
    this.#name = name
    this.#isFunction = isFunction
    this.#db = req.db
    this.#now = this.engine.now
    this.#startedAt = performance.now()
    this.#isSlow = false
    this.engine.runsScript = true
  }

  // ---- what a script asks

  call(req: Request, resp: 2 | 3): Reply {
    const reply = this.#reply
    const entry = startCall(req, reply, resp, this.#db, this.#sender)
    const refused = refusalInScript(entry, req, this)
    if (refused !== undefined) reply.error(refused)
    else this.#run(entry as Entry, req, reply)
    return reply
  }

  #run(entry: Entry, req: Request, reply: Reply): void {
    if (entry.shard !== undefined) {
      execute(this.engine, entry.shard, this.#shardOf(entry, req), req, reply, this.#now)
      return
    }
    const db = runInScript(entry, req, reply, this)
    if (db >= 0) this.#db = db
  }

  #shardOf(entry: Entry, req: Request): Shard {
    const [first] = this.engine.shards
    const found = this.#found
    found.length = 0
    return findKeys(entry.command, req, found) && found.length > 0 ? first.ofKey(req, found[0]) : first
  }

  /** Nobody listens while data is loaded. */
  publish(): void {}

  allows(req: Request): boolean | undefined {
    return findEntry(req) === undefined ? undefined : true
  }

  log(level: number, text: string): void {
    if (level >= LOG_LEVELS.LOG_NOTICE) this.#note(text)
  }

  stops(): undefined {
    const ms = performance.now() - this.#startedAt
    if (this.#isSlow || ms <= this.engine.settings[SETTING.busyReplyThreshold]) return
    this.#isSlow = true
    this.#note(slowScript(ms, this.#name, this.#isFunction))
  }
}
