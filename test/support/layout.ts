// Reads the OFFSET SIZE FIELD tables out of a source file's comments, so that a test can hold them against the
// constants and against themselves: the tables are what people read, the constants what runs.

import { readFileSync } from 'node:fs'
import { expect } from 'vitest'

export type LayoutRow = { readonly offset: number; readonly size: number; readonly field: string }

export type Layout = {
  readonly rows: readonly LayoutRow[]
  /** The last line: where the record ends. Undefined for one whose last part has no fixed size. */
  readonly end: number | undefined
}

/** All tables of a file under src/, in order. Rows whose offset is no plain number end a table. */
export function layoutTables(path: string): Layout[] {
  const lines = readFileSync(new URL(`../../src/${path}`, import.meta.url), 'utf8').split('\n')
  const tables: Layout[] = []
  for (let i = 0; i < lines.length; i++) {
    if (/^\/\/\s+OFFSET\s+SIZE\s+FIELD\b/.test(lines[i])) tables.push(readTable(lines, i))
  }
  return tables
}

function readTable(lines: readonly string[], header: number): Layout {
  const column = lines[header].indexOf('FIELD')
  const rows: LayoutRow[] = []
  for (let i = header + 1; i < lines.length; i++) {
    const line = lines[i]
    if (!line.startsWith('//') || line.trim() === '//') break
    // A line that is blank up to the field goes on with the meaning of the row above.
    if (line.slice(2, column).trim() === '') continue
    const row = /^\/\/\s+(\d+)\s+(\d+)\s+([A-Z][A-Z0-9_]*|-)(?=\s|$)/.exec(line)
    if (row !== null) {
      rows.push({ offset: Number(row[1]), size: Number(row[2]), field: row[3] })
      continue
    }
    const end = /^\/\/\s+(\d+)$/.exec(line)
    return { rows, end: end === null ? undefined : Number(end[1]) }
  }
  return { rows, end: undefined }
}

/**
 * Holds that every row begins where the one before ends, that the last ends where the table says, and that the named
 * fields are those of `constants` (SIZE is the end). `from` is where the first row begins.
 */
export function expectLayout(table: Layout, constants: Readonly<Record<string, number>>, from = 0): void {
  let end = from
  for (const { offset, size, field } of table.rows) {
    expect(offset, `${field} begins where the field before it ends`).toBe(end)
    end = offset + size
  }
  if (table.end !== undefined) expect(end, 'the fields end where the record ends').toBe(table.end)
  const fields = Object.fromEntries(table.rows.filter(({ field }) => field !== '-').map(row => [row.field, row.offset]))
  const { SIZE, ...offsets } = constants
  // A record may have a field of that name, in which case it is no total.
  if ('SIZE' in fields) {
    expect(fields).toEqual(constants)
    return
  }
  expect(fields).toEqual(offsets)
  if (SIZE !== undefined) expect(table.end ?? SIZE).toBe(SIZE)
}
