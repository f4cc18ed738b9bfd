// The command table: joins the groups, checks the whole at start, and finds a command by its name's bytes.

import { assert } from '../bytes/assert.ts'
import type { Request } from '../protocol/request.ts'
import type { Command, ContainerCommand, RouterCommand, ShardCommand } from './command.ts'
import { groups } from './groups.ts'

/** A command, or a subcommand, with its place in the table. */
export interface Entry {
  /** Index in `entries`; commands and subcommands alike. Threads of one process agree on it, nothing else does. */
  readonly id: number
  /** Lower case, `get` or `client|kill`, as errors and statistics name it. */
  readonly fullName: string
  readonly command: Command
  readonly parent: Entry | undefined
  readonly subcommands: readonly Entry[]
  /** The argument that is its one key, for commands that always have exactly one there; else 0. */
  readonly singleKey: number
  /** Set where the command runs on a shard. */
  readonly shard: ShardCommand | undefined
  /** Set where it runs on the router. */
  readonly router: RouterCommand | undefined
}

const SLOTS = 4096
const all: Entry[] = []
const top: Entry[] = []
const slots = new Int16Array(SLOTS).fill(-1)
const names: Uint8Array[] = []

function enter(command: Command, parent: Entry | undefined): Entry {
  const container = command.subcommands === undefined ? undefined : (command as ContainerCommand)
  const subcommands: Entry[] = []
  const entry: Entry = {
    id: all.length,
    fullName: (parent === undefined ? '' : `${parent.fullName}|`) + command.name.toLowerCase(),
    command,
    parent,
    subcommands,
    singleKey: singleKeyOf(command),
    shard: 'run' in command ? command : undefined,
    router: 'serve' in command && command.serve !== undefined ? (command as RouterCommand) : undefined,
  }
  assert(command.name === command.name.toUpperCase(), 'command names are upper case')
  all.push(entry)
  if (parent === undefined) {
    top.push(entry)
    place(entry)
  }
  for (const sub of container?.subcommands ?? []) subcommands.push(enter(sub, entry))
  return entry
}

function singleKeyOf(command: Command): number {
  if (!('run' in command) || command.locks === 'all' || command.findKeys !== undefined) return 0
  const [spec, ...others] = command.keys ?? []
  if (spec === undefined || others.length > 0 || spec.begin === 'unknown' || spec.find === 'unknown') return 0
  if (!('index' in spec.begin) || !('last' in spec.find) || spec.find.last !== 0) return 0
  return spec.begin.index
}

function place(entry: Entry): void {
  names[entry.id] = new Uint8Array(Buffer.from(entry.fullName, 'latin1'))
  placeName(entry)
}

function placeName(entry: Entry): void {
  const name = names[entry.id]
  let slot = nameHash(name, 0, name.length)
  while (slots[slot] >= 0) {
    assert(all[slots[slot]].fullName !== entry.fullName, 'command names are unique')
    slot = (slot + 1) & (SLOTS - 1)
  }
  slots[slot] = entry.id
}

function nameHash(u8: Uint8Array, at: number, length: number): number {
  let hash = length
  for (let i = 0; i < length; i++) hash = (Math.imul(hash, 31) + (u8[at + i] | 0x20)) | 0
  return (hash ^ (hash >>> 12)) & (SLOTS - 1)
}

for (const group of groups) for (const command of group) enter(command, undefined)

/**
 * rename-command: commands answer to new names; to none where that is empty. Returns why that cannot be. Names in
 * statistics, ACL rules and replies stay what they were.
 */
export function renameCommands(renames: readonly (readonly [from: string, to: string])[]): string | undefined {
  for (const [from, to] of renames) {
    const entry = findNamed(from)
    if (entry === undefined) return 'No such command in rename-command'
    if (to !== '' && findNamed(to) !== undefined) return 'Target command name already exists'
    names[entry.id] = new Uint8Array(Buffer.from(to.toLowerCase(), 'latin1'))
    slots.fill(-1)
    for (const each of top) if (names[each.id].length > 0) placeName(each)
  }
  return undefined
}

function findNamed(name: string): Entry | undefined {
  const bytes = new Uint8Array(Buffer.from(name, 'latin1'))
  return findCommand(bytes, 0, bytes.length)
}

/** All commands and subcommands, by id. */
export const entries: readonly Entry[] = all
/** Commands without their subcommands. */
export const commands: readonly Entry[] = top

const NAME_BYTES_MAX = 64

/** The command named by these bytes, in any case; undefined if there is none. */
export function findCommand(u8: Uint8Array, at: number, length: number): Entry | undefined {
  if (length > NAME_BYTES_MAX) return undefined
  for (let slot = nameHash(u8, at, length); slots[slot] >= 0; slot = (slot + 1) & (SLOTS - 1)) {
    const id = slots[slot]
    if (isName(names[id], u8, at, length)) return all[id]
  }
  return undefined
}

function isName(name: Uint8Array, u8: Uint8Array, at: number, length: number): boolean {
  if (name.length !== length) return false
  for (let i = 0; i < length; i++) {
    const byte = u8[at + i]
    if (name[i] !== (byte >= 65 && byte <= 90 ? byte + 32 : byte)) return false
  }
  return true
}

/** The subcommand named by these bytes. */
export function findSubcommand(parent: Entry, u8: Uint8Array, at: number, length: number): Entry | undefined {
  const name = Buffer.from(u8.subarray(at, at + Math.min(length, NAME_BYTES_MAX + 1))).toString('latin1')
  const upper = name.toUpperCase()
  return parent.subcommands.find(entry => entry.command.name === upper)
}

/**
 * What a request names: a command, or the subcommand that its next word names; the command itself if there is none such.
 * `command` is what its first word names.
 */
export function findEntry(req: Request, command = findCommand(req.u8, req.at[0], req.length[0])): Entry | undefined {
  if (command === undefined || command.subcommands.length === 0 || req.argc < 2) return command
  return findSubcommand(command, req.u8, req.at[1], req.length[1]) ?? command
}

/** A command by its full name, as in `client|kill`. Not for the hot path. */
export function commandByName(fullName: string): Entry | undefined {
  const wanted = fullName.toLowerCase()
  return all.find(entry => entry.fullName === wanted)
}
