// Seeded randomness for tests: the same seed gives the same test, so a failure that prints its seed can be repeated.
//
// The generator is sfc32: small, fast, and good enough that nearby seeds give unrelated sequences.

/** Source of random choices; every method draws from one sequence that the seed determines. */
export type Random = {
  readonly seed: number
  /** An integer from `low` to `high`, both included. */
  int(low: number, high: number): number
  /** A number from 0 up to but not including 1. */
  fraction(): number
  /** True with the given probability. */
  chance(probability: number): boolean
  /** One of the items, each as likely as the others. */
  pick<T>(items: readonly T[]): T
  /** One of the items, as likely as its weight says. */
  weighted<T extends { readonly weight: number }>(items: readonly T[]): T
  /** `length` random bytes. */
  bytes(length: number): Buffer
}

/** Makes the sequence that belongs to `seed`. */
export function randomFrom(seed: number): Random {
  let a = seed | 0
  let b = 0x9e3779b9 | 0
  let c = Math.floor(seed / 0x1_0000_0000) | 0
  let counter = 1

  function word(): number {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    return sum >>> 0
  }
  // The first words of similar seeds resemble each other.
  for (let i = 0; i < 12; i++) word()

  const fraction = (): number => word() / 0x1_0000_0000
  const int = (low: number, high: number): number => low + Math.floor(fraction() * (high - low + 1))

  return {
    seed,
    int,
    fraction,
    chance: probability => fraction() < probability,
    pick: items => items[int(0, items.length - 1)],
    weighted(items) {
      let total = 0
      for (const item of items) total += item.weight
      let left = fraction() * total
      for (const item of items) {
        left -= item.weight
        if (left < 0) return item
      }
      return items[items.length - 1]
    },
    bytes(length) {
      const out = Buffer.alloc(length)
      for (let i = 0; i < length; i++) out[i] = word() >>> 24
      return out
    },
  }
}

/** The seed in SKEP_SEED, or a fresh one; tests name it in their output so that a failure can be repeated. */
export function chooseSeed(): number {
  const given = process.env.SKEP_SEED
  if (given === undefined || given === '') return Math.floor(Math.random() * 0x7fff_ffff)
  const seed = Number(given)
  if (!Number.isSafeInteger(seed)) throw new Error(`SKEP_SEED must be an integer, not '${given}'`)
  return seed
}
