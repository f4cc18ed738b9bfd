// What commands ask of replication. The router implements it.

import type { Request } from '../../protocol/request.ts'
import type { ReplicationBlock } from '../../shared/replication-block.ts'
import type { Client } from '../client.ts'

/** What a client has said of itself as a replica (REPLCONF), and its row once it is one. */
export interface ReplicaFacts {
  /** Row in the block, -1 before PSYNC. */
  row: number
  port: number
  address: string
  /** CAPABILITY bits. */
  capa: number
  isRdbOnly: boolean
  /** It wants a copy without keys (REPLCONF rdb-filter-only). */
  leavesOutData: boolean
}

/** A node below this one in the tree of replicas. */
export interface TreeNode {
  /** 1 = a replica of this node. */
  readonly depth: number
  readonly address: string
  readonly port: number
  readonly offset: number
  /** Seconds since its parent last heard of it. */
  readonly lag: number
  readonly state: string
}

/** What a client waits for. */
export interface WaitOrder {
  /** So many replicas must have it, on disk if `isDurable`. */
  readonly replicas: number
  readonly isDurable: boolean
  /** It must be on this server's disk. */
  readonly needsLocal: boolean
  /** At most so long, 0 = for ever. */
  readonly ms: number
}

/** How far it has come. */
export interface WaitOutcome {
  /** 1 if it is on this server's disk. */
  readonly local: number
  readonly replicas: number
}

/** A router's replication, as commands see it. */
export interface Replication {
  /** How many nodes are below this one. */
  readonly treeSize: number
  /** Those that are known, each behind its parent. */
  treeNodes(now: number): readonly TreeNode[]
  readonly block: ReplicationBlock
  /** Bytes that the backlog has, and the offset of the first. */
  readonly backlogFirst: number
  /** Bytes that the stream's pages take. */
  readonly bufferBytes: number
  /** PSYNC: makes the client a replica, which goes on at `offset` of the history `id`, or gets a full copy. */
  psync(client: Client, id: string, offset: number): void
  /** A replica asked for something that is no offset: resolves when the log says so. */
  wrongOffset(client: Client): Promise<unknown>
  /** SYNC: makes the client a replica of the old kind. */
  sync(client: Client): void
  /** Sends the command in the arguments from `first` on to the replicas, whatever it does here: PUBLISH, DEBUG REPLICATE. */
  replicate(db: number, req: Request, first: number): void
  /** CONFIG RESETSTAT. */
  resetStatistics(): void
  /** REPLCONF ACK: the replica has all up to `offset`, and up to `durable` on disk, if that is known. */
  acknowledged(client: Client, offset: number, durable: number): void
  /** REPLCONF GETACK: the master wants to know how far this replica is. */
  acknowledge(client: Client): void
  /** A replica tells of those below it. */
  reported(client: Client, replicas: number, tree: string): void
  /**
   * WAIT and WAITAOF: has `done` called once all there is has come where it is wanted, or the time is over. Returns how it
   * stands if nobody need wait, else undefined.
   */
  wait(client: Client, order: WaitOrder, done: (outcome: WaitOutcome) => void): WaitOutcome | undefined
  /** Whether changes are logged on disk here. */
  readonly hasLog: boolean
}

/** The facts of a client that is, or is about to become, a replica. */
export function replicaFacts(client: Client): ReplicaFacts {
  client.replica ??= { row: -1, port: 0, address: '', capa: 0, isRdbOnly: false, leavesOutData: false }
  return client.replica
}

/** Whether the client is a replica that is being fed. */
export const isReplica = (client: Client): boolean => client.replica !== undefined && client.replica.row >= 0
