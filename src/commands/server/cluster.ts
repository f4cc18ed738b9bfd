// CLUSTER, READONLY, READWRITE and ASKING: to a client that asks, skep is one Redis with cluster support disabled.
// Its shards are its own affair; a cluster of several skeps does not exist yet. So all there is, is to say so.

import {
  ADMIN,
  type Command,
  FAST,
  LOADING,
  NO_ASYNC_LOADING,
  NOSCRIPT,
  type RouterCommand,
  STALE,
} from '../command.ts'

const DISABLED = 'ERR This instance has cluster support disabled'

/** What would change the cluster. */
const CHANGE = ADMIN | STALE | NO_ASYNC_LOADING

const SLOT_RANGES: RouterCommand['args'] = [
  {
    name: 'start-slot_end-slot',
    type: 'block',
    flags: ['multiple'],
    args: [
      { name: 'start-slot', type: 'integer' },
      { name: 'end-slot', type: 'integer' },
    ],
  },
]

/** A command that is known, and refused once its number of arguments is right. */
function refused(definition: Omit<RouterCommand, 'serve' | 'group'>): RouterCommand {
  return {
    ...definition,
    group: 'cluster',
    serve(_client, _req, reply) {
      reply.error(DISABLED)
    },
  }
}

const subcommands: readonly RouterCommand[] = [
  refused({
    name: 'ADDSLOTS',
    since: '3.0.0',
    summary: 'Gives slots to the node.',
    complexity: 'O(N), N being the number of slots',
    arity: -3,
    flags: CHANGE,
    args: [{ name: 'slot', type: 'integer', flags: ['multiple'] }],
  }),
  refused({
    name: 'ADDSLOTSRANGE',
    since: '7.0.0',
    summary: 'Gives ranges of slots to the node.',
    complexity: 'O(N), N being the number of slots in the ranges',
    arity: -4,
    flags: CHANGE,
    args: SLOT_RANGES,
  }),
  refused({
    name: 'BUMPEPOCH',
    since: '3.0.0',
    summary: 'Advances the epoch of the configuration.',
    complexity: 'O(1)',
    arity: 2,
    flags: CHANGE,
    tips: ['nondeterministic_output'],
  }),
  refused({
    name: 'COUNT-FAILURE-REPORTS',
    since: '3.0.0',
    summary: 'Counts the reports that a node has failed.',
    complexity: 'O(N), N being the number of reports',
    arity: 3,
    flags: ADMIN | STALE,
    tips: ['nondeterministic_output'],
    args: [{ name: 'node-id', type: 'string' }],
  }),
  refused({
    name: 'COUNTKEYSINSLOT',
    since: '3.0.0',
    summary: 'Counts the keys of a slot.',
    complexity: 'O(1)',
    arity: 3,
    flags: STALE,
    args: [{ name: 'slot', type: 'integer' }],
  }),
  refused({
    name: 'DELSLOTS',
    since: '3.0.0',
    summary: 'Takes slots from the node.',
    complexity: 'O(N), N being the number of slots',
    arity: -3,
    flags: CHANGE,
    args: [{ name: 'slot', type: 'integer', flags: ['multiple'] }],
  }),
  refused({
    name: 'DELSLOTSRANGE',
    since: '7.0.0',
    summary: 'Takes ranges of slots from the node.',
    complexity: 'O(N), N being the number of slots in the ranges',
    arity: -4,
    flags: CHANGE,
    args: SLOT_RANGES,
  }),
  refused({
    name: 'FAILOVER',
    since: '3.0.0',
    summary: 'Lets a replica take the place of its master.',
    complexity: 'O(1)',
    arity: -2,
    flags: CHANGE,
    args: [
      {
        name: 'options',
        type: 'oneof',
        flags: ['optional'],
        args: [
          { name: 'force', type: 'pure-token', token: 'FORCE' },
          { name: 'takeover', type: 'pure-token', token: 'TAKEOVER' },
        ],
      },
    ],
  }),
  refused({
    name: 'FLUSHSLOTS',
    since: '3.0.0',
    summary: 'Takes all slots from the node.',
    complexity: 'O(1)',
    arity: 2,
    flags: CHANGE,
  }),
  refused({
    name: 'FORGET',
    since: '3.0.0',
    summary: 'Removes a node from those that this one knows.',
    complexity: 'O(1)',
    arity: 3,
    flags: CHANGE,
    args: [{ name: 'node-id', type: 'string' }],
  }),
  refused({
    name: 'GETKEYSINSLOT',
    since: '3.0.0',
    summary: 'Lists keys of a slot.',
    complexity: 'O(log(N)), N being the number of keys asked for',
    arity: 4,
    flags: STALE,
    tips: ['nondeterministic_output'],
    args: [
      { name: 'slot', type: 'integer' },
      { name: 'count', type: 'integer' },
    ],
  }),
  refused({
    name: 'HELP',
    since: '5.0.0',
    summary: 'Lists the subcommands.',
    complexity: 'O(1)',
    arity: 2,
    flags: LOADING | STALE,
  }),
  refused({
    name: 'INFO',
    since: '3.0.0',
    summary: 'Says how the cluster is.',
    complexity: 'O(1)',
    arity: 2,
    flags: STALE,
    tips: ['nondeterministic_output'],
  }),
  refused({
    name: 'KEYSLOT',
    since: '3.0.0',
    summary: 'Computes the slot of a key.',
    complexity: 'O(N), N being the length of the key',
    arity: 3,
    flags: STALE,
    args: [{ name: 'key', type: 'string' }],
  }),
  refused({
    name: 'LINKS',
    since: '7.0.0',
    summary: 'Lists the links between the nodes.',
    complexity: 'O(N), N being the number of nodes',
    arity: 2,
    flags: STALE,
    tips: ['nondeterministic_output'],
  }),
  refused({
    name: 'MEET',
    since: '3.0.0',
    summary: 'Introduces the node to another.',
    complexity: 'O(1)',
    arity: -4,
    flags: CHANGE,
    history: [['4.0.0', 'Takes the port of the cluster’s bus.']],
    args: [
      { name: 'ip', type: 'string' },
      { name: 'port', type: 'integer' },
      { name: 'cluster_bus_port', type: 'integer', since: '4.0.0', flags: ['optional'] },
    ],
  }),
  refused({
    name: 'MYID',
    since: '3.0.0',
    summary: 'Returns the id of the node.',
    complexity: 'O(1)',
    arity: 2,
    flags: STALE,
  }),
  refused({
    name: 'NODES',
    since: '3.0.0',
    summary: 'Lists the nodes and their slots.',
    complexity: 'O(N), N being the number of nodes',
    arity: 2,
    flags: STALE,
    tips: ['nondeterministic_output'],
  }),
  refused({
    name: 'REPLICAS',
    since: '5.0.0',
    summary: 'Lists the replicas of a master.',
    complexity: 'O(1)',
    arity: 3,
    flags: ADMIN | STALE,
    tips: ['nondeterministic_output'],
    args: [{ name: 'node-id', type: 'string' }],
  }),
  refused({
    name: 'REPLICATE',
    since: '3.0.0',
    summary: 'Makes the node a replica of a master.',
    complexity: 'O(1)',
    arity: 3,
    flags: CHANGE,
    args: [{ name: 'node-id', type: 'string' }],
  }),
  refused({
    name: 'RESET',
    since: '3.0.0',
    summary: 'Makes the node forget its cluster.',
    complexity: 'O(N), N being the number of known nodes; may flush all data',
    arity: -2,
    flags: ADMIN | NOSCRIPT | STALE,
    args: [
      {
        name: 'hard_soft',
        type: 'oneof',
        flags: ['optional'],
        args: [
          { name: 'hard', type: 'pure-token', token: 'HARD' },
          { name: 'soft', type: 'pure-token', token: 'SOFT' },
        ],
      },
    ],
  }),
  refused({
    name: 'SAVECONFIG',
    since: '3.0.0',
    summary: 'Writes what the node knows of its cluster to disk.',
    complexity: 'O(1)',
    arity: 2,
    flags: CHANGE,
  }),
  refused({
    name: 'SET-CONFIG-EPOCH',
    since: '3.0.0',
    summary: 'Sets the epoch of a new node’s configuration.',
    complexity: 'O(1)',
    arity: 3,
    flags: CHANGE,
    args: [{ name: 'config-epoch', type: 'integer' }],
  }),
  refused({
    name: 'SETSLOT',
    since: '3.0.0',
    summary: 'Says which node a slot belongs or moves to.',
    complexity: 'O(1)',
    arity: -4,
    flags: CHANGE,
    args: [
      { name: 'slot', type: 'integer' },
      {
        name: 'subcommand',
        type: 'oneof',
        args: [
          { name: 'node-id', type: 'string', token: 'IMPORTING' },
          { name: 'node-id', type: 'string', token: 'MIGRATING' },
          { name: 'node-id', type: 'string', token: 'NODE' },
          { name: 'stable', type: 'pure-token', token: 'STABLE' },
        ],
      },
    ],
  }),
  refused({
    name: 'SHARDS',
    since: '7.0.0',
    summary: 'Says which nodes serve which slots, shard by shard.',
    complexity: 'O(N), N being the number of nodes',
    arity: 2,
    flags: STALE,
    tips: ['nondeterministic_output'],
  }),
  refused({
    name: 'SLAVES',
    since: '3.0.0',
    summary: 'Lists the replicas of a master.',
    complexity: 'O(1)',
    arity: 3,
    flags: ADMIN | STALE,
    tips: ['nondeterministic_output'],
    deprecated: { since: '5.0.0', replacement: '`CLUSTER REPLICAS`' },
    args: [{ name: 'node-id', type: 'string' }],
  }),
  refused({
    name: 'SLOTS',
    since: '3.0.0',
    summary: 'Says which nodes serve which slots.',
    complexity: 'O(N), N being the number of nodes',
    arity: 2,
    flags: STALE,
    tips: ['nondeterministic_output'],
    history: [
      ['4.0.0', 'Tells ids of nodes.'],
      ['7.0.0', 'Tells more about how to reach a node.'],
    ],
    deprecated: { since: '7.0.0', replacement: '`CLUSTER SHARDS`' },
  }),
]

export const cluster: Command = {
  name: 'CLUSTER',
  group: 'cluster',
  since: '3.0.0',
  summary: 'Is about a cluster of servers, which this one is not part of.',
  complexity: 'Depends on the subcommand.',
  arity: -2,
  flags: 0,
  subcommands,
}

export const readonly = refused({
  name: 'READONLY',
  since: '3.0.0',
  summary: 'Lets a connection read from a replica of a cluster.',
  complexity: 'O(1)',
  arity: 1,
  flags: LOADING | STALE | FAST,
  categories: ['connection'],
})

export const readwrite = refused({
  name: 'READWRITE',
  since: '3.0.0',
  summary: 'Takes back READONLY.',
  complexity: 'O(1)',
  arity: 1,
  flags: LOADING | STALE | FAST,
  categories: ['connection'],
})

export const asking = refused({
  name: 'ASKING',
  since: '3.0.0',
  summary: 'Says that the next command was sent here by an -ASK redirection.',
  complexity: 'O(1)',
  arity: 1,
  flags: FAST,
  categories: ['connection'],
})
