// What a thread changes, put into the stream: at once, or put off while it stays where it was read.

import { expect, test } from 'vitest'
import type { JournalRecord } from '../../src/commands/journal.ts'
import { StreamConsumer } from '../../src/replica/consumer.ts'
import { ReplicationStream, streamPagesCreate } from '../../src/replica/stream.ts'
import { ReplicationBlock, replicationBlockCreate } from '../../src/shared/replication-block.ts'
import { randomFrom } from '../support/random.ts'

const BACKLOG_BYTES = 1 << 20

function newStream(): ReplicationStream {
  const stream = new ReplicationStream(
    new ReplicationBlock(replicationBlockCreate()),
    streamPagesCreate(),
    () => BACKLOG_BYTES,
  )
  stream.block.lock()
  stream.activate()
  stream.block.unlock()
  return stream
}

/** A record of one operation: u8[start … end). */
const recordOf = (u8: Uint8Array, start: number, end: number, db: number, stays: boolean): JournalRecord => ({
  u8,
  count: 1,
  isTransaction: false,
  shards: Int32Array.of(0),
  shardCount: 1,
  stays,
  start: () => start,
  end: () => end,
  db: () => db,
})

function textOf(stream: ReplicationStream): string {
  let text = ''
  for (let at = 0; at < stream.end; ) {
    const piece = stream.piece(at, stream.end)
    text += piece.toString('latin1')
    at += piece.length
  }
  return text
}

const select = (db: number): string => `*2\r\n$6\r\nSELECT\r\n$1\r\n${db}\r\n`

test('what stays is appended with the next that is no neighbour, or when it is asked for', () => {
  const stream = newStream()
  const consumer = new StreamConsumer(stream)
  const batch = Buffer.from('aabbccdd')
  consumer.append(recordOf(batch, 0, 2, 0, true))
  consumer.append(recordOf(batch, 2, 4, 0, true))
  expect(stream.end).toBe(0)
  consumer.append(recordOf(batch, 6, 8, 0, true))
  expect(textOf(stream)).toBe(`${select(0)}aabb`)
  consumer.catchUp()
  consumer.catchUp()
  expect(textOf(stream)).toBe(`${select(0)}aabbdd`)
})

test('the stream has every operation once, in order, in its database, whatever was put off', () => {
  const random = randomFrom(Number(process.env.SEED ?? Date.now()))
  const stream = newStream()
  const consumer = new StreamConsumer(stream)
  let expected = ''
  let selected = -1
  for (let round = 0; round < 200; round++) {
    const batch = Buffer.from(Array.from({ length: 64 }, () => random.int(97, 122)))
    for (let at = 0; at < batch.length; ) {
      const end = Math.min(batch.length, at + random.int(1, 9))
      const db = random.chance(0.2) ? random.int(0, 3) : Math.max(0, selected)
      const isLeftOut = random.chance(0.1)
      if (!isLeftOut) {
        const stays = random.chance(0.8)
        const own = Buffer.from(batch.subarray(at, end))
        consumer.append(stays ? recordOf(batch, at, end, db, true) : recordOf(own, 0, own.length, db, false))
        if (db !== selected) expected += select(db)
        selected = db
        expected += own.toString('latin1')
      }
      if (random.chance(0.1)) consumer.catchUp()
      at = end
    }
    consumer.catchUp()
    batch.fill('#')
  }
  expect(textOf(stream), `seed ${random.seed}`).toBe(expected)
})
