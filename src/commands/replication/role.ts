// ROLE: master or replica, and how it stands with the others.

import { LINK_STATE, REPLICA_STATE } from '../../shared/replication-block.ts'
import { type Command, FAST, LOADING, NOSCRIPT, STALE } from '../command.ts'

const LINK_NAMES: Readonly<Record<number, string>> = {
  [LINK_STATE.NONE]: 'none',
  [LINK_STATE.CONNECT]: 'connect',
  [LINK_STATE.CONNECTING]: 'connecting',
  [LINK_STATE.HANDSHAKE]: 'handshake',
  [LINK_STATE.TRANSFER]: 'sync',
  [LINK_STATE.CONNECTED]: 'connected',
}

export const role: Command = {
  name: 'ROLE',
  group: 'server',
  since: '2.8.12',
  summary: 'Tells whether the server is a master or a replica, and of whom.',
  complexity: 'O(1)',
  arity: 1,
  flags: NOSCRIPT | LOADING | STALE | FAST,
  categories: ['admin', 'dangerous'],
  serve(_client, _req, reply, { replication }) {
    const { block } = replication
    if (block.isReplica) {
      const link = block.word('LINK')
      reply.array(5)
      reply.latin1('slave')
      reply.latin1(block.masterHost)
      reply.integer(block.word('MASTER_PORT'))
      reply.latin1(LINK_NAMES[link] ?? 'unknown')
      reply.integer(link === LINK_STATE.CONNECTED ? block.number('END') : -1)
      return
    }
    const online = block.rows().filter(row => block.state(row) === REPLICA_STATE.ONLINE)
    reply.array(3)
    reply.latin1('master')
    reply.integer(block.number('END'))
    reply.array(online.length)
    for (const row of online) {
      reply.array(3)
      reply.latin1(block.address(row))
      reply.bulkInteger(block.rowWord(row, 'PORT'))
      reply.bulkInteger(block.rowNumber(row, 'ACK'))
    }
  },
}
