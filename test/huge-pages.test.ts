// Huge pages: when the process starts itself again for them, and that its data lies in them then.

import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { mallocAsksForHugePages, withHugePages } from '../src/huge-pages.ts'
import { startServer } from './support/server.ts'

const MODE = '/sys/kernel/mm/transparent_hugepage/enabled'
const asksOnly = existsSync(MODE) && readFileSync(MODE, 'latin1').includes('[madvise]')

describe('starting again', () => {
  const mode = 'always [madvise] never\n'

  test('sets the variable, and keeps what others have set', () => {
    expect(withHugePages({ HOME: '/' }, mode)).toEqual({
      HOME: '/',
      SKEP_RESTARTED: '1',
      GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
    })
    expect(withHugePages({ GLIBC_TUNABLES: 'glibc.malloc.check=3' }, mode)?.GLIBC_TUNABLES).toBe(
      'glibc.malloc.check=3:glibc.malloc.hugetlb=1',
    )
  })

  test('is not done twice, nor with sockets that would be lost, nor against a wish, nor in vain', () => {
    expect(withHugePages({ SKEP_RESTARTED: '1' }, mode)).toBeUndefined()
    expect(withHugePages({ LISTEN_FDS: '1' }, mode)).toBeUndefined()
    expect(withHugePages({ GLIBC_TUNABLES: 'glibc.malloc.hugetlb=0' }, mode)).toBeUndefined()
    expect(withHugePages({ GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' }, mode)).toBeUndefined()
    for (const other of ['[always] madvise never', 'always madvise [never]', '']) {
      expect(withHugePages({}, other)).toBeUndefined()
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
