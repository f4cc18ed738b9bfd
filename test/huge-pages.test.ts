// Huge pages: when they are asked for, and that a server's data lies in them then.

import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { mallocAsksForHugePages, tunablesForHugePages } from '../src/huge-pages.ts'
import { startServer } from './support/server.ts'

const MODE = '/sys/kernel/mm/transparent_hugepage/enabled'
const asksOnly = existsSync(MODE) && readFileSync(MODE, 'latin1').includes('[madvise]')

describe('asking for huge pages', () => {
  const mode = 'always [madvise] never\n'

  test('keeps what others have set', () => {
    expect(tunablesForHugePages(undefined, mode)).toBe('glibc.malloc.hugetlb=1')
    expect(tunablesForHugePages('glibc.malloc.check=3', mode)).toBe('glibc.malloc.check=3:glibc.malloc.hugetlb=1')
  })

  test('is not done against a wish, nor in vain', () => {
    expect(tunablesForHugePages('glibc.malloc.hugetlb=0', mode)).toBeUndefined()
    expect(tunablesForHugePages('glibc.malloc.hugetlb=1', mode)).toBeUndefined()
    for (const other of ['[always] madvise never', 'always madvise [never]', '']) {
      expect(tunablesForHugePages(undefined, other)).toBeUndefined()
    }
  })

  test('is told from the variable alone', () => {
    expect(mallocAsksForHugePages({})).toBe(false)
    expect(mallocAsksForHugePages({ GLIBC_TUNABLES: 'glibc.malloc.hugetlb=0' })).toBe(false)
    expect(mallocAsksForHugePages({ GLIBC_TUNABLES: 'a=1:glibc.malloc.hugetlb=1' })).toBe(true)
  })
})

test.skipIf(!asksOnly)('a server has its data in huge pages, in the process that was started', async () => {
  const server = await startServer('skep', { shards: 1 })
  try {
    const client = await server.connect()
    expect(String(await client.call('SET', 'k', Buffer.alloc(8 << 20)))).toBe('OK')
    expect(String(await client.call('INFO', 'server'))).toContain(`process_id:${server.pid}\r`)
    await client.close()
    // The value's own pages are in use as soon as it is there.
    const [, kilobytes] =
      readFileSync(`/proc/${server.pid}/smaps_rollup`, 'latin1').match(/AnonHugePages:\s+(\d+)/) ?? []
    expect(Number(kilobytes)).toBeGreaterThan(0)
  } finally {
    await server.stop()
  }
})
