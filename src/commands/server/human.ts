// Bytes for people: 512B, 1.50K, 3.25M.

const UNITS = ['K', 'M', 'G', 'T', 'P']

/** A number of bytes in the largest unit that leaves at least one. */
export function humanBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`
  let value = bytes
  let unit = -1
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  return `${value.toFixed(2)}${UNITS[unit]}`
}
