import { expect, test } from 'vitest'
import { entries } from '../../src/commands/table.ts'
import { requestOf } from '../../src/protocol/request.ts'
import { testKeyspace } from '../support/keyspace.ts'

// What a command will cost is asked before it is known where it runs: a deletion then would be part of no command.
test('asking what a command costs deletes nothing, and changes nothing', () => {
  const makers: readonly (readonly string[])[] = [
    ['SET', 'k', 'x'],
    ['RPUSH', 'k', 'a', 'b', 'c'],
    ['SADD', 'k', 'a', 'b'],
    ['ZADD', 'k', '1', 'a', '2', 'b'],
    ['HSET', 'k', 'f', 'v'],
    ['XADD', 'k', '1-1', 'f', 'v'],
  ]
  const shapes = [
    ['k', '0', '-1'],
    ['2', 'k', 'k', 'LEFT'],
    ['k', 'k', '2', 'k', 'k'],
    ['k', 'k', 'k'],
    ['STREAMS', 'k', '0'],
    ['AND', 'k', 'k', 'k'],
  ]
  for (const maker of makers) {
    const keyspace = testKeyspace()
    keyspace.call(...maker)
    keyspace.call('PEXPIRE', 'k', 10)
    keyspace.now += 1000
    const [shard] = keyspace.engine.shards
    keyspace.engine.begin(keyspace.now)
    for (const entry of entries) {
      if (entry.shard?.cost === undefined) continue
      for (const shape of shapes) {
        const req = requestOf([...entry.fullName.split('|'), ...shape])
        entry.shard.cost(shard, req)
        expect(keyspace.engine.effects.count, `${entry.fullName} ${shape.join(' ')} after ${maker[0]}`).toBe(0)
        expect(shard.size(0), entry.fullName).toBe(1)
      }
    }
  }
})
