// Where a reply ends: for taking apart a row of replies that came as one piece of bytes.

import { assert } from '../bytes/assert.ts'

const LF = 10
const MINUS = 45
const ZERO = 48
const DOLLAR = 36
const EQUALS = 61
const STAR = 42
const TILDE = 126
const PUSH = 62
const PERCENT = 37
const BAR = 124

/** The index behind the reply that begins at `at`, which is whole. */
export function replyEnd(u8: Uint8Array, at: number): number {
  let left = 1
  while (left > 0) {
    const sign = u8[at++]
    let number = 0
    const isNegative = u8[at] === MINUS
    let i = at
    for (; u8[i] !== LF; i++) number = number * 10 + u8[i] - ZERO
    // Only lengths are read as numbers, which end in a CR.
    number = (number - (13 - ZERO)) / 10
    at = i + 1
    left--
    if (sign === DOLLAR || sign === EQUALS) {
      if (!isNegative) at += number + 2
    } else if (sign === STAR || sign === TILDE || sign === PUSH) {
      if (!isNegative) left += number
    } else if (sign === PERCENT) left += 2 * number
    // Attributes stand before the reply that they are about.
    else if (sign === BAR) left += 2 * number + 1
  }
  assert(at <= u8.length, 'the reply is whole')
  return at
}
