// A member on its way in, out or between sets: its bytes, and what has been found out about them once.
//
// One object serves any number of members, one at a time. The same hash serves every arena of the process (they share
// the key of the hash function), so a member looked up in ten sets is hashed once.

import { int64, int64Parse, int64Write } from './int64.ts'
import { keyHash } from './item.ts'
import type { Memory } from './memory.ts'

const UNKNOWN = 0
const YES = 1
const NO = 2
const DIGITS_MAX = 24

export class SetMember {
  bytes: Uint8Array = new Uint8Array(0)
  at = 0
  length = 0
  /** Halves of its value, after isInteger() was true. */
  high = 0
  low = 0
  private readonly digits = new Uint8Array(DIGITS_MAX)
  private integer = UNKNOWN
  private isHashed = false
  private hashed = 0

  /** Makes it the member with these bytes. */
  set(bytes: Uint8Array, at: number, length: number): void {
    this.bytes = bytes
    this.at = at
    this.length = length
    this.integer = UNKNOWN
    this.isHashed = false
  }

  /** Makes it an integer. */
  setInteger(high: number, low: number): void {
    this.bytes = this.digits
    this.at = 0
    this.length = int64Write(this.digits, 0, high, low)
    this.high = high
    this.low = low
    this.integer = YES
    this.isHashed = false
  }

  /** Whether an intset could hold it. */
  isInteger(): boolean {
    if (this.integer === UNKNOWN) {
      const is = int64Parse(this.bytes, this.at, this.length)
      this.integer = is ? YES : NO
      if (is) {
        this.high = int64.high
        this.low = int64.low
      }
    }
    return this.integer === YES
  }

  /** Its hash in the tables of this process. */
  hash(m: Memory): number {
    if (!this.isHashed) {
      this.hashed = keyHash(m, this.bytes, this.at, this.length)
      this.isHashed = true
    }
    return this.hashed
  }
}
