// SMOVE: a member changes sets, which may lie on different shards.

import { SETTING } from '../../config/settings.ts'
import { WRONG_TYPE } from '../../protocol/errors.ts'
import { NOTIFY } from '../../store/engine.ts'
import { entryType, TYPE } from '../../store/entry.ts'
import { setAdd, setCount, setHas, setRemove } from '../../store/set.ts'
import { SetMember } from '../../store/set-member.ts'
import { type Command, FAST, WRITE } from '../command.ts'
import { addSet, discardEmpty } from './shared.ts'

const member = new SetMember()

export const smove: Command = {
  name: 'SMOVE',
  group: 'set',
  since: '1.0.0',
  summary: 'Moves a member from one set to another.',
  complexity: 'O(1)',
  arity: 4,
  flags: WRITE | FAST,
  keys: [
    { flags: ['RW', 'access', 'delete'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
    { flags: ['RW', 'insert'], begin: { index: 2 }, find: { last: 0, step: 1, limit: 0 } },
  ],
  args: [
    { name: 'source', type: 'key', keySpec: 0 },
    { name: 'destination', type: 'key', keySpec: 1 },
    { name: 'member', type: 'string' },
  ],

  run(shard, req, reply) {
    const from = shard.ofKey(req, 1)
    const to = shard.ofKey(req, 2)
    const source = from.findForWrite(req, 1)
    const target = to.findForWrite(req, 2)
    if (source === 0) return reply.integer(0)
    if (entryType(from.m, source) !== TYPE.SET) return reply.error(WRONG_TYPE)
    if (target !== 0 && entryType(to.m, target) !== TYPE.SET) return reply.error(WRONG_TYPE)
    member.set(req.u8, req.at[3], req.length[3])
    if (from === to && source === target) return reply.integer(setHas(from.m, source, member) ? 1 : 0)
    if (!setRemove(from.m, source, member)) return reply.integer(0)
    from.touched(req, 1, NOTIFY.SET, 'srem')
    if (setCount(from.m, source) === 0) discardEmpty(from, req, 1, source)
    const entry = target === 0 ? addSet(to, req, 2, member) : target
    if (setAdd(to.m, entry, member, to.engine.settings[SETTING.setMaxIntsetEntries])) {
      to.touched(req, 2, NOTIFY.SET, 'sadd')
    }
    reply.integer(1)
  },
}
