// Writes values in RDB form, each in the newest form Redis 7.0 has for it, piece by piece: a step writes about as many
// elements as it is told, so that no value is too large to be written in between other work. Long strings count for more.
//
//     encoder.start(m, entry, sink)
//     sink.byte(encoder.type)
//     while (!encoder.step(1000)) …
//
// The entry's value must not change between start and the last step. The type may be asked for as soon as `start` returns.

import { assert } from '../../bytes/assert.ts'
import { type EntryRef, entryType, TYPE } from '../entry.ts'
import type { Memory } from '../memory.ts'
import { stringAt, stringLength } from '../string.ts'
import { RDB_TYPE } from './format.ts'
import { HashEncoder } from './hash.ts'
import { ListEncoder } from './list.ts'
import { SetEncoder } from './set.ts'
import type { RdbSink } from './sink.ts'
import { StreamEncoder } from './stream.ts'
import { ZsetEncoder } from './zset.ts'

/** What writes the values of one type. */
export interface TypeEncoder {
  /** Begins with a value; returns its RDB type. Writes nothing yet. */
  start(m: Memory, entry: EntryRef, sink: RdbSink): number
  /** Writes about `budget` elements; true when the value is written. */
  step(budget: number): boolean
}

class StringEncoder implements TypeEncoder {
  #m!: Memory
  #entry!: EntryRef
  #sink!: RdbSink

  start(m: Memory, entry: EntryRef, sink: RdbSink): number {
    this.#m = m
    this.#entry = entry
    this.#sink = sink
    return RDB_TYPE.STRING
  }

  step(): boolean {
    const m = this.#m
    this.#sink.string(m.u8, stringAt(m, this.#entry), stringLength(m, this.#entry))
    return true
  }
}

/** Writes one value after the other. */
export class ValueEncoder {
  /** The RDB type of the value begun. */
  type = 0
  #current: TypeEncoder | undefined
  readonly #byType: readonly (TypeEncoder | undefined)[]

  constructor() {
    const byType: (TypeEncoder | undefined)[] = []
    byType[TYPE.STRING] = new StringEncoder()
    byType[TYPE.LIST] = new ListEncoder()
    byType[TYPE.SET] = new SetEncoder()
    byType[TYPE.ZSET] = new ZsetEncoder()
    byType[TYPE.HASH] = new HashEncoder()
    byType[TYPE.STREAM] = new StreamEncoder()
    this.#byType = byType
  }

  /** Begins with an entry's value. */
  start(m: Memory, entry: EntryRef, sink: RdbSink): void {
    const encoder = this.#byType[entryType(m, entry)]
    assert(encoder !== undefined, 'every type can be written')
    this.#current = encoder
    sink.m = m
    this.type = encoder.start(m, entry, sink)
  }

  /** Writes about `budget` elements; true when the value is written. */
  step(budget: number): boolean {
    const encoder = this.#current
    assert(encoder !== undefined, 'a value was begun')
    return encoder.step(budget)
  }
}
