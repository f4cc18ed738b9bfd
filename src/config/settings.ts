// The settings that hot paths read: one number per shared directive, in memory that all threads see.
//
//   OFFSET  SIZE  FIELD     WRITER   MEANING
//    8 * n     8  slot n    main     the value as a number: bytes, counts; yes is 1; a word is its place in its list
//
// Written at the start and by CONFIG SET, on the main thread; read everywhere, a slot at a time. A slot is an aligned
// f64, which no reader sees half written. When another thread sees a new value is not promised, only that it does:
// nothing else may depend on the order.

import { DIRECTIVES } from './directives.ts'

/** The slots, in the order of the directives. A test holds that these are the shared ones, all of them. */
export const SETTING = {
  protectedMode: 0,
  timeout: 1,
  hz: 2,
  enableDebugCommand: 3,
  maxclients: 4,
  maxmemoryClients: 5,
  clientQueryBufferLimit: 6,
  protoMaxBulkLen: 7,
  trackingTableMaxKeys: 8,
  notifyKeyspaceEvents: 9,
  maxmemory: 10,
  maxmemoryPolicy: 11,
  maxmemorySamples: 12,
  maxmemoryEvictionTenacity: 13,
  lfuLogFactor: 14,
  lfuDecayTime: 15,
  activeExpireEffort: 16,
  lazyfreeLazyEviction: 17,
  lazyfreeLazyExpire: 18,
  lazyfreeLazyServerDel: 19,
  lazyfreeLazyUserDel: 20,
  lazyfreeLazyUserFlush: 21,
  activerehashing: 22,
  rdbcompression: 23,
  appendfsync: 24,
  noAppendfsyncOnRewrite: 25,
  aofTimestampEnabled: 26,
  replicaServeStaleData: 27,
  replicaReadOnly: 28,
  replicaIgnoreMaxmemory: 29,
  replBacklogSize: 30,
  minReplicasToWrite: 31,
  minReplicasMaxLag: 32,
  hashMaxListpackEntries: 33,
  hashMaxListpackValue: 34,
  listMaxListpackSize: 35,
  listCompressDepth: 36,
  setMaxIntsetEntries: 37,
  zsetMaxListpackEntries: 38,
  zsetMaxListpackValue: 39,
  hllSparseMaxBytes: 40,
  streamNodeMaxBytes: 41,
  streamNodeMaxEntries: 42,
  slowlogLogSlowerThan: 43,
  latencyMonitorThreshold: 44,
  latencyTracking: 45,
  busyReplyThreshold: 46,
  rdbKeySaveDelay: 47,
} as const

/** The index of a slot. */
export type Setting = (typeof SETTING)[keyof typeof SETTING]

/** The values of `SETTING.maxmemoryPolicy`. */
export const MAXMEMORY_POLICY = {
  VOLATILE_LRU: 0,
  VOLATILE_LFU: 1,
  VOLATILE_RANDOM: 2,
  VOLATILE_TTL: 3,
  ALLKEYS_LRU: 4,
  ALLKEYS_LFU: 5,
  ALLKEYS_RANDOM: 6,
  NOEVICTION: 7,
} as const

/** The values of `SETTING.appendfsync`. */
export const APPENDFSYNC = { EVERYSEC: 0, ALWAYS: 1, NO: 2 } as const

/** The values of `SETTING.enableDebugCommand`. */
export const PERMISSION = { NO: 0, YES: 1, LOCAL: 2 } as const

/** The slots as a thread sees them. */
export type SettingsView = Float64Array<SharedArrayBuffer>

const SHARED = DIRECTIVES.filter(directive => directive.shared)

/** Memory for all slots. */
export function createSettings(): SharedArrayBuffer {
  return new SharedArrayBuffer(SHARED.length * Float64Array.BYTES_PER_ELEMENT)
}

/** The view of a thread. */
export function viewSettings(buffer: SharedArrayBuffer): SettingsView {
  return new Float64Array(buffer, 0, SHARED.length)
}

/** A view of its own with every setting at its initial value: for threads of tests, and tools. */
export function defaultSettings(): SettingsView {
  const view = viewSettings(createSettings())
  for (const [slot, { kind, initial }] of SHARED.entries()) view[slot] = kind.toNumber?.(initial) ?? Number.NaN
  return view
}

/** Whether the policy evicts by how often keys are used, so that entries keep counters instead of times. */
export function evictsByFrequency(view: SettingsView): boolean {
  const policy = view[SETTING.maxmemoryPolicy]
  return policy === MAXMEMORY_POLICY.VOLATILE_LFU || policy === MAXMEMORY_POLICY.ALLKEYS_LFU
}

/** Writes all slots from the values in force. Main thread only. */
export function writeSettings(view: SettingsView, values: { number(name: string): number }): void {
  for (const [slot, { name }] of SHARED.entries()) view[slot] = values.number(name)
}
