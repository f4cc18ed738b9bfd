// Directives of Redis's parts that skep does not have, and those that only tests use.

import { type DirectiveGroup, directive } from '../directive.ts'
import { bool, I32_MAX, I64_MAX, integer, memory, oneOf, text, U64_MAX } from '../kinds.ts'
import { HOST_NAME } from '../special-kinds.ts'

const I32_MIN = -I32_MAX - 1n

const inert = 'there is no cluster mode: the shards of one process serve all keys'
const tls = { inert: 'there is no TLS; put a proxy such as stunnel in front' }
const none = text({ emptyIsNone: true })
const port = integer(0n, 65535n)

export const CLUSTER: DirectiveGroup = {
  title: 'Cluster',
  directives: [
    directive('cluster-enabled', bool(), 'no', 'Be a node of a cluster.', { inert, immutable: true }),
    directive('cluster-config-file', text({ form: 'path' }), 'nodes.conf', "The node's own file.", {
      inert,
      immutable: true,
    }),
    directive('cluster-port', port, '0', 'Port of the cluster bus.', { inert, immutable: true }),
    directive('cluster-node-timeout', integer(0n, I64_MAX), '15000', 'Milliseconds until a node fails.', { inert }),
    directive('cluster-replica-validity-factor', integer(0n, I32_MAX), '10', 'How old a candidate may be.', {
      inert,
      alias: 'cluster-slave-validity-factor',
    }),
    directive('cluster-replica-no-failover', bool(), 'no', 'Never be promoted.', {
      inert,
      alias: 'cluster-slave-no-failover',
    }),
    directive('cluster-migration-barrier', integer(0n, I32_MAX), '1', 'Replicas a master keeps.', { inert }),
    directive('cluster-allow-replica-migration', bool(), 'yes', 'Let replicas move.', { inert }),
    directive('cluster-require-full-coverage', bool(), 'yes', 'Stop when slots are missing.', { inert }),
    directive('cluster-allow-reads-when-down', bool(), 'no', 'Read when it is down.', { inert }),
    directive('cluster-allow-pubsubshard-when-down', bool(), 'yes', 'Publish when it is down.', { inert }),
    directive('cluster-link-sendbuf-limit', memory(0n, U64_MAX, { unsigned: true }), '0', 'Output per link.', {
      inert,
    }),
    directive('cluster-announce-ip', none, '', 'Address that others are told.', { inert }),
    directive('cluster-announce-hostname', HOST_NAME, '', 'Name that others are told.', { inert }),
    directive('cluster-announce-port', port, '0', 'Port that others are told.', { inert }),
    directive('cluster-announce-tls-port', port, '0', 'TLS port that others are told.', { inert }),
    directive('cluster-announce-bus-port', port, '0', 'Bus port that others are told.', { inert }),
    directive(
      'cluster-preferred-endpoint-type',
      oneOf(['ip', 'hostname', 'unknown-endpoint']),
      'ip',
      'What clients are told.',
      { inert },
    ),
  ],
}

export const TLS: DirectiveGroup = {
  title: 'TLS',
  directives: [
    directive('tls-port', port, '0', 'Port for TLS.', tls),
    ...[
      'tls-cert-file',
      'tls-key-file',
      'tls-key-file-pass',
      'tls-client-cert-file',
      'tls-client-key-file',
      'tls-client-key-file-pass',
      'tls-dh-params-file',
      'tls-ca-cert-file',
      'tls-ca-cert-dir',
      'tls-protocols',
      'tls-ciphers',
      'tls-ciphersuites',
    ].map(name => directive(name, none, '', 'Keys and ciphers.', tls)),
    directive('tls-auth-clients', oneOf(['no', 'yes', 'optional']), 'yes', 'Ask clients for certificates.', tls),
    directive('tls-replication', bool(), 'no', 'Use TLS to the master.', tls),
    directive('tls-cluster', bool(), 'no', 'Use TLS on the bus.', tls),
    directive('tls-prefer-server-ciphers', bool(), 'no', 'Let the server choose.', tls),
    directive('tls-session-caching', bool(), 'yes', 'Resume sessions.', tls),
    directive('tls-session-cache-size', integer(0n, I32_MAX), '20480', 'Sessions kept.', tls),
    directive('tls-session-cache-timeout', integer(0n, I32_MAX), '300', 'Seconds they are kept.', tls),
  ],
}

export const TESTING: DirectiveGroup = {
  title: 'For tests',
  directives: [
    directive('key-load-delay', integer(I32_MIN, I32_MAX), '0', 'Microseconds to wait for each key loaded.', {
      hidden: true,
    }),
    directive('rdb-key-save-delay', integer(I32_MIN, I32_MAX), '0', 'Microseconds to wait for each key saved.', {
      hidden: true,
      shared: true,
    }),
    directive(
      'loading-process-events-interval-bytes',
      integer(1024n, I32_MAX),
      '2097152',
      'Clients wait for the loading of no more than this, and are told of more.',
      { hidden: true },
    ),
    directive('watchdog-period', integer(0n, I32_MAX), '0', 'Milliseconds of standstill that are logged.', {
      hidden: true,
      inert: 'a JavaScript thread cannot interrupt itself',
    }),
    directive('use-exit-on-panic', bool(), 'no', 'Exit instead of aborting.', {
      hidden: true,
      inert: 'a failed assertion always exits',
    }),
    directive('lua-enable-deprecated-api', bool(), 'no', 'Offer old functions to scripts.', {
      hidden: true,
      inert: 'newproxy, getfenv and setfenv are never offered',
      immutable: true,
    }),
  ],
}
