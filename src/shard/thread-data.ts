// What the supervisor gives a thread when it starts: the shared memory, and the ports.

import type { MessagePort } from 'node:worker_threads'
import type { ConfigSnapshot } from '../config/values.ts'
import type { Shape } from '../shared/control.ts'
import type { SnapshotMemory } from '../shared/snapshot-block.ts'

/** All that is shared, by every thread alike. */
export interface SharedMemory {
  readonly shape: Shape
  readonly control: SharedArrayBuffer
  /** One arena per shard. */
  readonly arenas: readonly SharedArrayBuffer[]
  /** One block per router: which of its clients wait (shared/claims.ts). */
  readonly claims: readonly SharedArrayBuffer[]
  /** One block per thread: the routers first, then the shards. */
  readonly statistics: readonly SharedArrayBuffer[]
  /** f64 a router: bytes of its clients' buffers, which count for maxmemory. */
  readonly beside: SharedArrayBuffer
  /** See shared/reaching.ts. */
  readonly reaching: SharedArrayBuffer
  /** The snapshot being taken, and for each shard its old values and the ring its bytes leave by (shared/snapshot-block.ts). */
  readonly snapshot: SnapshotMemory
  /** The libraries of functions (shared/text-block.ts). */
  readonly functions: SharedArrayBuffer
  /** The values of all directives, for threads that are sent no updates (config/values.ts). */
  readonly config: SharedArrayBuffer
  /** What router 0 samples and INFO tells (shared/info-block.ts). */
  readonly info: SharedArrayBuffer
  /** What INFO tells about snapshots (shared/persistence-block.ts). */
  readonly persistence: SharedArrayBuffer
  /** What all know of replication, and the pages of its stream (shared/replication-block.ts, replica/stream.ts). */
  readonly replication: { readonly block: SharedArrayBuffer; readonly pages: SharedArrayBuffer }
  /** The append-only log (shared/log-block.ts, log-figures.ts). */
  readonly log: {
    readonly logs: SharedArrayBuffer
    readonly blocks: readonly SharedArrayBuffer[]
    readonly figures: SharedArrayBuffer
  }
  /** [router][shard]: commands on their way. */
  readonly requests: readonly (readonly SharedArrayBuffer[])[]
  /** [router][shard]: answers. */
  readonly replies: readonly (readonly SharedArrayBuffer[])[]
}

/** What a shard's thread is given at its start. */
export interface ShardData {
  readonly index: number
  readonly memory: SharedMemory
  readonly config: ConfigSnapshot
  /** By router: large frames. */
  readonly ports: readonly MessagePort[]
  /** Facts about the process that never change. */
  readonly facts: ProcessFacts
}

/** What a router's thread is given at its start. */
export interface RouterData {
  readonly index: number
  readonly memory: SharedMemory
  readonly config: ConfigSnapshot
  /** By shard: large frames. */
  readonly ports: readonly MessagePort[]
  /** rename-command: old names and new ones. */
  readonly renames: readonly (readonly [from: string, to: string])[]
  /** Facts about the process that never change. */
  readonly facts: ProcessFacts
}

/** What INFO tells of the process. */
export interface ProcessFacts {
  readonly startedAt: number
  readonly runId: string
  readonly configFile: string
  readonly executable: string
}
