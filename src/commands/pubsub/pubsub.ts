// PUBSUB: who listens to what, over all routers.

import { globMatch } from '../../bytes/glob.ts'
import { type Question, replyFromRouters } from '../client.ts'
import { type ContainerCommand, LOADING, PUBSUB, type RouterCommand, type Serve, STALE } from '../command.ts'
import { helpOf } from '../help.ts'
import type { Space } from './registry.ts'

const FLAGS = PUBSUB | LOADING | STALE

export const namesQuestion: Question<Space, readonly string[]> = {
  name: 'pubsub-names',
  answer: (router, space) => router.subscriptions.names(space),
}

export const countsQuestion: Question<{ space: 'channel' | 'shard'; names: readonly string[] }, number[]> = {
  name: 'pubsub-counts',
  answer: (router, { space, names }) => names.map(name => router.subscriptions.count(space, name)),
}

const listNames =
  (space: Space): Serve =>
  (client, req, reply, router) => {
    const pattern = req.argc > 2 ? req.copy(2) : undefined
    replyFromRouters(client, reply, router, namesQuestion, space, (out, answers) => {
      const names = [...new Set(answers.flat())].filter(name => {
        const bytes = Buffer.from(name, 'latin1')
        return pattern === undefined || globMatch(pattern, 0, pattern.length, bytes, 0, bytes.length, false)
      })
      out.array(names.length)
      for (const name of names) out.latin1(name)
    })
  }

const countSubscribers =
  (space: 'channel' | 'shard'): Serve =>
  (client, req, reply, router) => {
    const names = Array.from({ length: req.argc - 2 }, (_, i) => req.text(i + 2))
    replyFromRouters(client, reply, router, countsQuestion, { space, names }, (out, answers) => {
      out.array(2 * names.length)
      for (const [i, name] of names.entries()) {
        out.latin1(name)
        out.integer(answers.reduce((sum, counts) => sum + counts[i], 0))
      }
    })
  }

function described(
  name: string,
  since: string,
  summary: string,
  arity: number,
  argument: 'channel' | 'shardchannel' | 'pattern' | undefined,
  serve: Serve,
): RouterCommand {
  const args =
    argument === undefined
      ? undefined
      : argument === 'pattern'
        ? [{ name: argument, type: 'pattern' as const, flags: ['optional'] }]
        : [{ name: argument, type: 'string' as const, flags: ['optional', 'multiple'] }]
  const complexity = 'O(N) where N is the number of names looked at'
  return { name, group: 'pubsub', since, summary, complexity, arity, flags: FLAGS, args, serve }
}

export const pubsub: ContainerCommand = {
  name: 'PUBSUB',
  group: 'pubsub',
  since: '2.8.0',
  summary: 'Tells who listens to what.',
  complexity: 'Depends on the subcommand',
  arity: -2,
  flags: 0,
  subcommands: [
    described('CHANNELS', '2.8.0', 'Lists channels that have subscribers.', -2, 'pattern', listNames('channel')),
    described(
      'NUMPAT',
      '2.8.0',
      'Counts the patterns that are subscribed to.',
      2,
      undefined,
      (client, _req, reply, router) => {
        replyFromRouters(client, reply, router, namesQuestion, 'pattern', (out, answers) => {
          out.integer(new Set(answers.flat()).size)
        })
      },
    ),
    described('NUMSUB', '2.8.0', 'Counts the subscribers of channels.', -2, 'channel', countSubscribers('channel')),
    described(
      'SHARDCHANNELS',
      '7.0.0',
      'Lists shard channels that have subscribers.',
      -2,
      'pattern',
      listNames('shard'),
    ),
    described(
      'SHARDNUMSUB',
      '7.0.0',
      'Counts the subscribers of shard channels.',
      -2,
      'shardchannel',
      countSubscribers('shard'),
    ),
    helpOf(
      'PUBSUB',
      'pubsub',
      '6.2.0',
      [
        ['CHANNELS [<pattern>]', 'List the channels that have subscribers, or those of them that match.'],
        ['NUMPAT', 'Count the patterns that are subscribed to.'],
        ['NUMSUB [<channel> ...]', 'Count the subscribers of channels; patterns are not counted.'],
        ['SHARDCHANNELS [<pattern>]', 'List the shard channels that have subscribers, or those of them that match.'],
        ['SHARDNUMSUB [<shardchannel> ...]', 'Count the subscribers of shard channels.'],
      ],
      ['-pubsub'],
    ),
  ],
}
