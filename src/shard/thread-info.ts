// What INFO tells from on a shard's thread, for the scripts that call it: all that routers count and share, and what router
// 0 samples.

import type { InfoSource } from '../commands/server/info-facts.ts'
import { entries } from '../commands/table.ts'
import { SharedConfig } from '../config/values.ts'
import type { ReplicationStream } from '../replica/stream.ts'
import { treeNodes, treeSize } from '../replica/tree.ts'
import { INFO_FIGURE } from '../shared/info-block.ts'
import { LogBlock, LogsBlock } from '../shared/log-block.ts'
import { PersistenceFacts } from '../shared/persistence-block.ts'
import type { ReplicationBlock } from '../shared/replication-block.ts'
import { STAT, Statistics } from '../shared/statistics.ts'
import type { Engine } from '../store/engine.ts'
import type { ShardData } from './thread-data.ts'

const RATES = new Map<number, number>([
  [STAT.COMMANDS, INFO_FIGURE.COMMANDS],
  [STAT.NET_INPUT, INFO_FIGURE.NET_INPUT],
  [STAT.NET_OUTPUT, INFO_FIGURE.NET_OUTPUT],
])

/** Says what INFO tells from, when a script asks: with the directives as they are then. */
export function threadInfo(
  data: ShardData,
  engine: Engine,
  block: ReplicationBlock,
  stream: ReplicationStream,
): () => InfoSource {
  const config = new SharedConfig(data.memory.config, data.config)
  let source: InfoSource | undefined
  return () => {
    config.refresh()
    source ??= makeSource(data, config, engine, block, stream)
    return source
  }
}

function makeSource(
  { memory, facts }: ShardData,
  config: SharedConfig,
  engine: Engine,
  block: ReplicationBlock,
  stream: ReplicationStream,
): InfoSource {
  const figures = new Float64Array(memory.info)
  return {
    count: memory.shape.routers,
    engine,
    config,
    allStatistics: memory.statistics.map(each => new Statistics(each, entries.length)),
    facts,
    persistence: new PersistenceFacts(memory.persistence, memory.snapshot, new Int32Array(memory.control)),
    log: {
      logs: new LogsBlock(memory.log.logs),
      blocks: memory.log.blocks.map(each => new LogBlock(each)),
      figures: new Float64Array(memory.log.figures),
    },
    replication: {
      block,
      get backlogFirst() {
        return stream.isActive ? stream.first() : 0
      },
      get bufferBytes() {
        return stream.isActive ? stream.bytes : 0
      },
      get treeSize() {
        return treeSize(block)
      },
      treeNodes: now => treeNodes(block, now),
    },
    rates: {
      get startupBytes() {
        return figures[INFO_FIGURE.STARTUP_BYTES]
      },
      get peakBytes() {
        return figures[INFO_FIGURE.PEAK_BYTES]
      },
      perSecond: stat => figures[RATES.get(stat) ?? INFO_FIGURE.COUNT] ?? 0,
    },
    scripts: {
      get bytes() {
        return figures[INFO_FIGURE.SCRIPT_BYTES]
      },
      get count() {
        return figures[INFO_FIGURE.SCRIPTS]
      },
    },
  }
}
