// Members of a sorted set one by one, in no order: drawn at random, or by their item in a large set's hash table.

import { dictRandom } from './dict-walk.ts'
import { type EntryRef, entryValue } from './entry.ts'
import { itemKeyAt, itemKeyLength } from './item.ts'
import type { Memory } from './memory.ts'
import { type MemberRef, memberScore } from './zset/member.ts'
import { packCount, packMemberAt, packMemberLength, packScore, packSeek } from './zset/pack.ts'
import { isPack, zsetDict } from './zset.ts'

/** Shows the member it was last told to; one object serves any number, one at a time. */
export class ZsetPick {
  /** Where the member's bytes lie: the arena. */
  u8!: Uint8Array
  at = 0
  length = 0
  score = 0

  /** Draws a member, each as likely as any other. Returns what tells it from the others while the set stays as it is. */
  random(m: Memory, entry: EntryRef): number {
    if (!isPack(m, entry)) {
      const member = dictRandom(m, zsetDict(m, entry)) as number as MemberRef
      this.item(m, member)
      return member
    }
    const pack = entryValue<'zset pack'>(m, entry)
    const position = packSeek(m, pack, Math.floor(Math.random() * packCount(m, pack)))
    this.u8 = m.u8
    this.at = packMemberAt(m, pack, position)
    this.length = packMemberLength(m, pack, position)
    this.score = packScore(m, pack, position)
    return position
  }

  /** Shows the member behind an item of a large set's hash table. */
  item(m: Memory, item: number): void {
    const member = item as MemberRef
    this.u8 = m.u8
    this.at = itemKeyAt(m, member)
    this.length = itemKeyLength(m, member)
    this.score = memberScore(m, member)
  }
}
