// Question: how long is a verified write (examples/verified-write.ts): until the replica has it and no sync of its
// append-only file is due? The last answer is in ../RESULTS.md, section verified.

import { Redis } from 'ioredis'
import { onBothDisks } from '../../examples/verified-write.ts'
import type { ServerKind, TestServer } from '../../test/support/server.ts'
import { kinds, type Settings, startForBench } from '../support/servers.ts'
import type { Suite } from './index.ts'

const ARGS = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--repl-diskless-sync-delay', '0']
const SYNC_MS_MAX = 30_000
const NOTE =
  'skep counts what is written and not yet synced as pending, and so waits for the sync of this second. redis-server ' +
  'counts syncs that are under way; the write may still wait for its own.'

/** Milliseconds for each of some verified writes. */
async function measure(kind: ServerKind, settings: Settings): Promise<number[]> {
  const servers: TestServer[] = []
  const clients: Redis[] = []
  try {
    for (let i = 0; i < 2; i++) servers.push(await startForBench(kind, settings, ARGS))
    clients.push(...servers.map(({ port }) => new Redis(port)))
    const [master, replica] = clients
    await replica.call('SLAVEOF', '127.0.0.1', servers[0].port)
    if (!(await onBothDisks(master, replica, SYNC_MS_MAX))) throw new Error(`${kind}: the replica does not follow`)
    const spent: number[] = []
    for (let round = 0; round < 2 * settings.rounds; round++) {
      await master.set('key', round)
      const started = performance.now()
      if (!(await onBothDisks(master, replica))) throw new Error(`${kind}: not verified in time`)
      spent.push(performance.now() - started)
    }
    return spent
  } finally {
    for (const client of clients) client.disconnect()
    for (const server of servers) await server.stop()
  }
}

export const verified: Suite = {
  name: 'verified',
  question:
    'from a write until the replica has it in its append-only file and no sync is pending; appendfsync everysec',

  async run(settings) {
    const values: Partial<Record<ServerKind, number[]>> = {}
    for (const kind of kinds()) values[kind] = await measure(kind, settings)
    const rows = [{ what: 'verified write', unit: 'ms', goal: '< 1,000 ms', redis: values.redis, skep: values.skep }]
    return { tables: [{ title: 'until it is verified', rows }], notes: [NOTE] }
  },
}
