// Directives about memory, encodings and observation.

import { type DirectiveGroup, directive } from '../directive.ts'
import { bool, I32_MAX, I64_MAX, integer, memory, oneOf, U64_MAX } from '../kinds.ts'
import { PERCENTILES } from '../special-kinds.ts'

const NO_DEFRAG =
  'Active defragmentation cannot be enabled: it requires a Redis server compiled with a modified Jemalloc ' +
  'like the one shipped by default with the Redis source distribution'
const DEFRAG_OFF = 'activedefrag cannot be turned on'

const I32_MIN = -I32_MAX - 1n

export const MEMORY: DirectiveGroup = {
  title: 'Memory',
  directives: [
    directive('maxmemory', memory(0n, U64_MAX, { unsigned: true }), '0', 'Memory for data; 0 is no limit.', {
      shared: true,
    }),
    directive(
      'maxmemory-policy',
      oneOf([
        'volatile-lru',
        'volatile-lfu',
        'volatile-random',
        'volatile-ttl',
        'allkeys-lru',
        'allkeys-lfu',
        'allkeys-random',
        'noeviction',
      ]),
      'noeviction',
      'Which keys go when memory is full.',
      { shared: true },
    ),
    directive('maxmemory-samples', integer(1n, I32_MAX), '5', 'Keys looked at for each that goes.', { shared: true }),
    directive('maxmemory-eviction-tenacity', integer(0n, 100n), '10', 'How long a round of eviction may take.', {
      shared: true,
    }),
    directive('lfu-log-factor', integer(0n, I32_MAX), '10', 'How slowly the counter of uses grows.', { shared: true }),
    directive('lfu-decay-time', integer(0n, I32_MAX), '1', 'Minutes in which it falls by one.', { shared: true }),
    directive('active-expire-effort', integer(1n, 10n), '1', 'How hard to look for expired keys.', { shared: true }),
    directive('lazyfree-lazy-eviction', bool(), 'no', 'Free evicted values in the background.', { shared: true }),
    directive('lazyfree-lazy-expire', bool(), 'no', 'Free expired values in the background.', { shared: true }),
    directive('lazyfree-lazy-server-del', bool(), 'no', 'Free overwritten values in the background.', { shared: true }),
    directive('lazyfree-lazy-user-del', bool(), 'no', 'DEL works as UNLINK.', { shared: true }),
    directive('lazyfree-lazy-user-flush', bool(), 'no', 'FLUSHALL and FLUSHDB are ASYNC unless told.', {
      shared: true,
    }),
    directive('activerehashing', bool(), 'yes', 'Resize hash tables in idle time too.', { shared: true }),
    directive('activedefrag', bool(NO_DEFRAG), 'no', 'Move data to close gaps in memory.', { inert: DEFRAG_OFF }),
    directive(
      'active-defrag-ignore-bytes',
      memory(1n, I64_MAX, { unsigned: true }),
      '104857600',
      'Waste below which it rests.',
      { inert: DEFRAG_OFF },
    ),
    directive('active-defrag-threshold-lower', integer(0n, 1000n), '10', 'Percent of waste at which it starts.', {
      inert: DEFRAG_OFF,
    }),
    directive('active-defrag-threshold-upper', integer(0n, 1000n), '100', 'Percent of waste for full effort.', {
      inert: DEFRAG_OFF,
    }),
    directive('active-defrag-cycle-min', integer(1n, 99n), '1', 'Least share of time, in percent.', {
      inert: DEFRAG_OFF,
    }),
    directive('active-defrag-cycle-max', integer(1n, 99n), '25', 'Largest share of time, in percent.', {
      inert: DEFRAG_OFF,
    }),
    directive('active-defrag-max-scan-fields', integer(1n, I64_MAX), '1000', 'Fields moved at a time.', {
      inert: DEFRAG_OFF,
    }),
  ],
}

export const ENCODINGS: DirectiveGroup = {
  title: 'Encodings',
  directives: [
    directive(
      'hash-max-listpack-entries',
      integer(0n, I64_MAX, { unsigned: true }),
      '512',
      'Fields of a hash kept as a listpack.',
      { alias: 'hash-max-ziplist-entries', shared: true },
    ),
    directive(
      'hash-max-listpack-value',
      memory(0n, I64_MAX, { unsigned: true }),
      '64',
      'Longest field or value in it.',
      {
        alias: 'hash-max-ziplist-value',
        shared: true,
      },
    ),
    directive(
      'list-max-listpack-size',
      integer(I32_MIN, I32_MAX),
      '-2',
      'Entries of a list node, or its size: -1 to -5 are 4 to 64 kb.',
      { alias: 'list-max-ziplist-size', shared: true },
    ),
    directive(
      'list-compress-depth',
      integer(0n, I32_MAX),
      '0',
      'Nodes at each end of a list that are not compressed; 0 is all.',
      { shared: true },
    ),
    directive(
      'set-max-intset-entries',
      integer(0n, I64_MAX, { unsigned: true }),
      '512',
      'Members of a set kept as integers.',
      { shared: true },
    ),
    directive(
      'zset-max-listpack-entries',
      integer(0n, I64_MAX, { unsigned: true }),
      '128',
      'Members of a sorted set kept as a listpack.',
      { alias: 'zset-max-ziplist-entries', shared: true },
    ),
    directive('zset-max-listpack-value', memory(0n, I64_MAX, { unsigned: true }), '64', 'Longest member in it.', {
      alias: 'zset-max-ziplist-value',
      shared: true,
    }),
    directive(
      'hll-sparse-max-bytes',
      memory(0n, I64_MAX, { unsigned: true }),
      '3000',
      'Size up to which a HyperLogLog stays sparse.',
      { shared: true },
    ),
    directive('stream-node-max-bytes', memory(0n, I64_MAX, { unsigned: true }), '4096', 'Size of a stream node.', {
      shared: true,
    }),
    directive('stream-node-max-entries', integer(0n, I64_MAX), '100', 'Entries of a stream node.', { shared: true }),
  ],
}

export const OBSERVATION: DirectiveGroup = {
  title: 'Observation and scripts',
  directives: [
    directive(
      'slowlog-log-slower-than',
      integer(-1n, I64_MAX),
      '10000',
      'Microseconds above which a command is noted; -1 is never.',
      { shared: true },
    ),
    directive('slowlog-max-len', integer(0n, I64_MAX), '128', 'Commands kept in SLOWLOG.'),
    directive(
      'latency-monitor-threshold',
      integer(0n, I64_MAX),
      '0',
      'Milliseconds above which an event is noted; 0 is never.',
      { shared: true },
    ),
    directive('latency-tracking', bool(), 'yes', 'Keep a histogram of times per command.', { shared: true }),
    directive('latency-tracking-info-percentiles', PERCENTILES, '50 99 99.9', 'Percentiles that INFO shows.'),
    directive('busy-reply-threshold', integer(0n, I64_MAX), '5000', 'Milliseconds after which a script is busy.', {
      alias: 'lua-time-limit',
      shared: true,
    }),
  ],
}
