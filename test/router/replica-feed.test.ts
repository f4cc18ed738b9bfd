// What a replica is fed: the stream as far as it goes, and nothing of a history that it knows by another id.

import { expect, test } from 'vitest'
import { ReplicationStream, streamPagesCreate } from '../../src/replica/stream.ts'
import type { Connection } from '../../src/router/connection.ts'
import { ReplicaFeed } from '../../src/router/replica-feed.ts'
import { REPLICA_STATE, ReplicationBlock, replicationBlockCreate } from '../../src/shared/replication-block.ts'

function start() {
  const stream = new ReplicationStream(
    new ReplicationBlock(replicationBlockCreate()),
    streamPagesCreate(),
    () => 1 << 20,
  )
  const { block } = stream
  block.lock()
  stream.activate()
  block.unlock()
  const sent: string[] = []
  const socket = {
    writableLength: 0,
    cork: () => undefined,
    uncork: () => undefined,
    write: (bytes: Buffer) => void sent.push(bytes.toString()),
  }
  const add = (text: string): void => stream.append(Buffer.from(text), 0, text.length)
  const attach = (): ReplicaFeed => {
    const row = block.claim(0, 1)
    stream.attach(row, stream.end)
    const feed = new ReplicaFeed(stream, { socket, closing: false, closed: false } as unknown as Connection, row)
    feed.state = REPLICA_STATE.ONLINE
    return feed
  }
  return { block, add, attach, sent }
}

test('what comes under another id is for those only that have come since', () => {
  const { block, add, attach, sent } = start()
  const feed = attach()
  add('before')
  expect([feed.feed(), sent]).toEqual([6, ['before']])
  block.lock()
  block.rename('b'.repeat(40))
  block.unlock()
  add('after')
  expect([feed.feed(), sent]).toEqual([0, ['before']])
  const later = attach()
  add('wards')
  expect([later.feed(), sent]).toEqual([5, ['before', 'wards']])
})
