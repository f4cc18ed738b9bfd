// The groups of commands that random sequences are made of. A new family is one file here and one line below.

import type { Group } from '../sequence.ts'
import { bitmap } from './bitmap.ts'
import { generic } from './generic.ts'
import { geo } from './geo.ts'
import { hashes, smallHashes } from './hashes.ts'
import { hyperloglog } from './hyperloglog.ts'
import { lists } from './lists.ts'
import { mixed } from './mixed.ts'
import { intsets, sets } from './sets.ts'
import { lexSets, sortedSets } from './sorted-sets.ts'
import { sorting } from './sorting.ts'
import { streamGroup } from './streams.ts'
import { strings } from './strings.ts'

const FAMILIES: readonly Group[] = [
  strings,
  streamGroup,
  bitmap,
  hyperloglog,
  generic,
  sets,
  intsets,
  hashes,
  smallHashes,
  sortedSets,
  lexSets,
  geo,
  lists,
  sorting,
]

/** Their replies can be compared because of what their values never hold. */
const NARROW: readonly Group[] = [intsets, smallHashes, lexSets]

export const GROUPS: readonly Group[] = [...FAMILIES, mixed(FAMILIES.filter(family => !NARROW.includes(family)))]
