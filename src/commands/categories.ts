// ACL categories: which commands `+@read` and the like stand for. They follow from a command's flags and its group;
// its definition names what is beyond that.

import { ADMIN, BLOCKING, FAST, PUBSUB, READONLY, WRITE } from './command.ts'
import type { Entry } from './table.ts'

/** All categories, in the order in which ACL CAT and COMMAND INFO list them. */
export const CATEGORIES = [
  'keyspace',
  'read',
  'write',
  'set',
  'sortedset',
  'list',
  'hash',
  'string',
  'bitmap',
  'hyperloglog',
  'geo',
  'stream',
  'pubsub',
  'admin',
  'fast',
  'slow',
  'blocking',
  'dangerous',
  'connection',
  'transaction',
  'scripting',
] as const
export type Category = (typeof CATEGORIES)[number]

const BY_GROUP: Readonly<Record<string, Category | undefined>> = {
  bitmap: 'bitmap',
  connection: 'connection',
  generic: 'keyspace',
  geo: 'geo',
  hash: 'hash',
  hyperloglog: 'hyperloglog',
  list: 'list',
  pubsub: 'pubsub',
  scripting: 'scripting',
  set: 'set',
  'sorted-set': 'sortedset',
  stream: 'stream',
  string: 'string',
  transactions: 'transaction',
}

const known = new Map<Entry, readonly Category[]>()

/** The categories of a command, in CATEGORIES' order. */
export function categoriesOf(entry: Entry): readonly Category[] {
  const found = known.get(entry)
  if (found !== undefined) return found
  const categories = collect(entry)
  known.set(entry, categories)
  return categories
}

function collect({ command }: Entry): readonly Category[] {
  const { flags, group } = command
  const has = new Set<string>(command.categories)
  if ((flags & WRITE) !== 0) has.add('write')
  // A script that only reads may still be anything: it does not count as a read.
  if ((flags & READONLY) !== 0 && group !== 'scripting') has.add('read')
  if ((flags & ADMIN) !== 0) has.add('admin').add('dangerous')
  if ((flags & PUBSUB) !== 0) has.add('pubsub')
  if ((flags & BLOCKING) !== 0) has.add('blocking')
  has.add((flags & FAST) !== 0 ? 'fast' : 'slow')
  const ofGroup = BY_GROUP[group]
  if (ofGroup !== undefined && command.subcommands === undefined) has.add(ofGroup)
  return CATEGORIES.filter(category => has.has(category) && !has.has(`-${category}`))
}
