// SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE and their opposites: each name is confirmed by a message of its own.

import type { Reply } from '../../protocol/reply.ts'
import type { Client, Router } from '../client.ts'
import { type KeySpec, LOADING, NOSCRIPT, PUBSUB, type RouterCommand, type Serve, STALE } from '../command.ts'
import { confirm, countOf, type Space } from './registry.ts'

const FLAGS = PUBSUB | NOSCRIPT | LOADING | STALE
const CHANNEL_KEYS: readonly KeySpec[] = [
  { flags: ['not_key'], begin: { index: 1 }, find: { last: -1, step: 1, limit: 0 } },
]

/** Confirmations come even when CLIENT REPLY holds replies back. */
const outputOf = (client: Client, reply: Reply, router: Router): Reply =>
  client.replyMode === 'on' ? reply : router.outputFor(client)

const subscribeTo =
  (space: Space, word: string): Serve =>
  (client, req, reply, router) => {
    const out = outputOf(client, reply, router)
    for (let i = 1; i < req.argc; i++) {
      const name = req.text(i)
      router.subscriptions.add(client, space, name)
      confirm(out, word, name, countOf(client, space))
    }
  }

const unsubscribeFrom =
  (space: Space, word: string): Serve =>
  (client, req, reply, router) => {
    const { subscriptions } = router
    const out = outputOf(client, reply, router)
    const names =
      req.argc > 1
        ? Array.from({ length: req.argc - 1 }, (_, i) => req.text(i + 1))
        : subscriptions.namesOf(client, space)
    for (const name of names) {
      subscriptions.remove(client, space, name)
      confirm(out, word, name, countOf(client, space))
    }
    if (names.length === 0) confirm(out, word, undefined, countOf(client, space))
  }

export const subscribe: RouterCommand = {
  name: 'SUBSCRIBE',
  group: 'pubsub',
  since: '2.0.0',
  summary: 'Listens to channels.',
  complexity: 'O(N) where N is the number of channels',
  arity: -2,
  flags: FLAGS,
  args: [{ name: 'channel', type: 'string', flags: ['multiple'] }],
  serve: subscribeTo('channel', 'subscribe'),
}

export const unsubscribe: RouterCommand = {
  name: 'UNSUBSCRIBE',
  group: 'pubsub',
  since: '2.0.0',
  summary: 'Stops listening to channels, or to all of them.',
  complexity: 'O(N) where N is the number of channels',
  arity: -1,
  flags: FLAGS,
  args: [{ name: 'channel', type: 'string', flags: ['optional', 'multiple'] }],
  serve: unsubscribeFrom('channel', 'unsubscribe'),
}

export const psubscribe: RouterCommand = {
  name: 'PSUBSCRIBE',
  group: 'pubsub',
  since: '2.0.0',
  summary: 'Listens to all channels whose names match patterns.',
  complexity: 'O(N) where N is the number of patterns',
  arity: -2,
  flags: FLAGS,
  args: [{ name: 'pattern', type: 'block', flags: ['multiple'], args: [{ name: 'pattern', type: 'pattern' }] }],
  serve: subscribeTo('pattern', 'psubscribe'),
}

export const punsubscribe: RouterCommand = {
  name: 'PUNSUBSCRIBE',
  group: 'pubsub',
  since: '2.0.0',
  summary: 'Stops listening to patterns, or to all of them.',
  complexity: 'O(N) where N is the number of patterns',
  arity: -1,
  flags: FLAGS,
  args: [{ name: 'pattern', type: 'pattern', flags: ['optional', 'multiple'] }],
  serve: unsubscribeFrom('pattern', 'punsubscribe'),
}

export const ssubscribe: RouterCommand = {
  name: 'SSUBSCRIBE',
  group: 'pubsub',
  since: '7.0.0',
  summary: 'Listens to shard channels.',
  complexity: 'O(N) where N is the number of shard channels',
  arity: -2,
  flags: FLAGS,
  keys: CHANNEL_KEYS,
  args: [{ name: 'shardchannel', type: 'string', flags: ['multiple'] }],
  serve: subscribeTo('shard', 'ssubscribe'),
}

export const sunsubscribe: RouterCommand = {
  name: 'SUNSUBSCRIBE',
  group: 'pubsub',
  since: '7.0.0',
  summary: 'Stops listening to shard channels, or to all of them.',
  complexity: 'O(N) where N is the number of shard channels',
  arity: -1,
  flags: FLAGS,
  keys: CHANNEL_KEYS,
  args: [{ name: 'shardchannel', type: 'string', flags: ['optional', 'multiple'] }],
  serve: unsubscribeFrom('shard', 'sunsubscribe'),
}
