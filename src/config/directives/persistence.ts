// Directives about snapshots, the append-only file and replication.

import { type DirectiveGroup, directive } from '../directive.ts'
import { bool, I32_MAX, I64_MAX, integer, memory, oneOf, text } from '../kinds.ts'
import { fileName, REPLICAOF, SAVE } from '../special-kinds.ts'

export const SNAPSHOTS: DirectiveGroup = {
  title: 'Snapshots',
  directives: [
    directive('save', SAVE, '3600 1 300 100 60 10000', 'When to save: after so many seconds with so many changes.'),
    directive('stop-writes-on-bgsave-error', bool(), 'yes', 'Refuse writes while saving fails.'),
    directive('rdbcompression', bool(), 'yes', 'Compress strings in snapshots.', { shared: true }),
    directive('rdbchecksum', bool(), 'yes', 'End snapshots with a checksum, and check it.', { immutable: true }),
    directive('sanitize-dump-payload', oneOf(['no', 'yes', 'clients']), 'no', 'Check every value that is loaded.', {
      inert: 'every value is always checked',
    }),
    directive('dbfilename', fileName('dbfilename', 'filename', true), 'dump.rdb', 'Name of the snapshot.', {
      guarded: true,
    }),
    directive('rdb-del-sync-files', bool(), 'no', 'Delete snapshots that only replication needed.', {
      inert: 'replicas get their copies without any file',
    }),
    directive('rdb-save-incremental-fsync', bool(), 'yes', 'Sync snapshots to disk piece by piece.'),
  ],
}

export const APPEND_ONLY: DirectiveGroup = {
  title: 'Append-only file',
  directives: [
    directive('appendonly', bool(), 'no', 'Log every write.', { denyLoading: true }),
    directive('appendfilename', fileName('appendfilename', 'filename', false), 'appendonly.aof', 'Stem of the names.', {
      immutable: true,
    }),
    directive('appenddirname', fileName('appenddirname', 'dirname', false), 'appendonlydir', 'Folder of the files.', {
      immutable: true,
    }),
    directive('appendfsync', oneOf(['everysec', 'always', 'no']), 'everysec', 'When to sync the log to disk.', {
      shared: true,
    }),
    directive('no-appendfsync-on-rewrite', bool(), 'no', 'Do not sync the log while a rewrite runs.', { shared: true }),
    directive('auto-aof-rewrite-percentage', integer(0n, I32_MAX), '100', 'Growth that starts a rewrite; 0 is never.'),
    directive('auto-aof-rewrite-min-size', memory(0n, I64_MAX), '67108864', 'Size below which none starts.'),
    directive('aof-load-truncated', bool(), 'yes', 'Start even if the log ends in the middle of a command.'),
    directive('aof-use-rdb-preamble', bool(), 'yes', 'Write the base of the log as a snapshot.'),
    directive('aof-timestamp-enabled', bool(), 'no', 'Note the time in the log.', { shared: true }),
    directive('aof-rewrite-incremental-fsync', bool(), 'yes', 'Sync a rewritten log piece by piece.'),
    directive('aof-disable-auto-gc', bool(), 'no', 'Keep the files that a rewrite has replaced.'),
  ],
}

export const REPLICATION: DirectiveGroup = {
  title: 'Replication',
  directives: [
    directive('replicaof', REPLICAOF, '', 'The master to follow.', { alias: 'slaveof', immutable: true }),
    directive('masterauth', text({ emptyIsNone: true }), '', 'Password for the master.', { sensitive: true }),
    directive('masteruser', text({ emptyIsNone: true }), '', 'User for the master.', { sensitive: true }),
    directive('replica-serve-stale-data', bool(), 'yes', 'Serve old data while the master is away.', {
      alias: 'slave-serve-stale-data',
      shared: true,
    }),
    directive('replica-read-only', bool(), 'yes', 'Refuse writes from clients of a replica.', {
      alias: 'slave-read-only',
      shared: true,
    }),
    directive('replica-lazy-flush', bool(), 'no', 'Free the old data set in the background.', {
      alias: 'slave-lazy-flush',
      inert: 'it is always freed in the background',
    }),
    directive('replica-ignore-maxmemory', bool(), 'yes', 'Leave eviction to the master.', {
      alias: 'slave-ignore-maxmemory',
      shared: true,
    }),
    directive('replica-ignore-disk-write-errors', bool(), 'no', 'Go on when the disk fails.', {
      inert: 'a replica always goes on, and logs the error',
    }),
    directive('replica-priority', integer(0n, I32_MAX), '100', 'Sentinel promotes the lowest; 0 never.', {
      alias: 'slave-priority',
    }),
    directive('replica-announced', bool(), 'yes', 'Let Sentinel list this replica.'),
    directive('replica-announce-ip', text({ emptyIsNone: true }), '', 'Address the master is told.', {
      alias: 'slave-announce-ip',
    }),
    directive('replica-announce-port', integer(0n, 65535n), '0', 'Port the master is told; 0 is the real one.', {
      alias: 'slave-announce-port',
    }),
    directive('repl-diskless-sync', bool(), 'yes', 'Send the first copy without a file.'),
    directive('repl-diskless-sync-delay', integer(0n, I32_MAX), '5', 'Seconds to wait for more replicas first.'),
    directive('repl-diskless-sync-max-replicas', integer(0n, I32_MAX), '0', 'Do not wait once so many are there.'),
    directive(
      'repl-diskless-load',
      oneOf(['disabled', 'on-empty-db', 'swapdb']),
      'disabled',
      'Load that copy without a file.',
      { denyLoading: true },
    ),
    directive('repl-ping-replica-period', integer(1n, I32_MAX), '10', 'Seconds between pings to replicas.', {
      alias: 'repl-ping-slave-period',
    }),
    directive('repl-timeout', integer(1n, I32_MAX), '60', 'Seconds of silence that end a link.'),
    directive('repl-disable-tcp-nodelay', bool(), 'no', 'Send in fewer, larger packets.'),
    directive(
      'repl-backlog-size',
      memory(1n, I64_MAX, { clamp: [16384n, I64_MAX] }),
      '1048576',
      'What is kept for replicas that come back.',
      { shared: true },
    ),
    directive('repl-backlog-ttl', integer(0n, I64_MAX), '3600', 'Seconds without replicas after which it is freed.'),
    directive('min-replicas-to-write', integer(0n, I32_MAX), '0', 'Replicas without which writes are refused.', {
      alias: 'min-slaves-to-write',
      shared: true,
    }),
    directive('min-replicas-max-lag', integer(0n, I32_MAX), '10', 'Seconds behind which a replica does not count.', {
      alias: 'min-slaves-max-lag',
      shared: true,
    }),
    directive(
      'propagation-error-behavior',
      oneOf(['ignore', 'panic', 'panic-on-replicas']),
      'ignore',
      'What to do when a command from the master or the log fails.',
      { inert: 'it is logged, and what follows is applied' },
    ),
  ],
}
