// Lists in RDB form: written as nodes of listpacks (type 18), read in that and all older forms.

import { SETTING } from '../../config/settings.ts'
import { type EntryRef, entryValue } from '../entry.ts'
import { listpackIsValid } from '../listpack-check.ts'
import type { Memory } from '../memory.ts'
import { quicklistHead, quicklistPushTail } from '../quicklist.ts'
import { type NodeRef, nodeIsPlain, nodeNext } from '../quicklist-node.ts'
import { type QuicklistRef, quicklistCount, quicklistCreate, quicklistNodes } from '../quicklist-record.ts'
import { nodeFileBytes, nodeFileWrite, quicklistAppendListpack, quicklistAppendPlain } from '../quicklist-value.ts'
import { notEmpty, sound } from './damage.ts'
import type { TypeEncoder } from './encode.ts'
import { NODE_PACKED, NODE_PLAIN, RDB_TYPE } from './format.ts'
import { PackedZiplist } from './packed.ts'
import type { RdbSink } from './sink.ts'
import { type RdbSource, RdbString } from './source.ts'

/** Room for one node. The thread's own; nothing stays in it. */
let scratch = new Uint8Array(16384)
const string = new RdbString()

export class ListEncoder implements TypeEncoder {
  #m!: Memory
  #sink!: RdbSink
  #node: NodeRef | 0 = 0
  #nodes = 0

  start(m: Memory, entry: EntryRef, sink: RdbSink): number {
    const list = entryValue<'quicklist'>(m, entry)
    this.#m = m
    this.#sink = sink
    this.#node = quicklistHead(m, list)
    this.#nodes = quicklistNodes(m, list)
    return RDB_TYPE.LIST_QUICKLIST_2
  }

  step(budget: number): boolean {
    if (this.#nodes > 0) this.#sink.size(this.#nodes)
    this.#nodes = 0
    for (let left = budget; this.#node !== 0 && left > 0; left--) {
      this.#write(this.#node)
      this.#node = nodeNext(this.#m, this.#node)
    }
    return this.#node === 0
  }

  #write(node: NodeRef): void {
    const bytes = nodeFileBytes(this.#m, node)
    if (scratch.length < bytes) scratch = new Uint8Array(bytes)
    nodeFileWrite(this.#m, node, scratch, 0)
    this.#sink.size(nodeIsPlain(this.#m, node) ? NODE_PLAIN : NODE_PACKED)
    this.#sink.string(scratch, 0, bytes)
  }
}

/** An empty list as the settings want it. */
export const listBegin = (m: Memory, settings: Float64Array): QuicklistRef =>
  quicklistCreate(m, settings[SETTING.listMaxListpackSize], settings[SETTING.listCompressDepth])

/** Fills a new list with what the source holds in the form of this RDB type. */
export function listRead(m: Memory, list: QuicklistRef, source: RdbSource, type: number): void {
  if (type === RDB_TYPE.LIST_ZIPLIST) {
    readZiplist(m, list, source)
  } else {
    const count = source.count()
    notEmpty(count > 0)
    for (let i = 0; i < count; i++) {
      if (type === RDB_TYPE.LIST) {
        source.string(string)
        quicklistPushTail(m, list, string.u8, string.at, string.length)
      } else if (type === RDB_TYPE.LIST_QUICKLIST) {
        readZiplist(m, list, source)
      } else {
        readNode(m, list, source)
      }
    }
  }
  notEmpty(quicklistCount(m, list) > 0)
}

function readNode(m: Memory, list: QuicklistRef, source: RdbSource): void {
  const container = source.size()
  sound(container === NODE_PLAIN || container === NODE_PACKED, 'Quicklist integrity check failed.')
  source.string(string)
  sound(string.length > 0, 'Quicklist integrity check failed.')
  if (container === NODE_PLAIN) {
    quicklistAppendPlain(m, list, string.u8, string.at, string.length)
  } else {
    sound(listpackIsValid(string.u8, string.at, string.length), 'Listpack integrity check failed.')
    quicklistAppendListpack(m, list, string.u8, string.at, string.length)
  }
}

const packed = new RdbString()

function readZiplist(m: Memory, list: QuicklistRef, source: RdbSource): void {
  source.string(packed)
  const elements = new PackedZiplist(packed, 'List')
  while (elements.next(string)) quicklistPushTail(m, list, string.u8, string.at, string.length)
}
