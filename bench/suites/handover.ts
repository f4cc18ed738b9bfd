// Question: how long is it from the sending of a push to the reply of a client that waits for it in BLPOP? The last
// answer is in ../RESULTS.md, section handover.

import { setTimeout as sleep } from 'node:timers/promises'
import { encodeCommand } from '../../test/support/client.ts'
import type { TestServer } from '../../test/support/server.ts'
import { measureInTurn } from '../support/drive.ts'
import { Histogram } from '../support/histogram.ts'
import { LoadClient } from '../support/load-client.ts'
import type { Row } from '../support/report.ts'
import { withAll } from '../support/servers.ts'
import type { Suite } from './index.ts'

async function measure(server: TestServer, seconds: number): Promise<Histogram> {
  const waiting = await LoadClient.connect(server.port)
  const pushing = await LoadClient.connect(server.port)
  const blpop = encodeCommand(['BLPOP', 'queue', 0])
  const rpush = encodeCommand(['RPUSH', 'queue', 'job'])
  const histogram = new Histogram()
  const end = performance.now() + 1000 * seconds
  while (performance.now() < end) {
    const popped = waiting.send(blpop, 1)
    // By then it waits: what comes is a hand-over.
    await sleep(1)
    const sentAt = performance.now()
    const pushed = pushing.send(rpush, 1)
    await popped
    histogram.record((performance.now() - sentAt) * 1000)
    await pushed
  }
  waiting.close()
  pushing.close()
  return histogram
}

export const handover: Suite = {
  name: 'handover',
  question: 'the time from RPUSH to the reply of another client’s BLPOP, one of each, the server idle in between',

  async run(settings) {
    const rows: Row[] = []
    await withAll(settings, async servers => {
      const figures = await measureInTurn(servers, settings, server => measure(server, settings.seconds))
      for (const [what, share, goal] of [
        ['median', 0.5, '≤ 1.3'],
        ['99 %', 0.99, undefined],
      ] as const) {
        const values = {
          redis: figures.redis?.map(h => h.percentile(share)),
          skep: figures.skep?.map(h => h.percentile(share)),
        }
        rows.push({ what, unit: 'µs', ...values, goal })
      }
    })
    return { tables: [{ title: 'from push to pop', rows }], notes: [] }
  },
}
