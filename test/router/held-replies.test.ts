// Replies that wait for the disk: none leaves before the disk has what was written when it was given, all leave in order,
// and what comes while one batch waits goes out together after the next sync.

import { expect, test } from 'vitest'
import type { Connection } from '../../src/router/connection.ts'
import { HeldReplies } from '../../src/router/held-replies.ts'
import { chooseSeed, randomFrom } from '../support/random.ts'

const seed = chooseSeed()

/** Two logs of which the test says how far the kernel and the disk have them. */
class Logs {
  readonly written = new Int32Array(2)
  readonly onDisk = new Int32Array(2)

  noteAppended(positions: Int32Array): void {
    positions.set(this.written)
  }

  isOnDisk(positions: Int32Array): boolean {
    return positions.every((position, shard) => position <= this.onDisk[shard])
  }
}

function start() {
  const logs = new Logs()
  const sent: string[] = []
  const held = new HeldReplies(logs, 2, (client, bytes) => {
    sent.push(`${client.id}:${bytes.length > 50 ? bytes.length : bytes}`)
    return true
  })
  const clients = [1, 2].map(id => ({ id, heldBytes: 0 }) as Connection)
  return { logs, sent, held, clients }
}

test('a batch leaves when the disk has what was written by then; what came since waits for the next sync', () => {
  const { logs, sent, held, clients } = start()
  const [first, second] = clients
  logs.written.set([10, 20])
  expect(held.add(first, Buffer.from('a'))).toBe(true)
  expect([held.bytes, held.isDue]).toEqual([1, true])
  held.look()
  expect([sent.length, held.isDue]).toEqual([0, false])
  logs.written.set([15, 20])
  held.add(second, Buffer.from('bc'))
  held.add(first, Buffer.from('d'))
  logs.onDisk.set([10, 19])
  held.look()
  expect([sent, held.bytes, first.heldBytes, second.heldBytes]).toEqual([[], 4, 2, 2])
  logs.onDisk.set([10, 20])
  expect(held.isDue).toBe(true)
  held.look()
  expect(sent).toEqual(['1:a'])
  expect([held.bytes, held.isDue]).toEqual([3, false])
  logs.onDisk.set([15, 20])
  held.look()
  expect([sent, held.bytes, first.heldBytes, second.heldBytes]).toEqual([['1:a', '2:bc', '1:d'], 0, 0, 0])
})

test('while the disk hangs few batches wait, nothing is due, and one sync of all lets all go', () => {
  const { logs, sent, held, clients } = start()
  for (let turn = 1; turn <= 100; turn++) {
    logs.written[0] = turn
    held.add(clients[0], Buffer.from(`${turn}`))
    held.look()
    expect(held.isDue).toBe(false)
  }
  // What joined the last batch late waits for all that was written before it was closed.
  logs.onDisk[0] = 8
  held.look()
  expect([sent.length, held.isDue]).toEqual([8, false])
  logs.onDisk[0] = 99
  held.look()
  expect(sent.length).toBe(8)
  logs.onDisk[0] = 100
  held.look()
  expect([sent.length, sent.at(-1), held.bytes]).toEqual([100, '1:100', 0])
})

test('what the disk has by chance already leaves at once', () => {
  const { logs, sent, held, clients } = start()
  logs.written.set([5, 5])
  logs.onDisk.set([5, 5])
  held.add(clients[0], Buffer.from('a'))
  held.look()
  expect([sent, held.bytes]).toEqual([['1:a'], 0])
})

test('long replies are kept where they are, and leave in their turn', () => {
  const { logs, sent, held, clients } = start()
  const long = Buffer.alloc(100_000, 'x')
  logs.written.set([1, 0])
  expect(held.add(clients[0], Buffer.from('a'))).toBe(true)
  expect(held.add(clients[0], long)).toBe(false)
  expect(held.add(clients[0], Buffer.from('b'))).toBe(true)
  held.look()
  logs.onDisk.set([1, 0])
  held.look()
  expect([sent, clients[0].heldBytes]).toEqual([['1:a', '1:100000', '1:b'], 0])
})

test(`whatever the order of writes, syncs and looks, every reply leaves once, in order, on time (SKEP_SEED=${seed})`, () => {
  const random = randomFrom(seed)
  const { logs, sent, held, clients } = start()
  /** What is to leave, and how far the disk must be before. */
  const due: { text: string; at: number[] }[] = []
  let left = 0
  for (let i = 0; i < 5000; i++) {
    const what = random.int(0, 3)
    if (what === 0) logs.written[random.int(0, 1)] += random.int(1, 9)
    else if (what === 1) {
      const shard = random.int(0, 1)
      logs.onDisk[shard] = random.int(logs.onDisk[shard], logs.written[shard])
    } else if (what === 2) {
      const client = random.pick(clients)
      held.add(client, Buffer.from(`r${i}`))
      due.push({ text: `${client.id}:r${i}`, at: [...logs.written] })
    } else held.look()
    for (; left < sent.length; left++) {
      expect(sent[left]).toBe(due[left].text)
      expect(due[left].at.every((position, shard) => position <= logs.onDisk[shard])).toBe(true)
    }
  }
  logs.onDisk.set(logs.written)
  held.look()
  expect([sent.length, held.bytes]).toEqual([due.length, 0])
})
