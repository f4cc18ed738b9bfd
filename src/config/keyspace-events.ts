// The classes of keyspace events, and the letters that notify-keyspace-events names them by.

/** One bit per class; the numbers are Redis's. */
export const EVENT = {
  KEYSPACE: 1 << 0,
  KEYEVENT: 1 << 1,
  GENERIC: 1 << 2,
  STRING: 1 << 3,
  LIST: 1 << 4,
  SET: 1 << 5,
  HASH: 1 << 6,
  ZSET: 1 << 7,
  EXPIRED: 1 << 8,
  EVICTED: 1 << 9,
  STREAM: 1 << 10,
  KEY_MISS: 1 << 11,
  MODULE: 1 << 13,
  NEW: 1 << 14,
} as const

// In the order in which CONFIG GET writes them; A stands for all those from g to d.
const LETTERS: readonly (readonly [string, number])[] = [
  ['g', EVENT.GENERIC],
  ['$', EVENT.STRING],
  ['l', EVENT.LIST],
  ['s', EVENT.SET],
  ['h', EVENT.HASH],
  ['z', EVENT.ZSET],
  ['x', EVENT.EXPIRED],
  ['e', EVENT.EVICTED],
  ['t', EVENT.STREAM],
  ['d', EVENT.MODULE],
  ['n', EVENT.NEW],
  ['K', EVENT.KEYSPACE],
  ['E', EVENT.KEYEVENT],
  ['m', EVENT.KEY_MISS],
]

const ALL = LETTERS.slice(0, 10).reduce((bits, [, bit]) => bits | bit, 0)

/** The bits of a string of letters, or undefined when one of them means nothing. */
export function parseEventClasses(letters: string): number | undefined {
  let bits = 0
  for (const letter of letters) {
    const bit = letter === 'A' ? ALL : LETTERS.find(([known]) => known === letter)?.[1]
    if (bit === undefined) return undefined
    bits |= bit
  }
  return bits
}

/** The shortest string of letters for these bits, in Redis's order. */
export function formatEventClasses(bits: number): string {
  const all = (bits & ALL) === ALL
  let letters = all ? 'A' : ''
  for (const [letter, bit] of LETTERS) {
    // What A stands for is not written twice, and Redis leaves out n beside it.
    if (all && (ALL & bit || bit === EVENT.NEW)) continue
    if (bits & bit) letters += letter
  }
  return letters
}
