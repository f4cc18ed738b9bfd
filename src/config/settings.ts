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
  tcpKeepalive: 2,
  hz: 3,
  dynamicHz: 4,
  enableDebugCommand: 5,
  acllogMaxLen: 6,
  maxclients: 7,
  maxmemoryClients: 8,
  clientQueryBufferLimit: 9,
  protoMaxBulkLen: 10,
  trackingTableMaxKeys: 11,
  notifyKeyspaceEvents: 12,
  maxmemory: 13,
  maxmemoryPolicy: 14,
  maxmemorySamples: 15,
  maxmemoryEvictionTenacity: 16,
  lfuLogFactor: 17,
  lfuDecayTime: 18,
  activeExpireEffort: 19,
  lazyfreeLazyEviction: 20,
  lazyfreeLazyExpire: 21,
  lazyfreeLazyServerDel: 22,
  lazyfreeLazyUserDel: 23,
  lazyfreeLazyUserFlush: 24,
  activerehashing: 25,
  stopWritesOnBgsaveError: 26,
  rdbcompression: 27,
  sanitizeDumpPayload: 28,
  appendfsync: 29,
  noAppendfsyncOnRewrite: 30,
  autoAofRewritePercentage: 31,
  autoAofRewriteMinSize: 32,
  aofTimestampEnabled: 33,
  replicaServeStaleData: 34,
  replicaReadOnly: 35,
  replicaLazyFlush: 36,
  replicaIgnoreMaxmemory: 37,
  replicaIgnoreDiskWriteErrors: 38,
  replBacklogSize: 39,
  minReplicasToWrite: 40,
  minReplicasMaxLag: 41,
  propagationErrorBehavior: 42,
  hashMaxListpackEntries: 43,
  hashMaxListpackValue: 44,
  listMaxListpackSize: 45,
  listCompressDepth: 46,
  setMaxIntsetEntries: 47,
  zsetMaxListpackEntries: 48,
  zsetMaxListpackValue: 49,
  hllSparseMaxBytes: 50,
  streamNodeMaxBytes: 51,
  streamNodeMaxEntries: 52,
  slowlogLogSlowerThan: 53,
  slowlogMaxLen: 54,
  latencyMonitorThreshold: 55,
  latencyTracking: 56,
  busyReplyThreshold: 57,
  rdbKeySaveDelay: 58,
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

/** The values of `SETTING.sanitizeDumpPayload`. */
export const SANITIZE_DUMP_PAYLOAD = { NO: 0, YES: 1, CLIENTS: 2 } as const

/** The values of `SETTING.enableDebugCommand`. */
export const PERMISSION = { NO: 0, YES: 1, LOCAL: 2 } as const

/** The values of `SETTING.propagationErrorBehavior`. */
export const PROPAGATION_ERROR_BEHAVIOR = { IGNORE: 0, PANIC: 1, PANIC_ON_REPLICAS: 2 } as const

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

/** Reads one slot: `readSetting(view, SETTING.maxmemory)`. */
export function readSetting(view: SettingsView, setting: Setting): number {
  return view[setting]
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
