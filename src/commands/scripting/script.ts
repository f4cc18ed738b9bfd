// SCRIPT. Every router knows all scripts, so that EVALSHA need not ask; shards are sent the script with the command.

import type { Question } from '../client.ts'
import { replyFromRouters } from '../client.ts'
import { type Command, NOSCRIPT, type RouterCommand, STALE } from '../command.ts'
import { helpOf } from '../help.ts'
import { killOf } from './kill.ts'

export const loadQuestion: Question<Uint8Array, undefined> = {
  name: 'script-load',
  answer(router, body) {
    router.scripts.learn(body)
    return undefined
  },
}

export const flushQuestion: Question<null, undefined> = {
  name: 'script-flush',
  answer(router) {
    router.scripts.forgetAll()
    return undefined
  },
}

const load: RouterCommand = {
  name: 'LOAD',
  group: 'scripting',
  since: '2.6.0',
  summary: 'Takes a script for EVALSHA to run.',
  complexity: 'O(N), N being the length of the script',
  arity: 3,
  flags: NOSCRIPT | STALE,
  tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
  args: [{ name: 'script', type: 'string' }],
  serve(client, req, reply, router) {
    const body = req.copy(2)
    const checked = router.scripts.check(body)
    if ('problem' in checked) return reply.error(checked.problem)
    replyFromRouters(client, reply, router, loadQuestion, body, out => out.text(checked.sha))
  },
}

const exists: RouterCommand = {
  name: 'EXISTS',
  group: 'scripting',
  since: '2.6.0',
  summary: 'Tells which scripts the server knows.',
  complexity: 'O(N), N being the number of scripts asked for',
  arity: -3,
  flags: NOSCRIPT,
  tips: ['request_policy:all_shards', 'response_policy:agg_logical_and'],
  args: [{ name: 'sha1', type: 'string', flags: ['multiple'] }],
  serve(_client, req, reply, router) {
    reply.array(req.argc - 2)
    for (let i = 2; i < req.argc; i++) reply.integer(router.scripts.has(req.text(i)) ? 1 : 0)
  },
}

const flush: RouterCommand = {
  name: 'FLUSH',
  group: 'scripting',
  since: '2.6.0',
  summary: 'Forgets all scripts.',
  complexity: 'O(N), N being the number of scripts',
  arity: -2,
  flags: NOSCRIPT,
  tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
  history: [['6.2.0', 'Learned `ASYNC` and `SYNC`.']],
  args: [
    {
      name: 'async',
      type: 'oneof',
      since: '6.2.0',
      flags: ['optional'],
      args: [
        { name: 'async', type: 'pure-token', token: 'ASYNC' },
        { name: 'sync', type: 'pure-token', token: 'SYNC' },
      ],
    },
  ],
  serve(client, req, reply, router) {
    if (req.argc > 3 || (req.argc === 3 && !req.is(2, 'SYNC') && !req.is(2, 'ASYNC'))) {
      return reply.error('ERR SCRIPT FLUSH only support SYNC|ASYNC option')
    }
    replyFromRouters(client, reply, router, flushQuestion, null, out => out.ok())
  },
}

const debug: RouterCommand = {
  name: 'DEBUG',
  group: 'scripting',
  since: '3.2.0',
  summary: 'Is for stepping through scripts, which is not possible here.',
  complexity: 'O(1)',
  arity: 3,
  flags: NOSCRIPT,
  args: [
    {
      name: 'mode',
      type: 'oneof',
      args: [
        { name: 'yes', type: 'pure-token', token: 'YES' },
        { name: 'sync', type: 'pure-token', token: 'SYNC' },
        { name: 'no', type: 'pure-token', token: 'NO' },
      ],
    },
  ],
  serve(_client, req, reply) {
    if (req.is(2, 'NO')) reply.ok()
    else if (req.is(2, 'YES') || req.is(2, 'SYNC')) reply.error('ERR There is no debugger for scripts here')
    else reply.error('ERR Use SCRIPT DEBUG YES/SYNC/NO')
  },
}

/** A script or function that has run for long. All texts have a character a byte. */
export interface SlowScript {
  /** The function's name; the script's, of its SHA-1. */
  readonly name: string
  readonly command: readonly string[]
  /** Unix ms. */
  readonly startedAt: number
}

/** What a router knows of scripts. */
export interface Scripts {
  /** Remembers a script. */
  learn(body: Uint8Array): void
  /** The name of a script, or why it is none. */
  check(body: Uint8Array): { readonly sha: string } | { readonly problem: string }
  has(sha: string): boolean
  forgetAll(): void
  readonly count: number
  /** Bytes of all scripts. */
  readonly bytes: number
  /** Asks all scripts, or functions, that run to end. Returns why that is no use, as an error. */
  kill(what: 'script' | 'function'): string | undefined
  /** What clients are told while scripts have held every shard for longer than they should; undefined otherwise. */
  readonly busy: string | undefined
  /** What has run for so long that others are told that it is busy. */
  readonly running: SlowScript | undefined
}

export const script: Command = {
  name: 'SCRIPT',
  group: 'scripting',
  since: '2.6.0',
  summary: 'Is about the scripts that EVALSHA can run.',
  complexity: 'Depends on the subcommand.',
  arity: -2,
  flags: 0,
  subcommands: [
    debug,
    exists,
    flush,
    killOf('script', '2.6.0'),
    load,
    helpOf('SCRIPT', 'scripting', '5.0.0', [
      ['DEBUG <YES|SYNC|NO>', 'Only NO is accepted: there is no debugger.'],
      ['EXISTS <sha1> [<sha1> ...]', 'Tell for each whether such a script is known.'],
      ['FLUSH [ASYNC|SYNC]', 'Forget all scripts.'],
      ['KILL', 'End the scripts that run, unless they have written.'],
      ['LOAD <script>', 'Take a script without running it.'],
    ]),
  ],
}
