// PUBLISH and SPUBLISH. With one router there is no detour; with several, each counts its own subscribers.

import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import type { Client, Question, Router } from '../client.ts'
import { replyFromRouters } from '../client.ts'
import { FAST, LOADING, PUBSUB, type RouterCommand, STALE } from '../command.ts'

interface Message {
  readonly space: 'channel' | 'shard'
  readonly name: string
  readonly message: Uint8Array
}

export const publishQuestion: Question<Message, number> = {
  name: 'publish',
  answer: (router, { space, name, message }) => router.subscriptions.publish(space, name, message),
}

function publishTo(space: 'channel' | 'shard', client: Client, req: Request, reply: Reply, router: Router): void {
  const name = req.text(1)
  // Who listens at a replica gets it from there. The log has none of it: it changes no data.
  router.replication.replicate(client.db, req, 0)
  if (router.count === 1) {
    const { u8, at, length } = req
    reply.integer(router.subscriptions.publish(space, name, u8.subarray(at[2], at[2] + length[2])))
    return
  }
  const message: Message = { space, name, message: req.copy(2) }
  replyFromRouters(client, reply, router, publishQuestion, message, (out, counts) => {
    out.integer(counts.reduce((sum, count) => sum + count, 0))
  })
}

export const publish: RouterCommand = {
  name: 'PUBLISH',
  group: 'pubsub',
  since: '2.0.0',
  summary: 'Sends a message to all who listen to a channel.',
  complexity: 'O(N+M) where N is the number of subscribers of the channel and M the number of patterns',
  arity: 3,
  flags: PUBSUB | LOADING | STALE | FAST,
  args: [
    { name: 'channel', type: 'string' },
    { name: 'message', type: 'string' },
  ],
  serve: (client, req, reply, router) => publishTo('channel', client, req, reply, router),
}

export const spublish: RouterCommand = {
  name: 'SPUBLISH',
  group: 'pubsub',
  since: '7.0.0',
  summary: 'Sends a message to all who listen to a shard channel.',
  complexity: 'O(N) where N is the number of subscribers of the shard channel',
  arity: 3,
  flags: PUBSUB | LOADING | STALE | FAST,
  keys: [{ flags: ['not_key'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  args: [
    { name: 'shardchannel', type: 'string' },
    { name: 'message', type: 'string' },
  ],
  serve: (client, req, reply, router) => publishTo('shard', client, req, reply, router),
}
