// What DEBUG HELP lists.

import type { HelpLine } from '../help.ts'

export const DEBUG_HELP: readonly HelpLine[] = [
  ['AOF-FLUSH-SLEEP <microsec>', 'Wait so long before each write to the append-only log.'],
  ['ASSERT', 'End the process as a failed assertion would.'],
  ['CHANGE-REPL-ID', 'Take a new replication id.'],
  ['CONFIG-REWRITE-FORCE-ALL', 'CONFIG REWRITE with every directive.'],
  ['DIGEST', 'Return a digest of all data.'],
  ['DIGEST-VALUE <key> [<key> ...]', 'Return digests of the values at the keys.'],
  ['ERROR <string>', 'Reply this error.'],
  ['HTSTATS <dbid>', "Describe the database's hash tables."],
  ['HTSTATS-KEY <key>', "Describe the hash table of the key's value."],
  ['LISTPACK <key>', 'Check that the value is a listpack.'],
  ['LOADAOF', 'Throw the data away and load the append-only log.'],
  ['LOG <message>', 'Write the message into the log.'],
  ['OBJECT <key>', 'Describe how the key and its value are kept.'],
  ['OOM', 'End the process as if memory had run out.'],
  ['PANIC', 'End the process as a panic would.'],
  ['PAUSE-CRON <0|1>', 'Stop the periodic work on clients, or go on with it.'],
  ['POPULATE <count> [<prefix>] [<size>]', 'Make <count> strings named <prefix>:<number>, without telling replicas.'],
  ['PROTOCOL <type>', 'Reply a value of this type of the protocol.'],
  ['QUICKLIST-PACKED-THRESHOLD <size>', 'Give list elements from this size on a node of their own.'],
  ['REPLICATE <command> [<arg> ...]', 'Send the command to the replicas, and do nothing else.'],
  [
    'REPLYBUFFER <PEAK-RESET-TIME|RESIZING> <value>',
    'How the room for replies that a client counts as having follows its replies.',
  ],
  ['SEGFAULT', 'End the process as a segmentation fault would.'],
  ['SET-ACTIVE-EXPIRE <0|1>', 'Stop looking for expired keys, or go on with it.'],
  ['SET-DISABLE-DENY-SCRIPTS <0|1>', 'Let scripts run commands that are not for scripts.'],
  ['SET-SKIP-CHECKSUM-VALIDATION <0|1>', 'Trust the checksums of snapshots and RESTORE, or check them.'],
  ['SLEEP <seconds>', 'Serve nobody for so long.'],
  ['STRINGMATCH-LEN <pattern> <string>', 'Match a glob-style pattern.'],
]
