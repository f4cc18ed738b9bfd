// DEL and UNLINK, and deleting a key as part of another command.

import { SETTING } from '../../config/settings.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { NOTIFY } from '../../store/engine.ts'
import type { EntryRef } from '../../store/entry.ts'
import type { Shard } from '../../store/shard.ts'
import { valueEffort } from '../../store/value.ts'
import { type Command, everyKey, FAST, WRITE } from '../command.ts'

export const del: Command = {
  name: 'DEL',
  group: 'generic',
  since: '1.0.0',
  summary: 'Deletes keys.',
  complexity: 'O(N) for N keys and the elements of the collections among them',
  arity: -2,
  flags: WRITE,
  tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
  keys: everyKey(['RM', 'delete']),
  args: [{ name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] }],

  cost(first, req) {
    if (first.engine.settings[SETTING.lazyfreeLazyUserDel] !== 0) return req.argc
    let cost = 0
    for (let i = 1; i < req.argc; i++) {
      const shard = first.ofKey(req, i)
      const entry = shard.peek(req, i)
      cost += entry === 0 ? 1 : valueEffort(shard.m, entry)
    }
    return cost
  },

  run(shard, req, reply) {
    deleteKeys(shard, req, reply, shard.engine.settings[SETTING.lazyfreeLazyUserDel] !== 0)
  },
}

export const unlink: Command = {
  name: 'UNLINK',
  group: 'generic',
  since: '4.0.0',
  summary: 'Deletes keys at once and frees what they held in steps, so that nobody waits for it.',
  complexity: 'O(N) for N keys, whatever they hold; freeing is O(M) for M elements, but not while anybody waits',
  arity: -2,
  flags: WRITE | FAST,
  tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
  keys: everyKey(['RM', 'delete']),
  args: [{ name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] }],

  run(shard, req, reply) {
    deleteKeys(shard, req, reply, true)
  },
}

function deleteKeys(first: Shard, req: Request, reply: Reply, lazy: boolean): void {
  let deleted = 0
  for (let i = 1; i < req.argc; i++) {
    const shard = first.ofKey(req, i)
    const entry = shard.findKey(req.db, req.u8, req.at[i], req.length[i])
    if (entry === 0) continue
    shard.discard(req.db, entry, lazy)
    shard.touched(req, i, NOTIFY.GENERIC, 'del')
    deleted++
  }
  reply.integer(deleted)
}

/**
 * Deletes the key in argument `i`, lazily if that setting says so, and passes on a DEL or UNLINK instead of the command:
 * for commands whose deleting depends on more than the keyspace (GETDEL, an expiry that lies in the past).
 */
export function deleteWithEffect(shard: Shard, req: Request, i: number, entry: EntryRef, lazySetting: number): void {
  const { effects, settings } = shard.engine
  const lazy = settings[lazySetting] !== 0
  shard.discard(req.db, entry, lazy)
  shard.touched(req, i, NOTIFY.GENERIC, 'del')
  effects.instead()
  effects.command(2)
  effects.word(lazy ? 'UNLINK' : 'DEL')
  effects.bytes(req.u8, req.at[i], req.length[i])
}
