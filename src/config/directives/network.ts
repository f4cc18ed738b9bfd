// Directives about listening, clients and the process.

import { availableParallelism } from 'node:os'
import { type DirectiveGroup, directive } from '../directive.ts'
import { anyOf, bool, I32_MAX, I64_MAX, integer, memory, oneOf, text, U32_MAX } from '../kinds.ts'
import {
  BIND,
  DIRECTORY,
  KEYSPACE_EVENTS,
  OOM_SCORE_ADJ_VALUES,
  OUTPUT_BUFFER_LIMIT,
  TITLE_TEMPLATE,
} from '../special-kinds.ts'

const NO_CPU_LISTS = 'threads are placed by the operating system; use taskset or CPUAffinity= for the whole process'
const OOM_BY_UNIT = 'a service manager sets it: OOMScoreAdjust in the unit'
const NO_SYSLOG = 'the log goes to a file or to standard output, which systemd hands to the journal'

const SHUTDOWN_WORDS = ['default', 'save', 'nosave', 'now', 'force']

const shutdownOn = anyOf(SHUTDOWN_WORDS, chosen =>
  chosen.includes('save') && chosen.includes('nosave')
    ? "shutdown options SAVE and NOSAVE can't be used simultaneously"
    : undefined,
)

const permission = oneOf(['no', 'yes', 'local'])

export const SKEP: DirectiveGroup = {
  title: "skep's own",
  directives: [
    directive(
      'repl-fanout',
      integer(0n, 128n),
      '0',
      'Replicas that a server feeds; a further skep is referred to one of them. 0 is no limit.',
    ),
    directive(
      'log-format',
      oneOf(['json', 'redis']),
      'json',
      'What a line of the log looks like: a JSON object, or as Redis writes it. A terminal shows readable lines.',
      { immutable: true },
    ),
    directive('shards', integer(1n, 128n), `${availableParallelism()}`, 'Keyspaces, each with a thread of its own.', {
      immutable: true,
      initialText: 'number of cores',
    }),
    directive('routers', integer(1n, 64n), '1', 'Threads that accept connections and route commands.', {
      immutable: true,
    }),
    directive(
      'http-port',
      integer(0n, 65535n),
      '0',
      'TCP port of the HTTP gateway; 0 is none. Without http-token it listens on loopback only, with it where bind says.',
    ),
    directive('http-token', text({ emptyIsNone: true }), '', 'What HTTP clients must show to be the default user.', {
      sensitive: true,
    }),
  ],
}

export const NETWORK: DirectiveGroup = {
  title: 'Network',
  directives: [
    directive('bind', BIND, '* -::*', 'Addresses to listen on; one behind a - may be missing.'),
    directive('bind-source-addr', text({ emptyIsNone: true }), '', 'Address that connections to a master come from.'),
    directive('protected-mode', bool(), 'yes', 'Without a password, serve loopback only.', { shared: true }),
    directive('port', integer(0n, 65535n), '6379', 'TCP port; 0 is none.'),
    directive('tcp-backlog', integer(0n, I32_MAX), '511', 'Connections that may wait to be accepted.', {
      immutable: true,
    }),
    directive('unixsocket', text({ emptyIsNone: true, form: 'path' }), '', 'Path of a Unix socket to listen on.', {
      immutable: true,
    }),
    directive('unixsocketperm', integer(0n, 0o777n, { unit: 'octal', unsigned: true }), '0', 'Mode of that socket.', {
      immutable: true,
    }),
    directive('timeout', integer(0n, I32_MAX), '0', 'Close clients idle for so many seconds; 0 is never.', {
      shared: true,
    }),
    directive('tcp-keepalive', integer(0n, I32_MAX), '300', 'Seconds between probes of silent peers; 0 is none.'),
    directive('socket-mark-id', integer(0n, U32_MAX, { unsigned: true }), '0', 'Mark for the packets of listeners.', {
      immutable: true,
      inert: 'Node.js cannot mark sockets',
    }),
  ],
}

