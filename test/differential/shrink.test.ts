import { expect, test } from 'vitest'
import { strings } from './groups/strings.ts'
import { makeSequence, shrink } from './sequence.ts'

test('a failing sequence shrinks to the commands that make it fail', async () => {
  const items = Array.from({ length: 200 }, (_, i) => i)
  const fails = async (some: readonly number[]): Promise<boolean> =>
    some.includes(17) && some.includes(160) && some.indexOf(17) < some.indexOf(160)
  expect(await shrink(items, fails)).toEqual([17, 160])
})

test('a sequence that fails as a whole only stays whole', async () => {
  const items = [1, 2, 3, 4, 5]
  expect(await shrink(items, async some => some.length === 5)).toEqual(items)
})

test('shrinking stops after its last attempt', async () => {
  const items = Array.from({ length: 100 }, (_, i) => i)
  let attempts = 0
  await shrink(
    items,
    async () => {
      attempts++
      return false
    },
    10,
  )
  expect(attempts).toBe(10)
})

test('a seed stands for one sequence', () => {
  expect(makeSequence(strings, 5, 50)).toEqual(makeSequence(strings, 5, 50))
  expect(makeSequence(strings, 5, 50)).not.toEqual(makeSequence(strings, 6, 50))
})
