// What INFO counts together: the statistics of all threads and the roots of all shards, read without any lock. A figure
// may be a moment old.

import { CALLS, FAILED, MICROSECONDS, REJECTED } from '../../shared/statistics.ts'
import { dictCount } from '../../store/dict.ts'
import { DATABASE, databaseExpires, databaseKeys, keyspaceDatabase, rootCounter } from '../../store/keyspace.ts'
import { type Memory, memoryRefresh } from '../../store/memory.ts'
import { memoryUsed } from '../../store/memory-used.ts'
import type { Router } from '../client.ts'
import type { Entry } from '../table.ts'

/** A command's figures over all threads. */
export interface CommandFigures {
  readonly calls: number
  readonly microseconds: number
  readonly rejected: number
  readonly failed: number
}

/** A database's figures over all shards. */
export interface DatabaseFigures {
  readonly keys: number
  readonly expires: number
  readonly averageTtl: number
}

/** What INFO is told from: a router, or what a thread that runs scripts knows of one. */
export interface InfoSource
  extends Pick<Router, 'count' | 'engine' | 'config' | 'allStatistics' | 'facts' | 'persistence' | 'log'> {
  readonly replication: Pick<Router['replication'], 'block' | 'backlogFirst' | 'bufferBytes' | 'treeSize' | 'treeNodes'>
  readonly rates: Pick<Router['rates'], 'startupBytes' | 'peakBytes' | 'perSecond'>
  readonly scripts: Pick<Router['scripts'], 'bytes' | 'count'>
}

export class InfoFacts {
  readonly router: InfoSource
  readonly now = Date.now()
  readonly usedBytes: number
  readonly process = process.memoryUsage()

  constructor(router: InfoSource) {
    this.router = router
    for (const { m } of router.engine.shards) memoryRefresh(m)
    this.usedBytes = memoryUsed(router.engine)
  }

  /** A counter of STAT over all threads. */
  stat(stat: number): number {
    let sum = 0
    for (const block of this.router.allStatistics) sum += block.get(stat)
    return sum
  }

  /** The largest of a STAT over all threads. */
  statMax(stat: number): number {
    return Math.max(...this.router.allStatistics.map(block => block.get(stat)))
  }

  /** A counter of ROOT over all shards. */
  root(field: number): number {
    let sum = 0
    for (const { m } of this.router.engine.shards) sum += rootCounter(m, field)
    return sum
  }

  /** A figure over all shards. */
  shards(figure: (m: Memory) => number): number {
    return this.router.engine.shards.reduce((sum, { m }) => sum + figure(m), 0)
  }

  /** A directive's value. */
  config(name: string): string {
    return this.router.config.get(name)
  }

  command({ id }: Entry): CommandFigures {
    const sum = (figure: number): number =>
      this.router.allStatistics.reduce((total, block) => total + block.commandFigure(id, figure), 0)
    return { calls: sum(CALLS), microseconds: sum(MICROSECONDS), rejected: sum(REJECTED), failed: sum(FAILED) }
  }

  /** How many calls of a command fell into each bucket of time. */
  histogram({ id }: Entry): number[] {
    const [first, ...others] = this.router.allStatistics
    const buckets = Array.from(first.histogram(id))
    for (const block of others) for (const [i, count] of block.histogram(id).entries()) buckets[i] += count
    return buckets
  }

  /** Error codes with their counts. */
  errors(): Map<string, number> {
    const errors = new Map<string, number>()
    for (const block of this.router.allStatistics) {
      for (const [code, count] of block.errors()) errors.set(code, (errors.get(code) ?? 0) + count)
    }
    return errors
  }

  database(db: number): DatabaseFigures {
    let keys = 0
    let expires = 0
    let ttl = 0
    for (const { m } of this.router.engine.shards) {
      const database = keyspaceDatabase(m, db)
      const expiring = dictCount(m, databaseExpires(m, database))
      keys += dictCount(m, databaseKeys(m, database))
      expires += expiring
      ttl += expiring * m.f64[database + DATABASE.AVG_TTL / 8]
    }
    return { keys, expires, averageTtl: expires === 0 ? 0 : Math.floor(ttl / expires) }
  }
}
