// The log's lines, as Redis writes them.

import { expect, test } from 'vitest'
import { asRedisWrites } from '../src/log.ts'
import { startServer } from './support/server.ts'

const LINE = /^\d+:[MS] \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d\.\d{3} [.\-*#] .+$/

const lineOf = (fields: object): string =>
  JSON.stringify({ level: 30, time: new Date(2026, 10, 2, 3, 4, 5, 6).toISOString(), pid: 12, host: 'h', ...fields })

test('a line says process, role, time, level and text', () => {
  expect(asRedisWrites(lineOf({ msg: 'all is well' }), false)).toBe('12:M 02 Nov 2026 03:04:05.006 * all is well\n')
  expect(asRedisWrites(lineOf({ msg: 'it "is"', level: 40 }), true)).toBe('12:S 02 Nov 2026 03:04:05.006 # it "is"\n')
})

test('an error has its message behind the text', () => {
  expect(asRedisWrites(lineOf({ msg: 'no', level: 50, err: { message: 'disk full' } }), false)).toMatch(
    /# no: disk full\n$/,
  )
})

test('with log-format redis the log has such lines, and knows when the server becomes a replica', async () => {
  const server = await startServer('skep', { args: ['--log-format', 'redis'] })
  const client = await server.connect()
  await client.must('REPLICAOF', '127.0.0.1', '1')
  await server.logged(/:S .* \* Connecting to MASTER 127\.0\.0\.1:1\n/)
  const text = server.output()
  expect(text).toMatch(/:M .* \* Ready to accept connections/)
  for (const line of text.trimEnd().split('\n')) expect(line).toMatch(LINE)
  await client.close()
  await server.stop()
})
