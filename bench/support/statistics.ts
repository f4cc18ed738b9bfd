// Small statistics over a handful of measurements, and how numbers are written for people.

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** Three significant digits, thousands parted. */
export function show(value: number): string {
  if (!Number.isFinite(value)) return '-'
  const size = Math.abs(value)
  const digits = size >= 100 || size === 0 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/** The median and, of more than one value, the range: `1,234 (1,100–1,300)`. */
export function showAll(values: readonly number[] | undefined): string {
  if (values === undefined || values.length === 0) return '-'
  if (values.length === 1) return show(values[0])
  return `${show(median(values))} (${show(Math.min(...values))}–${show(Math.max(...values))})`
}
