// Question: does a value of 512 MB, the largest there may be, go in and come out intact, and how much memory does that
// take at its worst? The last answer is in ../RESULTS.md, section big.

import { createConnection } from 'node:net'
import { forgetPeak, peakBytes, residentBytes } from '../support/process.ts'
import type { Row } from '../support/report.ts'
import { onEach } from '../support/servers.ts'
import type { Suite } from './index.ts'

/** Not a power of two: a piece put in the wrong place does not pass for the right one. */
const PATTERN = 1_000_003

/** Byte `at` of the value. */
function pattern(): Buffer {
  const bytes = Buffer.alloc(PATTERN)
  let state = 1
  for (let i = 0; i < PATTERN; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[i] = state >>> 24
  }
  return bytes
}

/** Sets the value and gets it back over one connection, comparing as it comes; seconds taken by each. */
function outAndIn(port: number, length: number): Promise<{ set: number; get: number }> {
  const bytes = pattern()
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: '127.0.0.1', port, noDelay: true })
    const started = performance.now()
    let setAt = 0
    let sent = 0
    let head = Buffer.alloc(0)
    let got = -1

    function feed(): void {
      while (sent < length) {
        const from = sent % PATTERN
        const piece = bytes.subarray(from, Math.min(PATTERN, from + length - sent))
        sent += piece.length
        if (!socket.write(piece)) {
          socket.once('drain', feed)
          return
        }
      }
      socket.write('\r\n')
    }

    /** The line before the value; what stands behind it in the same chunk. */
    function opening(chunk: Buffer): Buffer {
      head = Buffer.concat([head, chunk])
      const end = head.indexOf('\r\n')
      if (end < 0) return Buffer.alloc(0)
      const line = head.toString('latin1', 0, end)
      const rest = head.subarray(end + 2)
      head = Buffer.alloc(0)
      if (line === '+OK' && setAt === 0) {
        setAt = performance.now()
        socket.write('*2\r\n$3\r\nGET\r\n$3\r\nbig\r\n')
      } else if (line === `$${length}`) got = 0
      else reject(new Error(`unexpected reply ${line.slice(0, 100)}`))
      return rest
    }

    socket.on('data', data => {
      let chunk = data as Buffer
      if (got < 0) chunk = opening(chunk)
      while (got >= 0 && chunk.length > 0 && got < length) {
        const from = got % PATTERN
        const size = Math.min(chunk.length, PATTERN - from, length - got)
        if (bytes.compare(chunk, 0, size, from, from + size) !== 0) {
          reject(new Error(`the value differs between byte ${got} and ${got + size}`))
          socket.destroy()
          return
        }
        got += size
        chunk = chunk.subarray(size)
      }
      if (got === length) {
        resolve({ set: (setAt - started) / 1000, get: (performance.now() - setAt) / 1000 })
        socket.destroy()
      }
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`the connection closed after ${sent} bytes out, ${got} in`)))
    socket.on('connect', () => {
      socket.write(`*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$${length}\r\n`)
      feed()
    })
  })
}

export const big: Suite = {
  name: 'big',
  question: 'one value of 512 MB: SET, then GET, compared byte for byte',

  async run(settings) {
    const length = Math.ceil(2 ** 29 * settings.scale)
    const values = await onEach(settings, async server => {
      const before = residentBytes(server.pid)
      forgetPeak(server.pid)
      const seconds = await outAndIn(server.port, length)
      return { ...seconds, growth: (peakBytes(server.pid) - before) / length }
    })
    const row = (
      what: string,
      unit: string,
      read: (value: { set: number; get: number; growth: number }) => number,
    ): Row => ({
      what,
      unit,
      redis: values.redis && [read(values.redis)],
      skep: values.skep && [read(values.skep)],
    })
    const rows = [
      row('peak growth of resident memory', 'x value', ({ growth }) => growth),
      row('SET', 's', ({ set }) => set),
      row('GET', 's', ({ get }) => get),
    ]
    return { tables: [{ title: `a value of ${Math.round(length / 2 ** 20)} MiB, intact`, rows }], notes: [] }
  },
}
