// How a suite's figures are shown: as an aligned table that reads on a terminal and is markdown at the same time.

import { median, showAll } from './statistics.ts'

/** One thing measured on both servers; several values where it was measured in rounds. */
export type Row = {
  readonly what: string
  readonly unit: string
  readonly redis: readonly number[] | undefined
  readonly skep: readonly number[] | undefined
  /** What the project wants of skep's figure divided by redis-server's, such as `≥ 1.5`. */
  readonly goal?: string
}

/** A table of rows that belong together. */
export type Table = {
  readonly title: string
  readonly rows: readonly Row[]
  /** What is compared, where it is not redis-server and skep. */
  readonly names?: readonly [redis: string, skep: string]
}

/** What a suite hands back. */
export type Report = { readonly tables: readonly Table[]; readonly notes: readonly string[] }

function ratio(row: Row): string {
  if (!row.redis?.length || !row.skep?.length) return '-'
  return (median(row.skep) / median(row.redis)).toFixed(2)
}

/** The table's lines, columns aligned. */
export function renderTable(table: Table): string {
  const goals = table.rows.some(row => row.goal !== undefined)
  const [redis, skep] = table.names ?? ['redis-server', 'skep']
  const ratioOf = table.names === undefined ? 'skep / redis' : 'ratio'
  const head = [table.title, 'unit', redis, skep, ratioOf, ...(goals ? ['goal'] : [])]
  const cells = table.rows.map(row => {
    const line = [row.what, row.unit, showAll(row.redis), showAll(row.skep), ratio(row)]
    return goals ? [...line, row.goal ?? ''] : line
  })
  const widths = head.map((title, i) => Math.max(title.length, ...cells.map(line => line[i].length)))
  // Names read from the left, numbers from the right.
  const pad = (text: string, i: number): string => (i < 2 ? text.padEnd(widths[i]) : text.padStart(widths[i]))
  const join = (line: readonly string[]): string => `| ${line.map(pad).join(' | ')} |`
  const rule = `| ${widths.map((width, i) => (i < 2 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [join(head), rule, ...cells.map(join)].join('\n')
}

/** All tables and notes, parted by blank lines. */
export function renderReport(report: Report): string {
  return [...report.tables.map(renderTable), ...report.notes].join('\n\n')
}
