// Question: how many messages a second reach all of 50 subscribers? The publisher sends them one by one, and 16 at a
// time. The last answer is in ../RESULTS.md, section publish.

import { createConnection, type Socket } from 'node:net'
import { encodeCommand } from '../../test/support/client.ts'
import type { TestServer } from '../../test/support/server.ts'
import type { Driven } from '../support/drive.ts'
import { addRows, measureInTurn } from '../support/drive.ts'
import { LoadClient } from '../support/load-client.ts'
import { cpuMicroseconds } from '../support/process.ts'
import type { Row } from '../support/report.ts'
import { withAll } from '../support/servers.ts'
import type { Suite } from './index.ts'

const SUBSCRIBERS = 50
const CHANNEL = 'news'
const TEXT = 'x'.repeat(64)
/** What a subscriber gets for one message. */
const MESSAGE_BYTES = encodeCommand(['message', CHANNEL, TEXT]).length
const CONFIRMATION_BYTES = `*3\r\n$9\r\nsubscribe\r\n$4\r\n${CHANNEL}\r\n:1\r\n`.length

/** Subscribes, and calls `onBytes` with the length of whatever comes after the confirmation. */
async function subscribe(port: number, onBytes: (count: number) => void): Promise<Socket> {
  const socket = createConnection({ host: '127.0.0.1', port })
  let confirmation = CONFIRMATION_BYTES
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject)
    socket.on('data', chunk => {
      const rest = Math.max(0, chunk.length - confirmation)
      confirmation -= chunk.length - rest
      if (confirmation === 0) resolve()
      if (rest > 0) onBytes(rest)
    })
    socket.write(encodeCommand(['SUBSCRIBE', CHANNEL]))
  })
  return socket
}

async function measure(server: TestServer, pipeline: number, seconds: number): Promise<Driven> {
  let received = 0
  let awaited = Number.POSITIVE_INFINITY
  let onAll: () => void = () => undefined
  const subscribers = await Promise.all(
    Array.from({ length: SUBSCRIBERS }, () =>
      subscribe(server.port, count => {
        received += count
        if (received >= awaited) onAll()
      }),
    ),
  )
  const publisher = await LoadClient.connect(server.port)
  const bytes = Buffer.concat(Array.from({ length: pipeline }, () => encodeCommand(['PUBLISH', CHANNEL, TEXT])))
  const before = cpuMicroseconds(server.pid)
  const started = performance.now()
  let published = 0
  while (performance.now() < started + 1000 * seconds) {
    await publisher.send(bytes, pipeline)
    published += pipeline
    // Subscribers keep pace: a batch is over when all have it.
    awaited = published * SUBSCRIBERS * MESSAGE_BYTES
    if (received < awaited) {
      await new Promise<void>(resolve => {
        onAll = resolve
      })
    }
  }
  const spentMs = performance.now() - started
  const cpu = cpuMicroseconds(server.pid) - before
  publisher.close()
  for (const socket of subscribers) socket.destroy()
  return { perSecond: (1000 * published) / spentMs, cpuMicroseconds: cpu / published }
}

export const publish: Suite = {
  name: 'publish',
  question: 'PUBLISH of 64 bytes to a channel with 50 subscribers, until all have it; P messages at a time',

  async run(settings) {
    const speed: Row[] = []
    const cost: Row[] = []
    await withAll(settings, async servers => {
      for (const pipeline of [1, 16]) {
        const figures = await measureInTurn(servers, settings, server => measure(server, pipeline, settings.seconds))
        addRows(speed, cost, { what: `PUBLISH P=${pipeline}`, goal: '≥ 1.0' }, figures)
      }
    })
    return {
      tables: [
        { title: 'messages a second', rows: speed },
        { title: 'processor time of the server for one message', rows: cost },
      ],
      notes: [],
    }
  },
}
