// A process of its own that sends one command after the other and notes how long each took.
//
// Started by latency.ts. Apart from the bench's own process, whose other work would show up as latency. Its own
// longest pause for garbage collection is reported too, so that it cannot be taken for the server's.

import { createConnection, type Socket } from 'node:net'
import { PerformanceObserver, performance } from 'node:perf_hooks'
import { encodeCommand } from '../../test/support/client.ts'
import { Histogram } from './histogram.ts'
import type { LatencyFigures, LatencyOrder } from './latency.ts'
import { ReplyCounter } from './load-client.ts'

const order: LatencyOrder = JSON.parse(process.argv[2] ?? '')
const histogram = new Histogram()
let collectionMs = 0
let stopping = false
let open = 0

new PerformanceObserver(list => {
  for (const { duration } of list.getEntries()) collectionMs = Math.max(collectionMs, duration)
}).observe({ entryTypes: ['gc'] })

/** The bytes of one command, its key's twelve digits rewritten in place. */
type Template = { readonly bytes: Buffer; readonly keyAt: number }

function template(words: readonly string[]): Template {
  const bytes = encodeCommand(words.map(word => (word === 'KEY' ? 'key:000000000000' : word)))
  return { bytes, keyAt: bytes.indexOf('key:0000') + 4 }
}

function drawKey({ bytes, keyAt }: Template): void {
  if (keyAt < 4) return
  let number = Math.floor(Math.random() * order.keys)
  for (let i = 11; i >= 0; i--) {
    bytes[keyAt + i] = 48 + (number % 10)
    number = Math.floor(number / 10)
  }
}

function start(): void {
  const socket: Socket = createConnection({ host: '127.0.0.1', port: order.port, noDelay: true })
  const templates = order.commands.map(template)
  const counter = new ReplyCounter()
  let sentAt = 0
  let turn = 0
  open++

  function next(): void {
    const chosen = templates[turn++ % templates.length]
    drawKey(chosen)
    sentAt = performance.now()
    socket.write(chosen.bytes)
  }

  socket.on('data', chunk => {
    counter.feed(chunk as Buffer)
    if (counter.errors > 0) throw new Error(`an error reply: ${chunk.toString()}`)
    if (counter.replies === 0) return
    counter.replies = 0
    histogram.record((performance.now() - sentAt) * 1000)
    if (histogram.count === 1) process.send?.('ready')
    if (stopping) socket.destroy()
    else next()
  })
  socket.on('connect', next)
  socket.on('close', () => {
    open--
    if (open === 0) finish()
  })
}

function finish(): void {
  const figures: LatencyFigures = {
    count: histogram.count,
    p50: histogram.percentile(0.5),
    p99: histogram.percentile(0.99),
    p999: histogram.percentile(0.999),
    worst: histogram.worst,
    clientPause: collectionMs * 1000,
  }
  process.send?.(figures, () => process.disconnect?.())
}

process.on('message', () => {
  stopping = true
})
for (let i = 0; i < order.connections; i++) start()
