// Writes entries as an RDB file has them: database, expiry, what eviction goes by, type, key and value; the value in
// steps, so that no entry is too large to be written in between other work.

import { evictsByFrequency, MAXMEMORY_POLICY, SETTING, type SettingsView } from '../../config/settings.ts'
import { lfuCounter, lruIdle } from '../access.ts'
import { type EntryRef, entryAccess, entryExpireAt } from '../entry.ts'
import { itemKeyAt, itemKeyLength } from '../item.ts'
import type { Memory } from '../memory.ts'
import { ValueEncoder } from './encode.ts'
import { OPCODE } from './format.ts'
import type { RdbSink } from './sink.ts'

export class EntryWriter {
  readonly sink: RdbSink
  /** The database that the bytes so far end in; -1 makes the next entry name its own. */
  db = -1
  readonly #settings: SettingsView
  readonly #encoder = new ValueEncoder()

  constructor(sink: RdbSink, settings: SettingsView) {
    this.sink = sink
    this.#settings = settings
  }

  /** Writes all of an entry but its value, which follows by `step` and must not change until it is written. */
  start(m: Memory, db: number, entry: EntryRef, now: number): void {
    const { sink } = this
    if (db !== this.db) {
      sink.byte(OPCODE.SELECT)
      sink.size(db)
      this.db = db
    }
    const expireAt = entryExpireAt(m, entry)
    if (expireAt >= 0) {
      sink.byte(OPCODE.EXPIRE_MS)
      sink.milliseconds(expireAt)
    }
    this.#writeAccess(entryAccess(m, entry), now)
    this.#encoder.start(m, entry, sink)
    sink.byte(this.#encoder.type)
    sink.string(m.u8, itemKeyAt(m, entry), itemKeyLength(m, entry))
  }

  #writeAccess(access: number, now: number): void {
    const settings = this.#settings
    const policy = settings[SETTING.maxmemoryPolicy]
    if (evictsByFrequency(settings)) {
      this.sink.byte(OPCODE.FREQ)
      this.sink.byte(lfuCounter(access, now, settings[SETTING.lfuDecayTime]))
    } else if (policy === MAXMEMORY_POLICY.ALLKEYS_LRU || policy === MAXMEMORY_POLICY.VOLATILE_LRU) {
      this.sink.byte(OPCODE.IDLE)
      this.sink.size(Math.floor(lruIdle(access, now) / 1000))
    }
  }

  /** Writes about `budget` elements of the value; true when it is written. */
  step(budget: number): boolean {
    return this.#encoder.step(budget)
  }
}
