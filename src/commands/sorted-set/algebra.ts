// Unions, intersections and differences of sorted sets: the computing. zunion.ts has the commands.

import type { Draft } from '../../store/zset/draft.ts'
import { type Sources, SourceWalk } from './sources.ts'

export type Operation = 'union' | 'inter' | 'diff'
export type Aggregate = 'sum' | 'min' | 'max'

const walk = new SourceWalk()

/** Two scores of one member as one. Opposite infinities make 0. */
function combine(aggregate: Aggregate, a: number, b: number): number {
  if (aggregate === 'min') return b < a ? b : a
  if (aggregate === 'max') return b > a ? b : a
  const sum = a + b
  return Number.isNaN(sum) ? 0 : sum
}

/** A score times its set's weight; infinity times 0 makes 0. */
function weigh(score: number, weight: number): number {
  const weighed = score * weight
  return Number.isNaN(weighed) ? 0 : weighed
}

/** Adds what the operation makes of the sources to a draft that was just started. */
export function compute(operation: Operation, sources: Sources, aggregate: Aggregate, draft: Draft): void {
  if (operation === 'union') unite(sources, aggregate, draft)
  else if (operation === 'inter') intersect(sources, aggregate, draft)
  else subtract(sources, draft)
}

function unite(sources: Sources, aggregate: Aggregate, draft: Draft): void {
  sources.sort()
  for (let i = 0; i < sources.count; i++) {
    const source = sources.at(i)
    walk.start(source)
    while (walk.next()) {
      const score = weigh(walk.score, source.weight)
      const member = draft.merge(score, walk.u8, walk.at, walk.length)
      if (member !== 0) draft.setScore(member, combine(aggregate, draft.score(member), score))
    }
  }
}

function intersect(sources: Sources, aggregate: Aggregate, draft: Draft): void {
  sources.sort()
  const smallest = sources.at(0)
  walk.start(smallest)
  while (walk.next()) {
    let score = weigh(walk.score, smallest.weight)
    let i = 1
    for (; i < sources.count; i++) {
      const source = sources.at(i)
      const other = source.same(smallest) ? walk.score : source.score(walk.u8, walk.at, walk.length)
      if (Number.isNaN(other)) break
      score = combine(aggregate, score, other * source.weight)
    }
    if (i === sources.count) draft.add(score, walk.u8, walk.at, walk.length)
  }
}

function subtract(sources: Sources, draft: Draft): void {
  const first = sources.at(0)
  walk.start(first)
  while (walk.next()) if (!isInOthers(sources)) draft.add(walk.score, walk.u8, walk.at, walk.length)
}

/** Whether any source but the first has the member that the walk shows. */
function isInOthers(sources: Sources): boolean {
  for (let i = 1; i < sources.count; i++) {
    const source = sources.at(i)
    if (source.same(sources.at(0)) || !Number.isNaN(source.score(walk.u8, walk.at, walk.length))) return true
  }
  return false
}

/** How many members all sources have, counted up to `limit`. */
export function countIntersection(sources: Sources, limit: number): number {
  sources.sort()
  let count = 0
  walk.start(sources.at(0))
  while (count < limit && walk.next()) {
    let i = 1
    for (; i < sources.count; i++) {
      if (Number.isNaN(sources.at(i).score(walk.u8, walk.at, walk.length))) break
    }
    if (i === sources.count) count++
  }
  return count
}
