// When the command line starts its process again, and with what.

import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { describe, expect, test } from 'vitest'
import { restartWith } from '../src/restart.ts'
import { startServer } from './support/server.ts'

const MADVISE = 'always [madvise] never\n'
const MANY = 16

describe('starting again', () => {
  test('is for huge pages, for fewer threads of V8 than usual, or for both', () => {
    expect(restartWith({ HOME: '/' }, ['--trace-warnings'], MADVISE, MANY)).toEqual({
      environment: { HOME: '/', SKEP_RESTARTED: '1', GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' },
      options: ['--trace-warnings'],
    })
    expect(restartWith({ HOME: '/' }, ['--trace-warnings'], '', 4)).toEqual({
      environment: { HOME: '/', SKEP_RESTARTED: '1' },
      options: ['--trace-warnings', '--v8-pool-size=3'],
    })
    expect(restartWith({}, [], MADVISE, 1)).toEqual({
      environment: { SKEP_RESTARTED: '1', GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' },
      options: ['--v8-pool-size=1'],
    })
  })

  test('is not done twice, nor with sockets that would be lost, nor against a wish, nor in vain', () => {
    expect(restartWith({ SKEP_RESTARTED: '1' }, [], MADVISE, 2)).toBeUndefined()
    expect(restartWith({ LISTEN_FDS: '1' }, [], MADVISE, 2)).toBeUndefined()
    expect(restartWith({}, ['--v8-pool-size=4'], '', 2)).toBeUndefined()
    expect(restartWith({ NODE_OPTIONS: '--v8-pool-size=4' }, [], '', 2)).toBeUndefined()
    expect(restartWith({}, [], '', 5)).toBeUndefined()
  })
})

test.skipIf(availableParallelism() > 4 || process.platform !== 'linux')(
  'few cores have few threads of V8',
  async () => {
    const server = await startServer('skep', { shards: 1 })
    try {
      const names = readdirSync(`/proc/${server.pid}/task`).map(thread =>
        readFileSync(`/proc/${server.pid}/task/${thread}/comm`, 'latin1').trim(),
      )
      expect(names.filter(name => name.includes('V8Worker'))).toHaveLength(Math.max(1, availableParallelism() - 1))
    } finally {
      await server.stop()
    }
  },
)
