// The scripts that a router knows. Every router knows all of them; a script is sent to the shard that runs it with each
// command, so that EVALSHA finds it there, whichever shard that is.

import { byteArray } from '../bytes/byte-array.ts'
import { copyBytes, equalBytes } from '../bytes/copy.ts'
import { hashBytes } from '../bytes/hash.ts'
import { DENY_OOM, STALE, WRITE } from '../commands/command.ts'
import type { Scripts, SlowScript } from '../commands/scripting/script.ts'
import { commandByName, type Entry } from '../commands/table.ts'
import { Request } from '../protocol/request.ts'
import { KnownScripts } from '../scripting/known-scripts.ts'
import { noHost, ScriptMachine, scriptName } from '../scripting/machine.ts'
import { readShebang, type ScriptHead } from '../scripting/shebang.ts'
import type { LockSet } from '../shard/locks.ts'
import type { SlowScriptWord } from '../shard/sink.ts'
import { SCRIPT, scriptMark, scriptState } from '../shared/control.ts'
import { Reaching, reachingPlace } from '../shared/reaching.ts'
import { FUNCTION } from '../store/libraries.ts'
import type { Connection } from './connection.ts'
import type { Router } from './router.ts'

const BY_NAME = new Set([commandByName('fcall'), commandByName('fcall_ro')])
const BY_BODY = new Set([commandByName('eval'), commandByName('eval_ro')])
const UNKILLABLE =
  'UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script termination ' +
  'or kill the server in a hard way using the SHUTDOWN NOSAVE command.'
const busy = (what: string): string =>
  `BUSY Redis is busy running a script. You can only call ${what} KILL or SHUTDOWN NOSAVE.`
const BUSY = { script: busy('SCRIPT'), function: busy('FUNCTION') }

/** A power of two. */
const LATELY = 256
/** A SHA-1 in hexadecimal. */
const NAME_BYTES = 40
/** In the place of a script that nobody knows. */
const UNKNOWN = new Uint8Array(0)
/** A script of no bytes at all, so that it is not taken for one. */
const EMPTY = new Uint8Array([10])

/** A script as EVALSHA has named it. */
interface NamedScript {
  readonly name: Uint8Array
  readonly body: Uint8Array
  /** See shared/reaching.ts. */
  readonly place: number
}

export class RouterScripts implements Scripts {
  readonly #router: Router
  readonly #control: Int32Array
  readonly #shards: number
  /** By shard: what ran there for long, now or before. */
  readonly #slow = new Map<number, SlowScript>()
  readonly #bodies = new Map<string, Uint8Array>()
  /** Of all bodies: told ten times a second. */
  #bodyBytes = 0
  /** For SCRIPT LOAD alone, which says what is wrong with a script; it runs none. */
  #machine: ScriptMachine | undefined
  readonly #req = new Request()
  #bytes = byteArray(4096)
  readonly #known = new KnownScripts()
  /** Scripts that EVALSHA has named lately, as it was written, by a hash of the name. */
  readonly #lately: (NamedScript | undefined)[] = new Array(LATELY).fill(undefined)
  readonly #reaching: Reaching
  /** Of the script prepared last. */
  #place = 0

  constructor(router: Router, control: Int32Array) {
    this.#router = router
    this.#control = control
    this.#shards = router.data.memory.shape.shards
    this.#reaching = new Reaching(router.data.memory.reaching)
    router.link.onTold('script', body => this.learn(body as Uint8Array))
    router.link.onTold('script-slow', told => {
      const { shard, script } = told as SlowScriptWord
      this.#slow.set(shard, script)
    })
    router.link.onTold('script-publish', told => {
      const { channel, message, isShardChannel } = told as {
        channel: Uint8Array
        message: Uint8Array
        isShardChannel: boolean
      }
      const name = Buffer.from(channel).toString('latin1')
      router.subscriptions.publish(isShardChannel ? 'shard' : 'channel', name, message)
    })
  }

