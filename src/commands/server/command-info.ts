// What COMMAND and COMMAND INFO reply about a command, all of it from its definition.

import type { Reply } from '../../protocol/reply.ts'
import { categoriesOf } from '../categories.ts'
import { FLAG_NAMES, type KeySpec } from '../command.ts'
import type { Entry } from '../table.ts'

/** Writes a command's ten facts; those of its subcommands are the last of them. */
export function replyInfo(reply: Reply, entry: Entry): void {
  const { command, subcommands } = entry
  const { first, last, step } = keyRange(command.keys ?? [])
  reply.array(10)
  reply.latin1(entry.fullName)
  reply.integer(command.arity)
  const flags = FLAG_NAMES.filter(([flag]) => (command.flags & flag) !== 0)
  reply.set(flags.length)
  for (const [, name] of flags) reply.simple(name)
  reply.integer(first)
  reply.integer(last)
  reply.integer(step)
  const categories = categoriesOf(entry)
  reply.set(categories.length)
  for (const category of categories) reply.simple(`@${category}`)
  const tips = command.tips ?? []
  reply.set(tips.length)
  for (const tip of tips) reply.latin1(tip)
  const keys = command.keys ?? []
  reply.set(keys.length)
  for (const spec of keys) replyKeySpec(reply, spec)
  if (subcommands.length === 0) reply.set(0)
  else reply.array(subcommands.length)
  for (const subcommand of subcommands) replyInfo(reply, subcommand)
}

/** The old way to tell where keys are: first and last argument, and the step between; zeros when it cannot tell. */
function keyRange(specs: readonly KeySpec[]): { first: number; last: number; step: number } {
  const none = { first: 0, last: 0, step: 0 }
  const ranges: { first: number; last: number; step: number }[] = []
  for (const { begin, find } of specs) {
    if (begin === 'unknown' || !('index' in begin) || find === 'unknown' || !('last' in find)) continue
    const last = find.last < 0 ? find.last : begin.index + find.last
    ranges.push({ first: begin.index, last, step: find.step })
  }
  if (specs.length === 1) return ranges[0] ?? none
  // Several ranges are told as one if each begins where the one before ends; a gap hides all of them.
  for (let i = 0; i < ranges.length; i++) {
    if (ranges[i].step !== 1 || (i > 0 && ranges[i].first !== ranges[i - 1].last + 1)) return none
  }
  return ranges.length === 0 ? none : { first: ranges[0].first, last: ranges[ranges.length - 1].last, step: 1 }
}

function replyKeySpec(reply: Reply, { notes, flags, begin, find }: KeySpec): void {
  reply.map(notes === undefined ? 3 : 4)
  if (notes !== undefined) {
    reply.latin1('notes')
    reply.text(notes)
  }
  reply.latin1('flags')
  reply.set(flags.length)
  for (const flag of flags) reply.simple(flag)
  reply.latin1('begin_search')
  if (begin === 'unknown') replyFound(reply, 'unknown', [])
  else if ('index' in begin) replyFound(reply, 'index', [['index', begin.index]])
  else {
    replyFound(reply, 'keyword', [
      ['keyword', begin.keyword],
      ['startfrom', begin.from],
    ])
  }
  reply.latin1('find_keys')
  if (find === 'unknown') replyFound(reply, 'unknown', [])
  else if ('last' in find) {
    replyFound(reply, 'range', [
      ['lastkey', find.last],
      ['keystep', find.step],
      ['limit', find.limit],
    ])
  } else {
    replyFound(reply, 'keynum', [
      ['keynumidx', find.countAt],
      ['firstkey', find.first],
      ['keystep', find.step],
    ])
  }
}

function replyFound(reply: Reply, type: string, spec: readonly (readonly [string, string | number])[]): void {
  reply.map(2)
  reply.latin1('type')
  reply.latin1(type)
  reply.latin1('spec')
  reply.map(spec.length)
  for (const [name, value] of spec) {
    reply.latin1(name)
    if (typeof value === 'number') reply.integer(value)
    else reply.latin1(value)
  }
}
