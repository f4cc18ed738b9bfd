// The stream against a plain buffer of all bytes ever appended.

import { expect, test } from 'vitest'
import { PAGE, ReplicationStream, streamPagesCreate } from '../../src/replica/stream.ts'
import { LOST_POSITION, ReplicationBlock, replicationBlockCreate } from '../../src/shared/replication-block.ts'
import { randomFrom } from '../support/random.ts'

function make(backlogBytes: number, pagesMax?: number): ReplicationStream {
  const block = new ReplicationBlock(replicationBlockCreate())
  return new ReplicationStream(block, streamPagesCreate(pagesMax), () => backlogBytes)
}

function activate(stream: ReplicationStream, offset = 0): void {
  stream.block.lock()
  stream.restart(offset)
  stream.block.unlock()
}

/** What a replica at `position` would be sent. */
function read(stream: ReplicationStream, position: number): Buffer {
  const pieces: Buffer[] = []
  for (let at = position; at < stream.end; ) {
    const piece = stream.piece(at, stream.end)
    pieces.push(Buffer.from(piece))
    at += piece.length
  }
  return Buffer.concat(pieces)
}

test('bytes come back as they were appended, from any offset that is kept', () => {
  const random = randomFrom(Number(process.env.SEED ?? Date.now()))
  const start = random.int(0, 3 * PAGE)
  const backlog = 3 * PAGE
  const stream = make(backlog)
  activate(stream, start)
  let all = Buffer.alloc(0)
  for (let i = 0; i < 400; i++) {
    const bytes = random.bytes(random.chance(0.05) ? random.int(0, 3 * PAGE) : random.int(0, 500))
    stream.append(bytes, 0, bytes.length)
    all = Buffer.concat([all, bytes])
    const first = stream.first()
    expect(first, `seed ${random.seed}`).toBe(Math.max(start, stream.end - backlog))
    expect(stream.end).toBe(start + all.length)
    const from = random.int(first, stream.end)
    expect(read(stream, from).equals(all.subarray(from - start)), `seed ${random.seed}, offset ${from}`).toBe(true)
  }
})

test('what a replica has yet to get is kept beyond the backlog, once for all, and given back when it is gone', () => {
  const stream = make(PAGE)
  activate(stream)
  const { block } = stream
  const row = block.claim(0, 7)
  expect(stream.attach(row, 0)).toBe(true)
  const bytes = Buffer.alloc(PAGE, 'x')
  for (let i = 0; i < 50; i++) stream.append(bytes, 0, PAGE)
  expect(stream.first()).toBe(0)
  expect(stream.bytes).toBeGreaterThanOrEqual(50 * PAGE)
  const held = stream.bytes
  const other = block.claim(0, 8)
  expect(stream.attach(other, 10 * PAGE)).toBe(true)
  expect(stream.bytes).toBe(held)
  block.release(row)
  stream.trim()
  expect(stream.first()).toBe(10 * PAGE)
  block.release(other)
  stream.trim()
  expect(stream.first()).toBe(49 * PAGE)
  expect(stream.bytes).toBeLessThanOrEqual(2 * PAGE)
  expect(stream.attach(block.claim(0, 9), 10 * PAGE)).toBe(false)
})

test('when the pages are used up the replica that is farthest behind loses its place, not the writer', () => {
  const stream = make(PAGE, 8)
  activate(stream)
  const { block } = stream
  const slow = block.claim(0, 1)
  const quick = block.claim(0, 2)
  stream.attach(slow, 0)
  stream.attach(quick, 0)
  const bytes = Buffer.alloc(PAGE, 'y')
  for (let i = 0; i < 20; i++) {
    stream.append(bytes, 0, PAGE)
    block.setPosition(quick, stream.end)
  }
  expect(block.position(slow)).toBe(LOST_POSITION)
  expect(block.position(quick)).toBe(20 * PAGE)
  expect(read(stream, 19 * PAGE).equals(bytes)).toBe(true)
})

test('SELECT stands before the first command of another database, and only there', () => {
  const stream = make(PAGE)
  activate(stream)
  const ping = Buffer.from('*1\r\n$4\r\nPING\r\n')
  stream.block.lock()
  for (const db of [3, 3, 0]) stream.addInDatabase(db, ping, 0, ping.length)
  stream.block.unlock()
  const select = (db: number): string => `*2\r\n$6\r\nSELECT\r\n$1\r\n${db}\r\n`
  expect(read(stream, 0).toString()).toBe(`${select(3)}${ping}${ping}${select(0)}${ping}`)
})

test('nothing is kept before the stream is active, but offsets go on', () => {
  const stream = make(PAGE)
  stream.append(Buffer.from('abc'), 0, 3)
  expect(stream.end).toBe(3)
  activate(stream, stream.end)
  stream.append(Buffer.from('de'), 0, 2)
  expect(stream.attach(stream.block.claim(0, 1), 2)).toBe(false)
  expect(read(stream, 3).toString()).toBe('de')
})
