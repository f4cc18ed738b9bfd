// The checker of histories must find what is wrong, or the concurrency suite would prove nothing.

import { expect, test } from 'vitest'
import { type Step, type Transaction, violation } from './history.ts'

const append = (key: string, element: string, length: number): Step => ({ kind: 'append', key, element, length })
const read = (key: string, ...elements: string[]): Step => ({ kind: 'read', key, elements })
const at = (begun: number, ended: number, ...steps: Step[]): Transaction => ({ begun, ended, steps })

test('a history that one order explains is accepted', () => {
  const history = [
    at(0, 10, append('a', '1', 1), append('b', '1', 1)),
    at(0, 10, read('a'), read('b')),
    at(5, 20, read('a', '1'), append('a', '2', 2), read('a', '1', '2')),
    at(30, 40, read('a', '1', '2'), read('b', '1')),
  ]
  expect(violation(history)).toBeUndefined()
})

test('a read of half a transaction is found', () => {
  const history = [at(0, 10, append('a', '1', 1), append('b', '1', 1)), at(0, 10, read('a', '1'), read('b'))]
  expect(violation(history)).toMatch(/no order/)
})

test('write skew is found', () => {
  const history = [at(0, 10, read('a'), append('b', '1', 1)), at(0, 10, read('b'), append('a', '1', 1))]
  expect(violation(history)).toMatch(/no order/)
})

test('a read that misses what ended before it began is found', () => {
  expect(violation([at(0, 10, append('a', '1', 1)), at(11, 20, read('a'))])).toMatch(/no order/)
  expect(violation([at(0, 10, append('a', '1', 1)), at(9, 20, read('a'))])).toBeUndefined()
})

test('readers that disagree about the order of appends to two keys are found', () => {
  const history = [
    at(0, 10, append('a', '1', 1)),
    at(0, 10, append('b', '1', 1)),
    at(0, 10, read('a', '1'), read('b')),
    at(0, 10, read('a'), read('b', '1')),
  ]
  expect(violation(history)).toMatch(/no order/)
})

test('an element lost, doubled, or out of place is found', () => {
  expect(violation([at(0, 1, append('a', '1', 2))])).toMatch(/nobody appended/)
  expect(violation([at(0, 1, append('a', '1', 1)), at(0, 1, append('a', '2', 1))])).toMatch(/two appends/)
  expect(violation([at(0, 1, append('a', '1', 1)), at(0, 1, read('a', '2'))])).toMatch(/was read as 2/)
})

test('a transaction that does not see its own append is found', () => {
  expect(violation([at(0, 1, append('a', '1', 1), read('a'))])).toMatch(/did not see its own/)
  expect(violation([at(0, 1, read('a', '1'), append('a', '1', 1))])).toMatch(/saw its own/)
})
