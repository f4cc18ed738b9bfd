// INFO's sections on replication.

import {
  FAILOVER_STATE,
  LINK_STATE,
  REPLICA_STATE,
  REPLICA_STATE_NAMES,
  type ReplicationBlock,
} from '../../shared/replication-block.ts'
import type { InfoFacts } from './info-facts.ts'
import type { InfoField } from './info-sections.ts'

const FAILOVER_NAMES: Readonly<Record<number, string>> = {
  [FAILOVER_STATE.NONE]: 'no-failover',
  [FAILOVER_STATE.WAITS]: 'waiting-for-sync',
  [FAILOVER_STATE.HANDS_OVER]: 'failover-in-progress',
}

const blockOf = ({ router }: InfoFacts): ReplicationBlock => router.replication.block
const yes = (is: boolean): number => (is ? 1 : 0)

/** Seconds since a time in Unix ms. */
const seconds = (since: number, now: number): number => Math.max(0, Math.floor((now - since) / 1000))

/** What only a replica shows. */
const FOLLOWING: readonly InfoField[] = [
  ['master_host', facts => blockOf(facts).masterHost],
  ['master_port', facts => blockOf(facts).word('MASTER_PORT')],
  ['master_link_status', facts => (blockOf(facts).isLinked ? 'up' : 'down')],
  ['master_last_io_seconds_ago', facts => lastIo(facts)],
  ['master_sync_in_progress', facts => yes(blockOf(facts).word('LINK') === LINK_STATE.TRANSFER)],
  ['slave_read_repl_offset', facts => Math.max(blockOf(facts).number('READ'), blockOf(facts).number('END'))],
  ['slave_repl_offset', facts => blockOf(facts).number('END')],
]

function lastIo(facts: InfoFacts): number {
  const block = blockOf(facts)
  return block.isLinked ? seconds(block.number('LAST_IO'), facts.now) : -1
}

const TRANSFER: readonly InfoField[] = [
  ['master_sync_total_bytes', facts => Math.max(0, blockOf(facts).number('TRANSFER_TOTAL'))],
  ['master_sync_read_bytes', facts => blockOf(facts).number('TRANSFER_READ')],
  [
    'master_sync_left_bytes',
    facts => Math.max(-1, blockOf(facts).number('TRANSFER_TOTAL') - blockOf(facts).number('TRANSFER_READ')),
  ],
  ['master_sync_perc', facts => transferPercent(blockOf(facts)).toFixed(2)],
  ['master_sync_last_io_seconds_ago', facts => seconds(blockOf(facts).number('LAST_IO'), facts.now)],
]

function transferPercent(block: ReplicationBlock): number {
  const total = block.number('TRANSFER_TOTAL')
  return total > 0 ? (block.number('TRANSFER_READ') / total) * 100 : 0
}

const BROKEN: readonly InfoField[] = [
  [
    'master_link_down_since_seconds',
    facts => {
      const since = blockOf(facts).number('DOWN_SINCE')
      return since === 0 ? -1 : seconds(since, facts.now)
    },
  ],
]

const AS_REPLICA: readonly InfoField[] = [
  ['slave_priority', facts => facts.config('replica-priority')],
  ['slave_read_only', facts => yes(facts.config('replica-read-only') === 'yes')],
  ['replica_announced', facts => yes(facts.config('replica-announced') === 'yes')],
]

const COMMON: readonly InfoField[] = [
  ['master_failover_state', facts => FAILOVER_NAMES[blockOf(facts).word('FAILOVER')]],
  ['master_replid', facts => blockOf(facts).id],
  ['master_replid2', facts => blockOf(facts).secondId],
  ['master_repl_offset', facts => blockOf(facts).number('END')],
  ['second_repl_offset', facts => blockOf(facts).number('SECOND_END')],
  ['repl_backlog_active', facts => blockOf(facts).word('ACTIVE')],
  ['repl_backlog_size', facts => facts.router.config.number('repl-backlog-size')],
  ['repl_backlog_first_byte_offset', facts => (isActive(facts) ? facts.router.replication.backlogFirst + 1 : 0)],
  [
    'repl_backlog_histlen',
    facts => (isActive(facts) ? blockOf(facts).number('END') - facts.router.replication.backlogFirst : 0),
  ],
]

/** The lines of INFO replication_tree: the nodes below this one, each behind its parent. */
export function treeLines(facts: InfoFacts): string[] {
  const block = blockOf(facts)
  const end = block.number('END')
  const parent = block.isReplica ? `${block.masterHost}:${block.word('MASTER_PORT')}` : 'none'
  const all = [`tree_parent:${parent}`, `tree_parent_link:${block.isLinked ? 'up' : 'down'}`, `tree_offset:${end}`]
  all.push(`tree_fanout:${facts.config('repl-fanout')}`, `tree_nodes:${facts.router.replication.treeSize}`)
  for (const [i, node] of facts.router.replication.treeNodes(facts.now).entries()) {
    all.push(
      `node${i}:depth=${node.depth},ip=${node.address},port=${node.port},state=${node.state},offset=${node.offset},` +
        `behind=${Math.max(0, end - node.offset)},lag=${node.lag}`,
    )
  }
  return all
}

const isActive = (facts: InfoFacts): boolean => blockOf(facts).word('ACTIVE') !== 0

const lines = (fields: readonly InfoField[], facts: InfoFacts): string[] =>
  fields.map(([name, value]) => `${name}:${value(facts)}`)

/** The lines of INFO replication. */
export function replicationLines(facts: InfoFacts): string[] {
  const block = blockOf(facts)
  const all = [`role:${block.isReplica ? 'slave' : 'master'}`]
  if (block.isReplica) {
    all.push(...lines(FOLLOWING, facts))
    if (block.word('LINK') === LINK_STATE.TRANSFER) all.push(...lines(TRANSFER, facts))
    if (!block.isLinked) all.push(...lines(BROKEN, facts))
    all.push(...lines(AS_REPLICA, facts))
  }
  const rows = block.rows()
  all.push(`connected_slaves:${rows.length}`)
  const min = facts.router.config.number('min-replicas-to-write')
  if (min > 0 && facts.router.config.number('min-replicas-max-lag') > 0) {
    all.push(`min_slaves_good_slaves:${block.word('GOOD')}`)
  }
  for (const [i, row] of rows.entries()) {
    const state = block.state(row)
    const lag = state === REPLICA_STATE.ONLINE ? seconds(block.rowNumber(row, 'ACK_TIME'), facts.now) : 0
    all.push(
      `slave${i}:ip=${block.address(row)},port=${block.rowWord(row, 'PORT')},state=${REPLICA_STATE_NAMES[state]},` +
        `offset=${block.rowNumber(row, 'ACK')},lag=${lag}`,
    )
  }
  all.push(...lines(COMMON, facts))
  return all
}