export const PROCESS: DirectiveGroup = {
  title: 'Process and log',
  directives: [
    directive('daemonize', bool(), 'no', 'Leave the terminal: a second process serves, and this one ends.', {
      immutable: true,
    }),
    directive('supervised', oneOf(['upstart', 'systemd', 'auto', 'no']), 'no', 'Who watches over the process.', {
      immutable: true,
    }),
    directive('pidfile', text({ emptyIsNone: true, form: 'path' }), '', 'File that holds the process id.', {
      immutable: true,
    }),
    directive(
      'loglevel',
      oneOf(['debug', 'verbose', 'notice', 'warning']),
      'notice',
      'What is worth a line in the log.',
    ),
    directive('logfile', text({ form: 'path' }), '', 'Log file; empty is standard output.', { immutable: true }),
    directive('syslog-enabled', bool(), 'no', 'Log to syslog.', { immutable: true, inert: NO_SYSLOG }),
    directive('syslog-ident', text(), 'redis', 'Name in syslog.', { immutable: true, inert: NO_SYSLOG }),
    directive(
      'syslog-facility',
      oneOf(['user', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7']),
      'local0',
      'Facility in syslog.',
      { immutable: true, inert: NO_SYSLOG },
    ),
    directive('crash-log-enabled', bool(), 'yes', 'Log a report on a crash.', {
      inert: 'Node.js writes its own report, see node --report-on-fatalerror',
    }),
    directive('crash-memcheck-enabled', bool(), 'yes', 'Test memory on a crash.', {
      inert: 'a JavaScript process cannot test its own memory',
    }),
    directive('databases', integer(1n, I32_MAX), '16', 'Numbered databases.', { immutable: true }),
    directive('always-show-logo', bool(), 'no', 'Begin the log with the logo even if it is not a terminal.', {
      immutable: true,
    }),
    directive('set-proc-title', bool(), 'yes', 'Show address and mode in the process list.', { immutable: true }),
    directive(
      'proc-title-template',
      TITLE_TEMPLATE,
      '{title} {listen-addr} {server-mode}',
      'What the process list shows.',
    ),
    directive('dir', DIRECTORY, '', 'Working folder: where data files are.', {
      guarded: true,
      denyLoading: true,
      initialText: 'where it was started',
    }),
    directive('hz', integer(0n, I32_MAX, { clamp: [1n, 500n] }), '10', 'Rounds of background work a second.', {
      shared: true,
    }),
    directive('dynamic-hz', bool(), 'yes', 'More rounds when there are many clients.', {
      inert: 'each router looks at its own clients, however many there are',
    }),
    directive('ignore-warnings', text(), '', 'Warnings at start that are to be passed over.', {
      inert: 'none of these warnings is given',
    }),
    directive('enable-protected-configs', permission, 'no', 'Who may change protected directives.', {
      immutable: true,
    }),
    directive('enable-debug-command', permission, 'no', 'Who may use DEBUG.', { immutable: true, shared: true }),
    directive('enable-module-command', permission, 'no', 'Who may use MODULE.', {
      immutable: true,
      inert: 'modules are native code, which is not loaded',
    }),
    directive(
      'oom-score-adj',
      oneOf(['no', 'yes', 'relative', 'absolute'], { relative: 'yes' }),
      'no',
      'Set how readily Linux ends the process when memory is short.',
      { inert: OOM_BY_UNIT },
    ),
    directive('oom-score-adj-values', OOM_SCORE_ADJ_VALUES, '0 200 800', 'The scores as master, replica, saving.', {
      inert: OOM_BY_UNIT,
    }),
    directive('disable-thp', bool(), 'yes', 'Turn off transparent huge pages for the process.', {
      immutable: true,
      inert: 'nothing is forked, so huge pages cost no copies; GLIBC_TUNABLES decides, see docs/operations.md',
    }),
    directive('shutdown-timeout', integer(0n, I32_MAX), '10', 'Seconds to wait at the end for replicas to catch up.'),
    directive('shutdown-on-sigint', shutdownOn, 'default', 'How to end on SIGINT.'),
    directive('shutdown-on-sigterm', shutdownOn, 'default', 'How to end on SIGTERM.'),
    directive('io-threads', integer(1n, 128n), '1', 'Threads for reading and writing.', {
      immutable: true,
      inert: 'see routers and shards',
    }),
    directive('io-threads-do-reads', bool(), 'no', 'Read in those threads too.', {
      immutable: true,
      inert: 'see routers and shards',
    }),
    ...['server_cpulist', 'bio_cpulist', 'aof_rewrite_cpulist', 'bgsave_cpulist'].map(name =>
      directive(name, text({ emptyIsNone: true, form: 'list' }), '', 'Cores to run on.', {
        immutable: true,
        inert: NO_CPU_LISTS,
      }),
    ),
    directive('jemalloc-bg-thread', bool(), 'yes', 'Give memory back in the background.', {
      inert: "data lies in shared buffers under skep's own allocator",
    }),
  ],
}

export const CLIENTS: DirectiveGroup = {
  title: 'Clients and security',
  directives: [
    directive('requirepass', text({ emptyIsNone: true }), '', 'Password of the default user.', { sensitive: true }),
    directive('aclfile', text({ form: 'path' }), '', 'File that lists the users.', { immutable: true }),
    directive('acllog-max-len', integer(0n, I64_MAX), '128', 'Entries kept in ACL LOG.'),
    directive(
      'acl-pubsub-default',
      oneOf(['allchannels', 'resetchannels']),
      'resetchannels',
      'Channels of a new user.',
    ),
    directive('maxclients', integer(1n, U32_MAX, { unsigned: true }), '10000', 'Clients at a time.', { shared: true }),
    directive(
      'maxmemory-clients',
      integer(-100n, I64_MAX, { unit: 'percent' }),
      '0',
      'Memory of all clients, beyond which the largest are closed; percent of maxmemory; 0 is no limit.',
      { shared: true },
    ),
    directive(
      'client-output-buffer-limit',
      OUTPUT_BUFFER_LIMIT,
      'normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60',
      'How much may wait to be sent, per class of client.',
    ),
    directive(
      'client-query-buffer-limit',
      memory(1048576n, I64_MAX, { unsigned: true }),
      '1073741824',
      'Unfinished input of one client.',
      { shared: true },
    ),
    directive('proto-max-bulk-len', memory(1048576n, I64_MAX), '536870912', 'Longest argument.', { shared: true }),
    directive(
      'tracking-table-max-keys',
      integer(0n, I64_MAX, { unsigned: true }),
      '1000000',
      'Keys remembered for client-side caches; 0 is no limit.',
      { shared: true },
    ),
    directive('notify-keyspace-events', KEYSPACE_EVENTS, '', 'Which events of keys are published.', { shared: true }),
  ],
}
