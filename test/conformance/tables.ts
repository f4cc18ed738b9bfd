// The two tables beside this file: what redis-server itself passes (baseline.tsv), and which tests are known not to
// pass with skep, and why (expected.tsv). Columns are parted by tabs; lines that begin with # are remarks.

import { readFileSync, writeFileSync } from 'node:fs'

const BASELINE = new URL('baseline.tsv', import.meta.url)
const EXPECTED = new URL('expected.tsv', import.meta.url)

/** How redis-server 7.0.15 fares in a unit. */
export type BaselineRow = {
  readonly passed: number
  readonly total: number
  readonly seconds: number
  /** The longest time between two events: how long silence means nothing. */
  readonly gapSeconds: number
}

/** A test known to fail. A reason that begins with `at times` is of one that passes now and then. */
export type ExpectedRow = { readonly unit: string; readonly test: string; readonly reason: string }

function rows(text: string): string[][] {
  return text
    .split('\n')
    .filter(line => line.trim() !== '' && !line.startsWith('#'))
    .map(line => line.split('\t'))
}

/** Reads baseline.tsv: unit, passed, total, seconds, longest gap. */
export function readBaseline(text = readFileSync(BASELINE, 'utf8')): Map<string, BaselineRow> {
  const table = new Map<string, BaselineRow>()
  for (const [unit, passed, total, seconds, gap] of rows(text)) {
    table.set(unit, {
      passed: Number(passed),
      total: Number(total),
      seconds: Number(seconds),
      gapSeconds: Number(gap),
    })
  }
  return table
}

/** Writes baseline.tsv; only a run of the real redis-server has anything to write there. */
export function writeBaseline(table: ReadonlyMap<string, BaselineRow>): void {
  let text = "# Redis 7.0.15's suite with redis-server 7.0.15: unit, passed, total, seconds, longest gap in seconds\n"
  for (const [unit, row] of table) {
    text += `${[unit, row.passed, row.total, row.seconds.toFixed(1), row.gapSeconds.toFixed(1)].join('\t')}\n`
  }
  writeFileSync(BASELINE, text)
}

/** Reads expected.tsv: unit, test, reason. Throws on a row without a reason. */
export function readExpected(text = readFileSync(EXPECTED, 'utf8')): ExpectedRow[] {
  return rows(text).map(([unit, test, reason]) => {
    if (reason === undefined || reason.trim() === '') throw new Error(`expected.tsv: no reason for ${unit} ${test}`)
    return { unit, test, reason }
  })
}
