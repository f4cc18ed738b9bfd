// The sorted sets and sets that a command of sorted-set algebra reads, each in the memory of its own shard. The members
// of a plain set have the score 1.

import { WRONG_TYPE } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { type EntryRef, entryType, TYPE } from '../../store/entry.ts'
import type { Memory } from '../../store/memory.ts'
import { SetWalk, setCount, setHas } from '../../store/set.ts'
import { SetMember } from '../../store/set-member.ts'
import type { Shard } from '../../store/shard.ts'
import { zsetLength, zsetScore } from '../../store/zset.ts'
import { ZsetWalk } from '../../store/zset-walk.ts'

const probe = new SetMember()

/** One key that is read. */
export class Source {
  #m!: Memory
  #entry: EntryRef | 0 = 0
  #isSet = false
  weight = 1
  /** Members; 0 for a key that does not exist. */
  size = 0

  look(m: Memory, entry: EntryRef | 0): void {
    this.#m = m
    this.#entry = entry
    this.weight = 1
    this.#isSet = entry !== 0 && entryType(m, entry) === TYPE.SET
    if (entry === 0) this.size = 0
    else this.size = this.#isSet ? setCount(m, entry) : zsetLength(m, entry)
  }

  /** Whether both are the same key. */
  same(other: Source): boolean {
    return this.#entry === other.#entry && this.#m === other.#m
  }

  /** The score of a member, NaN if it is not there. */
  score(bytes: Uint8Array, at: number, length: number): number {
    const entry = this.#entry
    if (entry === 0) return Number.NaN
    if (!this.#isSet) return zsetScore(this.#m, entry, bytes, at, length)
    probe.set(bytes, at, length)
    return setHas(this.#m, entry, probe) ? 1 : Number.NaN
  }

  /** Starts the walk that suits its kind at the first member; neither if the key does not exist. */
  start(zsetWalk: ZsetWalk, setWalk: SetWalk): void {
    const entry = this.#entry
    if (entry === 0) return
    if (this.#isSet) setWalk.start(this.#m, entry)
    else zsetWalk.start(this.#m, entry, 0, false)
  }

  get isSet(): boolean {
    return this.#isSet
  }
}

/** A walk over a source of either kind, in the set's order if it has one. */
export class SourceWalk {
  readonly #zset = new ZsetWalk()
  readonly #set = new SetWalk()
  #isSet = false
  #isEmpty = true
  u8!: Uint8Array
  at = 0
  length = 0
  score = 1

  start(source: Source): void {
    this.#isEmpty = source.size === 0
    this.#isSet = source.isSet
    source.start(this.#zset, this.#set)
  }

  next(): boolean {
    if (this.#isEmpty) return false
    if (this.#isSet) {
      if (!this.#set.next()) return false
      const { member } = this.#set
      this.u8 = member.bytes
      this.at = member.at
      this.length = member.length
      this.score = 1
      return true
    }
    const walk = this.#zset
    if (!walk.next()) return false
    this.u8 = walk.u8
    this.at = walk.at
    this.length = walk.length
    this.score = walk.score
    return true
  }
}

/** Reusable list of sources. */
export class Sources {
  readonly #all: Source[] = []
  count = 0

  at(i: number): Source {
    return this.#all[i]
  }

  /** Looks up `count` keys from argument `first` on. Returns false after replying that one holds something else. */
  find(shard: Shard, req: Request, first: number, count: number, reply: Reply): boolean {
    this.count = count
    while (this.#all.length < count) this.#all.push(new Source())
    for (let i = 0; i < count; i++) {
      const owner = shard.ofKey(req, first + i)
      const entry = owner.find(req, first + i)
      if (entry !== 0) {
        const type = entryType(owner.m, entry)
        if (type !== TYPE.ZSET && type !== TYPE.SET) {
          reply.error(WRONG_TYPE)
          return false
        }
      }
      this.#all[i].look(owner.m, entry)
    }
    return true
  }

  /** Sorts by size, the smallest first; equals stay in order, which decides how sums are rounded. */
  sort(): void {
    const all = this.#all
    for (let i = 1; i < this.count; i++) {
      const source = all[i]
      let at = i
      for (; at > 0 && all[at - 1].size > source.size; at--) all[at] = all[at - 1]
      all[at] = source
    }
  }
}
