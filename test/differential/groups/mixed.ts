// All families on the same keys: values change their type under commands of another, and most commands meet a wrong one.

import { type Group, KEYS, type Maker } from '../sequence.ts'

/** Each family is met as often as any other, however many commands it has. */
export function mixed(families: readonly Group[]): Group {
  const makers: Maker[] = []
  for (const family of families) {
    const total = family.makers.reduce((sum, { weight }) => sum + weight, 0)
    for (const maker of family.makers) {
      // Redis's SORT turns a small sorted set it has read into a large one's form; skep leaves it as it is.
      if (maker.name !== 'OBJECT ENCODING') makers.push({ ...maker, weight: maker.weight / total })
    }
  }
  return {
    name: 'mixed',
    keys: KEYS,
    makers,
    look: key => [{ args: ['TYPE', key] }],
  }
}
