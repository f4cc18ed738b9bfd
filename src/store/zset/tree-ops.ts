// What can be done with a large sorted set as a value: its row in value.ts.

import type { ValueOps } from '../value.ts'
import { type TreeRef, treeCount } from './tree.ts'
import { treeBytes, treeCopy, treeRelease, treeReleaseStep } from './tree-build.ts'

export const treeOps: ValueOps = {
  effort: (m, value) => treeCount(m, value as TreeRef),
  release: (m, value) => treeRelease(m, value as TreeRef),
  releaseStep: (m, value, budget) => treeReleaseStep(m, value as TreeRef, budget),
  copy: (from, value, to) => treeCopy(from, value as TreeRef, to),
  bytes: (m, value, samples) => treeBytes(m, value as TreeRef, samples),
}
