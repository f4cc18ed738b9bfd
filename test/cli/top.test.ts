import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { pairs, type Sample, screen } from '../../src/cli/top-screen.ts'
import { projectNode, startServer } from '../support/server.ts'

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))

const sample = (at: number, fields: Readonly<Record<string, string>>, clients: readonly string[] = []): Sample => ({
  at,
  info: new Map(Object.entries(fields)),
  clients: clients.map(line => pairs(line, ' ')),
})

describe('the screen of skep top', () => {
  const before = sample(1000, {
    total_commands_processed: '100',
    keyspace_hits: '10',
    keyspace_misses: '10',
    cmdstat_get: 'calls=50,usec=100,failed_calls=0',
    cmdstat_set: 'calls=50,usec=100,failed_calls=0',
    skep_shard0: 'keys=1,used_memory=1024,hits=10,misses=0',
    skep_shard1: 'keys=1,used_memory=1024,hits=0,misses=10',
  })
  const now = sample(
    3000,
    {
      skep_version: '9.9.9',
      role: 'slave',
      master_host: 'elsewhere',
      master_port: '7777',
      total_commands_processed: '4100',
      keyspace_hits: '40',
      keyspace_misses: '20',
      cmdstat_get: 'calls=1050,usec=4100,failed_calls=0',
      cmdstat_set: 'calls=50,usec=100,failed_calls=0',
      cmdstat_lpush: 'calls=3000,usec=30000,failed_calls=6',
      skep_shard0: 'keys=1234567,used_memory=3145728,hits=40,misses=0',
      skep_shard1: 'keys=2,used_memory=2048,hits=0,misses=20',
    },
    [
      'id=1 addr=10.0.0.1:5 name= user=ann db=3 age=200 idle=5 tot-mem=2048 cmd=get',
      'id=2 addr=10.0.0.2:6 name=worker idle=0 age=1',
    ],
  )
  const lines = screen(now, before, 'host:1', 30)
  const line = (start: string): string => lines.find(each => each.startsWith(start)) ?? ''

  test('has rates over the time between two looks', () => {
    expect(lines[0]).toMatch(/^skep 9\.9\.9 {2}host:1 {2}replica of elsewhere:7777/)
    expect(lines[1]).toMatch(/^operations 2,000\/s .*hit rate 75\.0 %$/)
  })

  test('compares shards', () => {
    expect(line('0 ')).toMatch(/1,234,567 +3\.0 MiB +100\.0 % +15 +█{20}$/)
    expect(line('1 ')).toMatch(/2 +2\.0 KiB +0\.0 % +5 +█{7}·{13}$/)
  })

  test('lists the commands that were called, most first', () => {
    const at = lines.findIndex(each => each.startsWith('COMMAND'))
    expect(lines.slice(at + 1, at + 4).map(each => each.trim().split(/ +/))).toEqual([
      ['lpush', '1,500', '10.0', '3'],
      ['get', '500', '4.0', '0'],
      [''],
    ])
  })

  test('lists clients, the busiest first', () => {
    const at = lines.findIndex(each => each.startsWith('CLIENT'))
    expect(lines.slice(at + 1).map(each => each.split(' ')[0])).toEqual(['10.0.0.2:6', '10.0.0.1:5'])
  })

  test('is never longer than the terminal', () => {
    for (const height of [5, 10, 24]) expect(screen(now, before, 'host:1', height).length).toBeLessThanOrEqual(height)
  })

  test('takes a counter that was reset for no growth', () => {
    expect(screen(before, now, 'host:1', 30)[1]).toMatch(/^operations 0\/s/)
  })
})

test('skep top prints screens of a running server where there is no terminal', async () => {
  const server = await startServer('skep', { shards: 2 })
  try {
    const args = [CLI, 'top', '--port', String(server.port), '--interval', '0.2', '--count', '2']
    const { stdout } = await promisify(execFile)(projectNode(), args)
    expect(stdout.match(/^SHARD +KEYS/gm)).toHaveLength(2)
    expect(stdout).toMatch(/^info +\d+ /m)
    expect(stdout).toMatch(new RegExp(`^skep .*127\\.0\\.0\\.1:${server.port} {2}master`, 'm'))
    expect(stdout).not.toContain('\x1b')
  } finally {
    await server.stop()
  }
})
