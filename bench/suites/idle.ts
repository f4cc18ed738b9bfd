// Question: how much memory does an idle connection take? The last answer is in ../RESULTS.md, section idle.

import { createConnection, type Socket } from 'node:net'
import { settledBytes } from '../support/process.ts'
import { onEach } from '../support/servers.ts'
import type { Suite } from './index.ts'

/** Opened in small groups: a backlog that overflows makes the kernel wait for a second. */
const GROUP = 100

function connect(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: '127.0.0.1', port })
    socket.once('error', reject)
    socket.once('connect', () => socket.write('PING\r\n'))
    // Only when it has been served is the connection all there.
    socket.once('data', () => resolve(socket))
  })
}

export const idle: Suite = {
  name: 'idle',
  question: 'resident memory for each of 10,000 connections that have sent one PING and nothing more',

  async run(settings) {
    const count = Math.ceil((10_000 * settings.scale) / GROUP) * GROUP
    const values = await onEach(
      settings,
      async server => {
        const before = await settledBytes(server.pid)
        const sockets: Socket[] = []
        while (sockets.length < count) {
          sockets.push(...(await Promise.all(Array.from({ length: GROUP }, () => connect(server.port)))))
        }
        const bytes = (await settledBytes(server.pid)) - before
        for (const socket of sockets) socket.destroy()
        return bytes / count / 1024
      },
      ['--maxclients', String(count + 100)],
    )
    const rows = [
      {
        what: `${count.toLocaleString('en-US')} connections, each`,
        unit: 'KiB',
        redis: values.redis === undefined ? undefined : [values.redis],
        skep: values.skep === undefined ? undefined : [values.skep],
      },
    ]
    return { tables: [{ title: 'resident memory', rows }], notes: [] }
  },
}
