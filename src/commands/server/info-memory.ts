// INFO's section on memory. `used_memory` is what counts against maxmemory: what the shards' allocators have handed out
// and what threads hold beside the keyspace. What the process takes in all is `used_memory_rss`.

import os from 'node:os'
import { STAT } from '../../shared/statistics.ts'
import { arenaHeld, arenaUsed } from '../../store/arena.ts'
import { ROOT } from '../../store/keyspace.ts'
import { memoryBeside } from '../../store/memory-used.ts'
import { humanBytes } from './human.ts'
import type { InfoFacts } from './info-facts.ts'
import type { InfoField } from './info-sections.ts'

const constant = (value: string | number) => (): string | number => value

/** A field, and behind it the same for people. */
const both = (name: string, value: (facts: InfoFacts) => number): readonly InfoField[] => [
  [name, value],
  [`${name}_human`, facts => humanBytes(value(facts))],
]

// What MEMORY STATS and DOCTOR tell as well.
export const used = ({ usedBytes }: InfoFacts): number => usedBytes
export const rss = (facts: InfoFacts): number => facts.process.rss
export const peak = ({ router, usedBytes }: InfoFacts): number => Math.max(router.rates.peakBytes, usedBytes)
export const startup = ({ router }: InfoFacts): number => router.rates.startupBytes
export const clientBytes = (facts: InfoFacts): number => facts.stat(STAT.CLIENT_BYTES)
/** Bytes of the replication stream that are kept for nobody in particular. */
export const backlog = ({ router }: InfoFacts): number =>
  Math.min(router.replication.bufferBytes, router.config.number('repl-backlog-size'))
/** What used memory has that is no data: of clients only what they hold, not all the room that they are said to have. */
export const overhead = (facts: InfoFacts): number => startup(facts) + memoryBeside(facts.router.engine)
const dataset = (facts: InfoFacts): number => Math.max(0, facts.usedBytes - overhead(facts))
export const allocated = ({ router }: InfoFacts): number =>
  router.engine.shards.reduce((sum, { m }) => sum + arenaUsed(m), 0)
export const active = ({ router }: InfoFacts): number =>
  router.engine.shards.reduce((sum, { m }) => sum + arenaHeld(m), 0)
const ratio = (a: number, b: number): string => (b === 0 ? 0 : a / b).toFixed(2)
const percent = (a: number, b: number): string => `${((b === 0 ? 0 : a / b) * 100).toFixed(2)}%`

export const MEMORY_FIELDS: readonly InfoField[] = [
  ...both('used_memory', used),
  ...both('used_memory_rss', rss),
  ...both('used_memory_peak', peak),
  ['used_memory_peak_perc', facts => percent(used(facts), peak(facts))],
  ['used_memory_overhead', overhead],
  ['used_memory_startup', startup],
  ['used_memory_dataset', dataset],
  ['used_memory_dataset_perc', facts => percent(dataset(facts), facts.usedBytes - startup(facts))],
  ['allocator_allocated', allocated],
  ['allocator_active', active],
  ['allocator_resident', rss],
  ...both('total_system_memory', () => os.totalmem()),
  ['used_memory_lua', constant(0)],
  ['used_memory_vm_eval', constant(0)],
  ['used_memory_lua_human', constant('0B')],
  ['used_memory_scripts_eval', facts => facts.router.scripts.bytes],
  ['number_of_cached_scripts', facts => facts.router.scripts.count],
  ['number_of_functions', facts => facts.router.engine.libraries.functionCount],
  ['number_of_libraries', facts => facts.router.engine.libraries.all.size],
  ['used_memory_vm_functions', constant(0)],
  ...both('used_memory_vm_total', () => 0),
  ['used_memory_functions', facts => facts.router.engine.libraries.bytes],
  ...both('used_memory_scripts', ({ router }) => router.scripts.bytes + router.engine.libraries.bytes),
  ...both('maxmemory', ({ router }) => router.config.number('maxmemory')),
  ['maxmemory_policy', facts => facts.config('maxmemory-policy')],
  ['allocator_frag_ratio', facts => ratio(active(facts), allocated(facts))],
  ['allocator_frag_bytes', facts => active(facts) - allocated(facts)],
  ['allocator_rss_ratio', facts => ratio(rss(facts), active(facts))],
  ['allocator_rss_bytes', facts => rss(facts) - active(facts)],
  ['rss_overhead_ratio', constant('1.00')],
  ['rss_overhead_bytes', constant(0)],
  ['mem_fragmentation_ratio', facts => ratio(rss(facts), used(facts))],
  ['mem_fragmentation_bytes', facts => rss(facts) - used(facts)],
  ['mem_not_counted_for_evict', constant(0)],
  ['mem_replication_backlog', backlog],
  ['mem_total_replication_buffers', ({ router }) => router.replication.bufferBytes],
  ['mem_clients_slaves', constant(0)],
  ['mem_clients_normal', clientBytes],
  ['mem_cluster_links', constant(0)],
  ['mem_aof_buffer', constant(0)],
  ['mem_allocator', constant('skep-arena')],
  ['active_defrag_running', constant(0)],
  ['lazyfree_pending_objects', facts => facts.root(ROOT.GRAVE_COUNT)],
  ['lazyfreed_objects', facts => facts.root(ROOT.FREED)],
  ['skep_heap_bytes', facts => facts.process.heapUsed],
  ['skep_external_bytes', facts => facts.process.external],
]
