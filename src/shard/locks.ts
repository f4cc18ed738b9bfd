// Which locks a command needs, and taking them.

import { findKeys } from '../commands/keys.ts'
import type { Entry } from '../commands/table.ts'
import type { Request } from '../protocol/request.ts'
import { lockWord } from '../shared/control.ts'
import { lockTryAll, lockWaitAll, unlock } from '../shared/lock.ts'
import type { Engine } from '../store/engine.ts'
import { hasFarWaiters, needsFar } from '../store/marks.ts'
import { memoryRefresh } from '../store/memory.ts'
import type { Shard } from '../store/shard.ts'

/** The shards of one command, and their locks. One per thread, reused. */
export class LockSet {
  /** Shard indexes, ascending. */
  readonly shards: Int32Array
  readonly #words: Int32Array
  count = 0
  readonly #control: Int32Array
  readonly #found: number[] = []
  readonly #member: Uint8Array

  constructor(control: Int32Array, shards: number) {
    this.#control = control
    this.shards = new Int32Array(shards)
    this.#words = new Int32Array(shards)
    this.#member = new Uint8Array(shards)
  }

  /**
   * Finds the shards that `entry` with these arguments needs. Returns the shard to run it on: its first key's, or the
   * first one. A command whose keys cannot be made out gets the first shard: it replies an error without looking.
   */
  resolve(engine: Engine, entry: Entry, req: Request): Shard {
    const { shards } = engine
    const locks = entry.shard?.locks
    if (locks === undefined && entry.singleKey > 0) {
      const shard = shards[0].ofKey(req, entry.singleKey)
      this.#only(shard.index)
      return shard
    }
    if (locks === 'all' || (typeof locks === 'function' && locks(req) === 'all')) {
      this.#all(shards.length)
      const found = this.#keys(entry, req)
      return found.length > 0 ? shards[0].ofKey(req, found[0]) : shards[0]
    }
    const found = this.#keys(entry, req)
    if (found.length === 0) {
      this.#only(0)
      return shards[0]
    }
    const first = shards[0].ofKey(req, found[0])
    this.#only(first.index)
    for (let i = 1; i < found.length; i++) this.#add(shards[0].ofKey(req, found[i]).index)
    if (this.count > 1) this.#sort(shards.length)
    return first
  }

  // ---- put together shard by shard

  /** Begins a set that `add` fills and `seal` completes. */
  clear(): void {
    for (let i = 0; i < this.#member.length; i++) this.#member[i] = 0
    this.count = 0
  }

  add(index: number): void {
    this.#add(index)
  }

  seal(): void {
    this.#sort(this.#member.length)
  }

  has(index: number): boolean {
    for (let i = 0; i < this.count; i++) if (this.shards[i] === index) return true
    return false
  }

  /**
   * Whether serving waiters of these shards, which are locked, could need locks of others: then nothing may be written
   * before those are held as well.
   */
  isOpen(engine: Engine): boolean {
    for (let i = 0; i < this.count; i++) {
      const { m } = engine.shards[this.shards[i]]
      if (!hasFarWaiters(m)) continue
      for (let other = 0; other < engine.shards.length; other++) if (needsFar(m, other) && !this.has(other)) return true
    }
    return false
  }

  /**
   * Takes all locks, and those that serving waiters could need, sleeping while one is busy. Returns false, having none, if
   * one did not come within `msMax`.
   */
  takeClosed(engine: Engine, msMax?: number): boolean {
    for (;;) {
      if (!this.take(msMax)) return false
      this.refresh(engine)
      if (!this.isOpen(engine)) return true
      this.#member.fill(0)
      for (let i = 0; i < this.count; i++) {
        this.#member[this.shards[i]] = 1
        const { m } = engine.shards[this.shards[i]]
        if (!hasFarWaiters(m)) continue
        for (let other = 0; other < engine.shards.length; other++) if (needsFar(m, other)) this.#member[other] = 1
      }
      this.release()
      this.count = this.#member.reduce((sum, member) => sum + member, 0)
      this.seal()
    }
  }

  /** Catches up with what other threads did to these shards, once they are locked. */
  refresh(engine: Engine): void {
    for (let i = 0; i < this.count; i++) memoryRefresh(engine.shards[this.shards[i]].m)
  }

  // ---- taking them

  /** All shards. */
  resolveAll(engine: Engine): void {
    this.#all(engine.shards.length)
  }

  #keys(entry: Entry, req: Request): number[] {
    const found = this.#found
    found.length = 0
    if (!findKeys(entry.command, req, found)) found.length = 0
    return found
  }

  #all(count: number): void {
    this.count = count
    for (let i = 0; i < count; i++) {
      this.shards[i] = i
      this.#words[i] = lockWord(i)
    }
  }

  #only(index: number): void {
    for (let i = 0; i < this.#member.length; i++) this.#member[i] = i === index ? 1 : 0
    this.count = 1
    this.shards[0] = index
    this.#words[0] = lockWord(index)
  }

  #add(index: number): void {
    if (this.#member[index] === 1) return
    this.#member[index] = 1
    this.count++
  }

  #sort(total: number): void {
    let at = 0
    for (let i = 0; i < total; i++) {
      if (this.#member[i] === 0) continue
      this.shards[at] = i
      this.#words[at++] = lockWord(i)
    }
  }

  /** Takes all locks or none, without waiting. */
  tryTake(): boolean {
    return lockTryAll(this.#control, this.#words, this.count) < 0
  }

  /** Takes all locks, sleeping while one is busy. Returns false, having none, if they did not come within `msMax`. */
  take(msMax?: number): boolean {
    return lockWaitAll(this.#control, this.#words, this.count, msMax)
  }

  release(): void {
    for (let i = this.count - 1; i >= 0; i--) unlock(this.#control, this.#words[i])
  }
}
