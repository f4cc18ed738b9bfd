// PFADD: counts elements in a HyperLogLog.

import { hllInvalidate } from '../../bytes/hll.ts'
import { NOTIFY } from '../../store/engine.ts'
import { stringAt } from '../../store/string.ts'
import { type Command, DENY_OOM, FAST, oneKey, WRITE } from '../command.ts'
import { addElement, CORRUPT, changedEntry, createHll, DAMAGED, isHll, RAISED } from './value.ts'

export const pfadd: Command = {
  name: 'PFADD',
  group: 'hyperloglog',
  since: '2.8.9',
  summary: 'Counts elements in a HyperLogLog, which is made if it is missing.',
  complexity: 'O(1) for each element',
  arity: -2,
  flags: WRITE | DENY_OOM | FAST,
  keys: oneKey('RW', 'insert'),
  args: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'element', type: 'string', flags: ['optional', 'multiple'] },
  ],

  run(shard, req, reply) {
    let entry = shard.findForWrite(req, 1)
    let changes = 0
    if (entry === 0) {
      entry = createHll(shard, req, 1)
      changes++
    } else if (!isHll(shard, entry, reply)) return
    for (let i = 2; i < req.argc; i++) {
      const outcome = addElement(shard, req.db, entry, req.u8, req.at[i], req.length[i])
      entry = changedEntry
      if (outcome === DAMAGED) return reply.error(CORRUPT)
      if (outcome === RAISED) changes++
    }
    if (changes > 0) {
      hllInvalidate(shard.m.u8, stringAt(shard.m, entry))
      shard.touched(req, 1, NOTIFY.STRING, 'pfadd', changes)
    }
    reply.integer(changes > 0 ? 1 : 0)
  },
}
