// Holds the outcome of a unit against the baseline and against what is known to fail.

import type { UnitEvents } from './events.ts'
import type { BaselineRow, ExpectedRow } from './tables.ts'
import { countVaries } from './units.ts'

/** A failure with its reason: the suite's words, or those of expected.tsv. */
export type Failure = {
  readonly test: string
  readonly why: string
  /** 1, or how many tests did not run. */
  readonly count: number
}

/** How many tests these failures stand for. */
export function failureCount(failures: readonly Failure[]): number {
  return failures.reduce((sum, { count }) => sum + count, 0)
}

/** What a unit's run comes to. */
export type Verdict = {
  readonly unit: string
  readonly passed: number
  /** Tests that ran, and those of the baseline that did not. */
  readonly total: number
  readonly baseline: number | undefined
  readonly expected: readonly Failure[]
  readonly unexpected: readonly Failure[]
  /** Tests of expected.tsv that passed: rows to be removed. */
  readonly passedAfterAll: readonly string[]
}

/** What fails between tests; a row of expected.tsv may name it. */
const OUTSIDE = '(outside any test)'
const NOT_RUN = /^\((\d+) tests? not run\)$/

/**
 * `wholeUnit` is false when single tests were picked: then nothing is missed.
 * Tests that did not run have no name; expected.tsv allows them by a row for the test `(N tests not run)`.
 */
export function judge(
  unit: string,
  events: UnitEvents,
  baseline: BaselineRow | undefined,
  expectedRows: readonly ExpectedRow[],
  wholeUnit: boolean,
): Verdict {
  const known = expectedRows.filter(row => row.unit === unit)
  const expected: Failure[] = []
  const unexpected: Failure[] = []
  for (const { name, passed, why } of events.results) {
    if (passed) continue
    const row = known.find(({ test }) => test === name)
    if (row === undefined) unexpected.push({ test: name, why, count: 1 })
    else expected.push({ test: name, why: row.reason, count: 1 })
  }

  const ran = events.results.length
  const varies = !wholeUnit || (countVaries(unit) && events.done)
  const notRun = varies || baseline === undefined ? 0 : Math.max(0, baseline.total - ran)
  if (notRun > 0) {
    const name = `(${notRun} tests not run)`
    const row = known.find(({ test }) => Number(NOT_RUN.exec(test)?.[1] ?? 0) >= notRun)
    const why = row?.reason ?? (events.outside.join(' | ') || 'the unit ended early')
    if (row === undefined) unexpected.push({ test: name, why, count: notRun })
    else expected.push({ test: name, why, count: notRun })
  } else {
    // With all tests run, an error between them is a failure of its own.
    const row = known.find(({ test }) => test === OUTSIDE)
    for (const text of events.outside) {
      if (row === undefined) unexpected.push({ test: OUTSIDE, why: text, count: 1 })
      else expected.push({ test: OUTSIDE, why: row.reason, count: 1 })
    }
  }

  const failing = new Set(events.results.filter(({ passed }) => !passed).map(({ name }) => name))
  const passing = new Set(events.results.filter(({ passed }) => passed).map(({ name }) => name))
  return {
    unit,
    passed: events.results.filter(({ passed }) => passed).length,
    total: ran + notRun,
    baseline: wholeUnit ? baseline?.passed : undefined,
    expected,
    unexpected,
    passedAfterAll: known
      .filter(({ test, reason }) => passing.has(test) && !failing.has(test) && !reason.startsWith('at times'))
      .map(({ test }) => test),
  }
}
