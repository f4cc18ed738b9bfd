// What the status page shows, as JSON: sums and levels as they stand. The page asks once a second and works out what has
// happened in between, so nothing is kept here for whoever watches.

import type { TreeNode } from '../commands/replication/replication.ts'
import { InfoFacts } from '../commands/server/info-facts.ts'
import { entries } from '../commands/table.ts'
import type { Router } from '../router/router.ts'
import { bucketLimit } from '../shared/statistics.ts'
import { infoValues, pairsOf } from './info-values.ts'

const SECTIONS_SHOWN = ['server', 'clients', 'memory', 'persistence', 'stats', 'replication', 'keyspace', 'skep']

/** A shard's figures. */
export interface ShardStatus {
  readonly keys: number
  readonly usedBytes: number
  readonly hits: number
  readonly misses: number
}

/** What the page is told. */
export interface Status {
  /** Unix ms. */
  readonly at: number
  /** INFO's fields. */
  readonly info: Readonly<Record<string, string>>
  readonly shards: readonly ShardStatus[]
  /** Calls of all commands by how long they took: how many took up to so many µs and longer than the one before. */
  readonly latency: readonly (readonly [limit: number, calls: number])[]
  /** Replicas and those below them, each behind its parent. */
  readonly replicas: readonly TreeNode[]
}

/** How things are now. */
export function statusOf(router: Router): Status {
  const facts = new InfoFacts(router)
  const info = infoValues(facts, SECTIONS_SHOWN)
  const shards: ShardStatus[] = []
  for (const [name, text] of info) if (/^skep_shard\d+$/.test(name)) shards.push(shardStatus(pairsOf(text)))
  const replicas = router.replication.treeNodes(facts.now)
  return { at: facts.now, info: Object.fromEntries(info), shards, latency: latencyOf(facts), replicas }
}

function shardStatus(pairs: ReadonlyMap<string, string>): ShardStatus {
  const figure = (name: string): number => Number(pairs.get(name) ?? 0)
  return {
    keys: figure('keys'),
    usedBytes: figure('used_memory'),
    hits: figure('hits'),
    misses: figure('misses'),
  }
}

function latencyOf(facts: InfoFacts): [limit: number, calls: number][] {
  const sums: number[] = []
  for (const entry of entries) {
    for (const [bucket, count] of facts.histogram(entry).entries()) sums[bucket] = (sums[bucket] ?? 0) + count
  }
  return sums.map((calls, bucket) => [bucketLimit(bucket), calls])
}
