// Lists in RDB form: written as nodes of listpacks (type 18), read in that and all older forms.

import { byteArray } from '../../bytes/byte-array.ts'
import { SETTING } from '../../config/settings.ts'
import { type EntryRef, entryValue } from '../entry.ts'
import { LISTPACK } from '../listpack.ts'
import { listpackIsValid } from '../listpack-check.ts'
import { END } from '../listpack-element.ts'
import type { Memory } from '../memory.ts'
import { quicklistHead, quicklistPushTail } from '../quicklist.ts'
import { type NodeRef, nodeFirst, nodeIsCompressed, nodeIsPlain, nodeLimit, nodeNext } from '../quicklist-node.ts'
import { type QuicklistRef, quicklistCount, quicklistCreate, quicklistNodes } from '../quicklist-record.ts'
import {
  nodeFileBytes,
  nodeFileHead,
  nodeFileWrite,
  quicklistAppendListpack,
  quicklistAppendPlain,
} from '../quicklist-value.ts'
import { notEmpty, sound } from './damage.ts'
import type { TypeEncoder } from './encode.ts'
import { NODE_PACKED, NODE_PLAIN, RDB_TYPE } from './format.ts'
import { PackedZiplist } from './packed.ts'
import type { RdbSink } from './sink.ts'
import { type RdbSource, RdbString } from './source.ts'

/** Room for one node. The thread's own; nothing stays in it. */
let scratch = byteArray(16384)
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
    const sink = this.#sink
    if (this.#nodes > 0) sink.size(this.#nodes)
    this.#nodes = 0
    for (const end = sink.effort + budget; this.#node !== 0 && sink.effort < end; sink.effort++) {
      this.#write(this.#node)
      this.#node = nodeNext(this.#m, this.#node)
    }
    return this.#node === 0
  }

  #write(node: NodeRef): void {
    const m = this.#m
    const sink = this.#sink
    const bytes = nodeFileBytes(m, node)
    const isPlain = nodeIsPlain(m, node)
    const at = node * 8 + nodeFirst(m, node)
    const length = nodeLimit(m, node) - nodeFirst(m, node)
    sink.size(isPlain ? NODE_PLAIN : NODE_PACKED)
    if (nodeIsCompressed(m, node)) this.#writeCompressed(node, at, length, bytes)
    else if (isPlain) sink.string(m.u8, at, length)
    else if (sink.begin(bytes)) {
      nodeFileHead(m, node, scratch, 0)
      sink.raw(scratch, 0, LISTPACK.ELEMENTS)
      sink.arena(at, length)
      sink.byte(END)
    } else {
      if (scratch.length < bytes) scratch = byteArray(bytes)
      nodeFileWrite(m, node, scratch, 0)
      sink.string(scratch, 0, bytes)
    }
  }

  /** What is compressed in memory stays so: a listpack's head and end are put around it as literals. */
  #writeCompressed(node: NodeRef, at: number, length: number, bytes: number): void {
    const sink = this.#sink
    if (nodeIsPlain(this.#m, node)) {
      sink.compressedHead(length, bytes)
      return sink.arena(at, length)
    }
    nodeFileHead(this.#m, node, scratch, 0)
    sink.compressedHead(length + LISTPACK.ELEMENTS + 3, bytes)
    sink.byte(LISTPACK.ELEMENTS - 1)
    sink.raw(scratch, 0, LISTPACK.ELEMENTS)
    sink.arena(at, length)
    sink.byte(0)
    sink.byte(END)
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