  learn(body: Uint8Array): void {
    const sha = scriptName(body)
    if (this.#bodies.has(sha)) return
    const kept = body.length === 0 ? EMPTY : body
    this.#bodies.set(sha, kept)
    this.#bodyBytes += kept.length
  }

  check(body: Uint8Array): { readonly sha: string } | { readonly problem: string } {
    const head = readShebang(body)
    if ('problem' in head) return head
    this.#machine ??= new ScriptMachine(noHost('routers run no scripts'))
    const sha = scriptName(body)
    const problem = this.#machine.compile(sha, head.body)
    return problem === undefined ? { sha } : { problem }
  }

  has(sha: string): boolean {
    return this.#bodies.has(sha.toLowerCase())
  }

  forgetAll(): void {
    this.#bodies.clear()
    this.#bodyBytes = 0
    this.#lately.fill(undefined)
  }

  get count(): number {
    return this.#bodies.size
  }

  get bytes(): number {
    return this.#bodyBytes
  }

  kill(what: 'script' | 'function'): string | undefined {
    let problem: string | undefined = 'NOTBUSY No scripts in execution right now.'
    for (let shard = 0; shard < this.#shards; shard++) {
      const state = scriptState(this.#control, shard)
      if ((state & SCRIPT.RUNS) === 0) continue
      if (kindOf(state) !== what) {
        problem = BUSY[kindOf(state)]
        continue
      }
      if ((state & SCRIPT.HAS_WRITTEN) !== 0) {
        if (problem !== undefined) problem = UNKILLABLE
        continue
      }
      scriptMark(this.#control, shard, SCRIPT.KILL)
      problem = undefined
    }
    return problem
  }

  get running(): SlowScript | undefined {
    for (const [shard, script] of this.#slow) if (this.busyText(shard) !== undefined) return script
    return undefined
  }

  /** What a command is told for which a script has held this shard for longer than it should wait; undefined if none has. */
  busyText(shard: number): string | undefined {
    const state = scriptState(this.#control, shard)
    return (state & SCRIPT.IS_SLOW) === 0 ? undefined : BUSY[kindOf(state)]
  }

  /** The same for a command that needs all of these. */
  busyTextOf({ shards, count }: LockSet): string | undefined {
    for (let i = 0; i < count; i++) {
      const text = this.busyText(shards[i])
      if (text !== undefined) return text
    }
    return undefined
  }

  /** Whether a script has had any shard for long. */
  get isBusyAnywhere(): boolean {
    for (let shard = 0; shard < this.#shards; shard++) if (this.busyText(shard) !== undefined) return true
    return false
  }

  get busy(): string | undefined {
    let text: string | undefined
    for (let shard = 0; shard < this.#shards; shard++) {
      text = this.busyText(shard)
      if (text === undefined) return undefined
    }
    return text
  }

  /** The flags of a command that runs a script, as prepared for its shard: what the script says that it needs is added. */
  flagsOf(entry: Entry, req: Request): number {
    const { flags } = entry.command
    const head = BY_NAME.has(entry) ? this.#functionHead(req.text(1)) : this.#known.of(req, 1).head
    if (head === undefined || 'problem' in head || !head.isGiven) return flags
    const needs = (head.noWrites ? 0 : WRITE) | (head.allowsOom ? 0 : DENY_OOM) | (head.allowsStale ? STALE : 0)
    return (flags & ~(WRITE | DENY_OOM | STALE)) | needs
  }

  #functionHead(name: string): Omit<ScriptHead, 'body'> | undefined {
    const known = this.#router.engine.libraries.find(name)
    if (known === undefined) return undefined
    const has = (flag: number): boolean => (known.fn.flags & flag) !== 0
    const noWrites = has(FUNCTION.NO_WRITES)
    const allowsOom = noWrites || has(FUNCTION.ALLOW_OOM)
    return { isGiven: true, noWrites, allowsOom, allowsStale: has(FUNCTION.ALLOW_STALE) }
  }

  /** What a shard is sent for a command that runs a script: the script itself, or none if EVALSHA names one that is unknown, and what its user may do. Made anew with every call. */
  prepare(client: Connection, entry: Entry, req: Request): Request {
    let body: Uint8Array | undefined
    if (BY_BODY.has(entry)) this.#place = this.#learnNew(req)
    else if (BY_NAME.has(entry)) this.#place = reachingPlace(req.text(1).toLowerCase())
    else body = this.#named(req)
    const rules =
      client.restrictedTo === undefined ? undefined : Buffer.from(this.#router.access.rulesOf(client.user), 'latin1')
    if (body === undefined && rules === undefined) return req
    const made = this.#req
    made.start(this.#bytes)
    let end = 0
    const add = (u8: Uint8Array, at: number, length: number): void => {
      if (end + length > this.#bytes.length) {
        const larger = byteArray((end + length) * 2)
        copyBytes(larger, 0, this.#bytes, 0, end)
        this.#bytes = larger
      }
      copyBytes(this.#bytes, end, u8, at, length)
      made.push(end, length)
      end += length
    }
    for (let i = 0; i < req.argc; i++) {
      if (i === 1 && body !== undefined) add(body, 0, body.length)
      else add(req.u8, req.at[i], req.length[i])
    }
    if (rules !== undefined) add(rules, 0, rules.length)
    made.u8 = this.#bytes
    made.frame = -1
    return made
  }

  /** The script that EVALSHA names. */
  #named({ u8, at, length }: Request): Uint8Array {
    if (length[1] !== NAME_BYTES) return UNKNOWN
    const i = hashBytes(u8, at[1], NAME_BYTES, 0, 0) & (LATELY - 1)
    let known = this.#lately[i]
    if (known === undefined || !equalBytes(known.name, 0, u8, at[1], NAME_BYTES)) {
      const name = byteArray(NAME_BYTES)
      copyBytes(name, 0, u8, at[1], NAME_BYTES)
      const sha = Buffer.from(name).toString('latin1').toLowerCase()
      const body = this.#bodies.get(sha)
      if (body === undefined) return UNKNOWN
      known = { name, body, place: reachingPlace(sha) }
      this.#lately[i] = known
    }
    this.#place = known.place
    return known.body
  }

  /** Whether the script prepared last has reached keys that it does not declare. */
  get reaches(): boolean {
    return this.#reaching.has(this.#place)
  }

  /** Remembers the script of an EVAL. Returns its place, see shared/reaching.ts. */
  #learnNew(req: Request): number {
    const { name, text, place } = this.#known.of(req, 1)
    if (this.#bodies.has(name)) return place
    this.learn(text)
    this.#router.link.tell('script', text)
    return place
  }
}

const kindOf = (state: number): 'script' | 'function' => ((state & SCRIPT.IS_FUNCTION) !== 0 ? 'function' : 'script')
