// A keyspace without a server: runs commands on shards in this thread, for tests of commands and structures.

import { arityFits, execute } from '../../src/commands/execute.ts'
import { findKeys } from '../../src/commands/keys.ts'
import { findCommand, findSubcommand } from '../../src/commands/table.ts'
import { defaultSettings } from '../../src/config/settings.ts'
import { wrongArguments } from '../../src/protocol/errors.ts'
import { Reply } from '../../src/protocol/reply.ts'
import { requestOf } from '../../src/protocol/request.ts'
import { arenaCheck, arenaCreate } from '../../src/store/arena.ts'
import type { DictRef } from '../../src/store/dict.ts'
import { DictWalk, dictCheck } from '../../src/store/dict-walk.ts'
import { Engine } from '../../src/store/engine.ts'
import { type EntryRef, entryType, TYPE } from '../../src/store/entry.ts'
import { hashCheck } from '../../src/store/hash-ops.ts'
import { databaseExpires, databaseKeys, keyspaceCreate, keyspaceDatabase } from '../../src/store/keyspace.ts'
import type { Memory } from '../../src/store/memory.ts'
import { setCheck } from '../../src/store/set.ts'
import { parseFrame, plain, type Value } from './frame.ts'

export type TestKeyspace = {
  readonly engine: Engine
  readonly reply: Reply
  /** Unix ms that commands see; tests set it. */
  now: number
  /** Database of the calls that follow. */
  db: number
  /** Runs a command and returns its reply as plain values. */
  call(...args: (string | number | Uint8Array)[]): Value
  /** The effects of the last command: one line per command, arguments joined by blanks. */
  effects(): string[]
  /** Holds every invariant of every shard. */
  check(): void
}

const MEGABYTE = 2 ** 20

/** A keyspace of `shards` shards of at most `bytesMax` each. */
export function testKeyspace(shards = 1, bytesMax = 512 * MEGABYTE): TestKeyspace {
  const memories = Array.from({ length: shards }, () => {
    const m = arenaCreate(bytesMax, 0x1234567, 0x89abcde)
    keyspaceCreate(m, 16)
    return m
  })
  return keyspaceOn(memories)
}

/** A keyspace on arenas that exist, perhaps attached from another thread. */
export function keyspaceOn(memories: readonly Memory[]): TestKeyspace {
  const engine = new Engine(defaultSettings(), memories)
  engine.effects.enabled = true
  const reply = new Reply()
  let last: (string | Uint8Array)[] = []
  const keyspace: TestKeyspace = {
    engine,
    reply,
    now: 1_700_000_000_000,
    db: 0,
    call(...args) {
      last = args.map(arg => (typeof arg === 'number' ? String(arg) : arg))
      const req = requestOf(last)
      req.db = keyspace.db
      req.resp = reply.resp
      reply.length = 0
      let entry = findCommand(req.u8, req.at[0], req.length[0])
      if (entry !== undefined && entry.subcommands.length > 0)
        entry = findSubcommand(entry, req.u8, req.at[1], req.length[1])
      if (entry?.shard === undefined) throw new Error(`no shard command ${last[0]}`)
      if (arityFits(entry.command.arity, req.argc)) {
        const found: number[] = []
        findKeys(entry.command, req, found)
        const shard = found.length > 0 ? engine.shards[0].ofKey(req, found[0]) : engine.shards[0]
        execute(engine, entry.shard, shard, req, reply, keyspace.now)
      } else reply.error(wrongArguments(entry.fullName))
      const bytes = Buffer.from(reply.u8.subarray(0, reply.length))
      const frame = parseFrame(bytes, 0)
      if (frame === undefined || frame.raw.length !== bytes.length)
        throw new Error(`not one whole reply: ${bytes.toString('latin1')}`)
      return plain(frame)
    },
    effects() {
      const { effects, dirty } = engine
      const lines: string[] = []
      for (let i = 0; i < effects.count; i++) {
        if (effects.deletions[i] === 1) lines.push(`SELECT ${effects.dbs[i]}`)
        lines.push(...commandLines(effects.out.u8.subarray(effects.starts[i], effects.end(i))))
      }
      if (effects.verbatim && dirty > 0) lines.push(last.map(String).join(' '))
      return lines
    },
    check() {
      for (const { m, databases } of engine.shards) {
        arenaCheck(m)
        for (let db = 0; db < databases; db++) {
          dictCheck(m, databaseKeys(m, keyspaceDatabase(m, db)))
          dictCheck(m, databaseExpires(m, keyspaceDatabase(m, db)))
          valuesCheck(m, databaseKeys(m, keyspaceDatabase(m, db)))
        }
      }
    },
  }
  return keyspace
}

/** Holds the invariants of every value in a table of entries. */
function valuesCheck(m: Memory, keys: DictRef): void {
  const walk = new DictWalk()
  walk.start(m, keys)
  for (let item = walk.next(); item !== 0; item = walk.next()) {
    const entry = item as number as EntryRef
    if (entryType(m, entry) === TYPE.SET) setCheck(m, entry)
    else if (entryType(m, entry) === TYPE.HASH) hashCheck(m, entry)
  }
}

function commandLines(bytes: Uint8Array): string[] {
  const buffer = Buffer.from(bytes)
  const lines: string[] = []
  for (let at = 0; at < buffer.length; ) {
    const frame = parseFrame(buffer, at)
    if (frame === undefined) throw new Error('effects are whole commands')
    lines.push((plain(frame) as Value[]).map(String).join(' '))
    at += frame.raw.length
  }
  return lines
}
