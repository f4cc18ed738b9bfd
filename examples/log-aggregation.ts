// Counts what stands in a folder of log files, and loses and repeats nothing when the server is killed in the middle.
//
//   progress:log      hash        file and offset: all before that place has been counted
//   hits:path         sorted set  path -> requests
//   hits:status       hash        status -> requests
//
// What a batch of lines adds up to and the place behind it are written in one transaction: the log of the server has
// both or neither. So whoever starts again, starts where the counts end.
//
//     npx node examples/log-aggregation.ts

import { appendFile, mkdtemp, open, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort, startServer } from '../test/support/server.ts'

const BATCH_LINES = 1000

/** How to connect for this: an attempt that fails is an error, because only a fresh look tells whether it counted. */
export function connectForLogs(port: number): Redis {
  const redis = new Redis({ port, maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false })
  // Commands report the lost connection; the event needs a listener so that it does not end the program.
  redis.on('error', () => undefined)
  return redis
}

/**
 * Counts all lines that have not been counted yet. Files are read in the order of their names, and once a file has a
 * successor no more is written to it; lines end with a newline.
 */
export async function aggregate(redis: Redis, folder: string, onBatch?: () => void): Promise<void> {
  const progress = await redis.hgetall('progress:log')
  const names = (await readdir(folder)).filter(name => name.endsWith('.log')).sort()
  for (const name of names) {
    if (progress.file !== undefined && name < progress.file) continue
    let offset = name === progress.file ? Number(progress.offset) : 0
    const file = await open(join(folder, name))
    try {
      let batch = new Batch()
      for await (const line of file.readLines({ start: offset, autoClose: false })) {
        batch.add(line)
        offset += Buffer.byteLength(line) + 1
        if (batch.lines < BATCH_LINES) continue
        await batch.write(redis, name, offset)
        batch = new Batch()
        onBatch?.()
      }
      await batch.write(redis, name, offset)
    } finally {
      await file.close()
    }
  }
}

/** What some lines add up to. */
class Batch {
  lines = 0
  readonly #paths = new Map<string, number>()
  readonly #statuses = new Map<string, number>()

  /** A line is `TIME STATUS PATH`. */
  add(line: string): void {
    const [, status, path] = line.split(' ')
    this.lines++
    this.#paths.set(path, (this.#paths.get(path) ?? 0) + 1)
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1)
  }

  async write(redis: Redis, file: string, offset: number): Promise<void> {
    if (this.lines === 0) return
    const multi = redis.multi().hset('progress:log', { file, offset })
    for (const [path, count] of this.#paths) multi.zincrby('hits:path', count, path)
    for (const [status, count] of this.#statuses) multi.hincrby('hits:status', status, count)
    await multi.exec()
  }
}

/** Writes log files with so many lines each, for trying this out. */
export async function writeLogs(folder: string, files: number, lines: number): Promise<void> {
  for (let file = 0; file < files; file++) {
    const text = Array.from({ length: lines }, (_, i) => {
      const status = i % 10 === 0 ? 404 : 200
      return `${file * lines + i} ${status} /page/${(i * 7 + file) % 100}\n`
    })
    await appendFile(join(folder, `access-${String(file).padStart(3, '0')}.log`), text.join(''))
  }
}

if (import.meta.main) {
  const folder = await mkdtemp(join(tmpdir(), 'skep-logs-'))
  const port = await freePort()
  // A server of its own, because it is going to be killed.
  const start = () =>
    startServer('skep', { port, dir: folder, args: ['--appendonly', 'yes', '--appendfsync', 'everysec'] })
  await writeLogs(folder, 5, 20_000)
  let server = await start()
  let redis = connectForLogs(port)
  let batches = 0
  const killedAfter = 30
  try {
    await aggregate(redis, folder, () => {
      batches++
      if (batches === killedAfter) void server.stop('SIGKILL')
    })
  } catch (error) {
    console.log(`killed after ${killedAfter} batches: ${error instanceof Error ? error.message : error}`)
  }
  redis.disconnect()
  await server.ended

  server = await start()
  redis = connectForLogs(port)
  console.log('started again at', await redis.hgetall('progress:log'))
  await aggregate(redis, folder)
  console.log('statuses', await redis.hgetall('hits:status'), 'of 100,000 lines')
  redis.disconnect()
  await server.stop()
  await rm(folder, { recursive: true })
}
