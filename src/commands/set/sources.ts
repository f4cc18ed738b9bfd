// The sets that a command of set algebra reads, each in the memory of its own shard, and the set it makes of them.

import { SETTING } from '../../config/settings.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import { ENCODING, type EntryRef, entryCreate, entrySetValue, TYPE } from '../../store/entry.ts'
import { intsetCreate } from '../../store/intset.ts'
import type { Memory } from '../../store/memory.ts'
import { setCount, setHas } from '../../store/set.ts'
import type { SetMember } from '../../store/set-member.ts'
import { type Shard, WRONG } from '../../store/shard.ts'
import { valueRelease } from '../../store/value.ts'

/** Reusable list of sets; an entry of 0 is a key that does not exist. */
export class SetSources {
  readonly memories: Memory[] = []
  readonly entries: (EntryRef | 0)[] = []
  count = 0
  /** Whether every key exists. */
  complete = true

  /** Looks up the keys in arguments `first` to `last`. False after replying that one holds something else. */
  find(shard: Shard, req: Request, first: number, last: number, reply: Reply): boolean {
    this.count = 0
    this.complete = true
    for (let i = first; i <= last; i++) {
      const owner = shard.ofKey(req, i)
      const entry = owner.typed(req, i, TYPE.SET, reply)
      if (entry === WRONG) return false
      if (entry === 0) this.complete = false
      this.memories[this.count] = owner.m
      this.entries[this.count++] = entry
    }
    return true
  }

  size(i: number): number {
    const entry = this.entries[i]
    return entry === 0 ? 0 : setCount(this.memories[i], entry)
  }

  /** Whether sources `i` and `j` are the same set. */
  same(i: number, j: number): boolean {
    return this.entries[i] === this.entries[j] && this.memories[i] === this.memories[j]
  }

  has(i: number, member: SetMember): boolean {
    const entry = this.entries[i]
    return entry !== 0 && setHas(this.memories[i], entry, member)
  }

  /** Sorts the sources from index `first` on by size; equals stay in order. */
  sort(first: number, ascending: boolean): void {
    const { memories, entries } = this
    for (let i = first + 1; i < this.count; i++) {
      const memory = memories[i]
      const entry = entries[i]
      const size = this.size(i)
      let at = i
      for (; at > first && (ascending ? this.size(at - 1) > size : this.size(at - 1) < size); at--) {
        memories[at] = memories[at - 1]
        entries[at] = entries[at - 1]
      }
      memories[at] = memory
      entries[at] = entry
    }
  }
}

/** The one list of a thread: a command fills it anew. */
export const sources = new SetSources()

/** An empty set that bears the key in argument `i` but is in no table yet. */
export function resultCreate(target: Shard, req: Request, i: number): EntryRef {
  const m = target.m
  const value = intsetCreate(m)
  const result = entryCreate(m, TYPE.SET, ENCODING.INTSET, 0, 0, -1, req.u8, req.at[i], req.length[i])
  entrySetValue(m, result, value)
  return result
}

/** Puts a result in the place of whatever the key in argument 1 holds, nothing if it is empty. Replies its size. */
export function resultStore(target: Shard, req: Request, result: EntryRef, event: string, reply: Reply): void {
  const m = target.m
  const count = setCount(m, result)
  if (count === 0) {
    target.free(result)
    removeTarget(target, req, reply)
    return
  }
  const old = target.findKey(req.db, req.u8, req.at[1], req.length[1])
  if (old === 0) target.link(req.db, result)
  else {
    valueRelease(m, old)
    target.replaceEntry(req.db, old, result)
  }
  target.touched(req, 1, NOTIFY.SET, event)
  reply.integer(count)
}

/** Deletes the key in argument 1, since there is nothing to store in it. Replies 0. */
export function removeTarget(target: Shard, req: Request, reply: Reply): void {
  const old = target.findKey(req.db, req.u8, req.at[1], req.length[1])
  if (old !== 0) {
    const lazy = target.engine.settings[SETTING.lazyfreeLazyServerDel] !== 0
    target.discard(req.db, old, lazy)
    target.touched(req, 1, NOTIFY.GENERIC, 'del')
  }
  reply.integer(0)
}
