// Reads the commands of a pipeline a few at a time, so that what they will look up can be fetched while the first of them
// runs. What was read ahead and cannot run after all is read again later: the parser goes back to where it starts.

import { type Entry, findCommand } from '../commands/table.ts'
import { PARSED, type Parser } from '../protocol/parser.ts'
import { Request } from '../protocol/request.ts'
import type { Engine } from '../store/engine.ts'
import { keyHash } from '../store/item.ts'
import { Prefetch } from '../store/prefetch.ts'

/** Commands read at a time. The lines fetched for them must stay in the nearest cache until they are used. */
const AHEAD = 32
/** Fewer lookups than so many are not worth the detour. */
const WORTH_FETCHING = 4

export class Lookahead {
  readonly requests: readonly Request[] = Array.from({ length: AHEAD }, () => new Request())
  /** The commands that they name. */
  readonly entries: (Entry | undefined)[] = Array.from({ length: AHEAD }, () => undefined)
  /** Where each begins and ends. */
  readonly starts = new Int32Array(AHEAD)
  readonly ends = new Int32Array(AHEAD)
  count = 0
  readonly #engine: Engine
  readonly #prefetch = new Prefetch(AHEAD)

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /**
   * Reads whole commands in u8[… end), `most` at the most. Returns what stopped it: PARSED.COMMAND if nothing did.
   * The parser's request is then one that is not among those read.
   */
  read(parser: Parser, u8: Uint8Array, end: number, db: number, most: number): number {
    const own = parser.req
    const limit = most < AHEAD ? most : AHEAD
    let parsed: number = PARSED.COMMAND
    let count = 0
    let lookups = 0
    // A command may have come in part before.
    if (parser.isInside) this.requests[0].takeOver(own)
    while (count < limit) {
      const req = this.requests[count]
      parser.req = req
      parsed = parser.parse(u8, end)
      if (parsed !== PARSED.COMMAND) break
      this.starts[count] = parser.start
      this.ends[count] = parser.at
      const entry = findCommand(req.u8, req.at[0], req.length[0])
      this.entries[count] = entry
      if (entry !== undefined && entry.singleKey > 0) lookups++
      count++
      parser.begin(parser.at)
    }
    if (count < limit) own.takeOver(parser.req)
    parser.req = own
    this.count = count
    if (lookups >= WORTH_FETCHING) this.#fetch(db)
    return parsed
  }

  #fetch(db: number): void {
    const engine = this.#engine
    for (let i = 0; i < this.count; i++) {
      const at = this.entries[i]?.singleKey ?? 0
      const req = this.requests[i]
      if (at === 0 || at >= req.argc) continue
      const slot = req.slot(at)
      const { m } = engine.shardOfSlot(slot)
      const hash = keyHash(m, req.u8, req.at[at], req.length[at])
      req.remember(at, slot, hash)
      this.#prefetch.add(m, db, hash)
    }
    this.#prefetch.fetch()
  }
}
