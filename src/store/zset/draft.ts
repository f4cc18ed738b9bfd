// A sorted set in the making: members gathered in any order, then turned into a small or large set at once.
//
// It serves whatever makes a whole set: ZUNIONSTORE and its family, GEOSEARCHSTORE, ZRANGESTORE, loading a snapshot. One
// that is not finished must be dropped, for its members are blocks of the arena it was started in.

import { SETTING } from '../../config/settings.ts'
import { release } from '../arena.ts'
import { type DictRef, dictAdd, dictCreate, dictFind, dictRelease } from '../dict.ts'
import { ENCODING, type Encoding } from '../entry.ts'
import { itemKeyAt, itemKeyLength, keyHash } from '../item.ts'
import type { Memory } from '../memory.ts'
import { type MemberRef, memberCreate, memberScore, memberSetScore } from './member.ts'
import { type PackRef, packAppend, packCreate, packPairBytes } from './pack.ts'
import { sortMembers } from './sort.ts'
import { treeBuild } from './tree-build.ts'

export class Draft {
  #m!: Memory
  #members: Uint32Array = new Uint32Array(64)
  #count = 0
  #dict: DictRef | 0 = 0
  #longest = 0
  /** After `finish`: the encoding that goes with the value it returned. */
  encoding: Encoding = ENCODING.LISTPACK

  /** Begins a set in the arena of `m`. */
  start(m: Memory): void {
    this.#m = m
    this.#count = 0
    this.#dict = 0
    this.#longest = 0
  }

  get count(): number {
    return this.#count
  }

  /** Member `i`: in the order they came, or after `sort` in the set's. */
  member(i: number): MemberRef {
    return this.#members[i] as MemberRef
  }

  /** Adds a member that was not added before, which the caller knows. Not to be mixed with `merge`. */
  add(score: number, bytes: Uint8Array, at: number, length: number): MemberRef {
    const member = memberCreate(this.#m, score, bytes, at, length)
    if (this.#count === this.#members.length) this.#grow()
    this.#members[this.#count++] = member
    if (length > this.#longest) this.#longest = length
    return member
  }

  /** The member of these bytes if it was merged before; else adds it and returns 0. */
  merge(score: number, bytes: Uint8Array, at: number, length: number): MemberRef | 0 {
    const m = this.#m
    if (this.#dict === 0) this.#dict = dictCreate(m)
    const hash = keyHash(m, bytes, at, length)
    const found = dictFind(m, this.#dict, hash, bytes, at, length)
    if (found !== 0) return found as number as MemberRef
    dictAdd(m, this.#dict, hash, this.add(score, bytes, at, length))
    return 0
  }

  score(member: MemberRef): number {
    return memberScore(this.#m, member)
  }

  setScore(member: MemberRef, score: number): void {
    memberSetScore(this.#m, member, score)
  }

  #grow(): void {
    const larger = new Uint32Array(this.#count * 2)
    larger.set(this.#members)
    this.#members = larger
  }

  /** Puts the members in order. */
  sort(): void {
    this.#members = sortMembers(this.#m, this.#members, this.#count)
  }

  /** Makes the set, in the form that the settings ask for, and returns its value; `encoding` tells which form. */
  finish(settings: Float64Array): number {
    this.sort()
    const isSmall =
      this.#count <= settings[SETTING.zsetMaxListpackEntries] && this.#longest <= settings[SETTING.zsetMaxListpackValue]
    this.encoding = isSmall ? ENCODING.LISTPACK : ENCODING.SKIPLIST
    const value = isSmall ? this.#pack() : treeBuild(this.#m, this.#members, this.#count, this.#dict)
    if (isSmall) this.drop()
    this.#forget()
    return value
  }

  #pack(): PackRef {
    const m = this.#m
    let bytes = 0
    for (let i = 0; i < this.#count; i++) {
      bytes += packPairBytes(memberScore(m, this.member(i)), itemKeyLength(m, this.member(i)))
    }
    let pack = packCreate(m, bytes)
    for (let i = 0; i < this.#count; i++) {
      const member = this.member(i)
      const length = itemKeyLength(m, member)
      pack = packAppend(m, pack, memberScore(m, member), m.u8, itemKeyAt(m, member), length)
    }
    return pack
  }

  /** Gives the members back; nothing comes of the set. */
  drop(): void {
    const m = this.#m
    for (let i = 0; i < this.#count; i++) release(m, this.#members[i])
    if (this.#dict !== 0) dictRelease(m, this.#dict)
    this.#forget()
  }

  /** A large set leaves no large arrays behind. */
  #forget(): void {
    this.#count = 0
    this.#dict = 0
    if (this.#members.length > 65536) this.#members = new Uint32Array(64)
  }
}
