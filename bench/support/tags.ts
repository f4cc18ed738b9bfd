// Hash tags that put keys on a chosen shard: slots are dealt out to shards in ranges of equal length.

import { keySlot } from '../../src/bytes/crc16.ts'

const SLOTS = 16_384

/** A tag whose keys lie on the shard `shard` of `shards`. */
export function tagOn(shard: number, shards: number): string {
  for (let i = 0; ; i++) {
    const tag = Buffer.from(`t${i}`)
    if (Math.floor((keySlot(tag, 0, tag.length) * shards) / SLOTS) === shard) return tag.toString()
  }
}
