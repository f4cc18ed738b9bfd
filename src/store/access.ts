// When and how often an entry was used: the 24 bits that eviction goes by, in Redis's two forms.
//
// LRU: a clock of seconds, modulo 2^24. LFU: 16 bits of minutes at the last decay and a logarithmic counter of 8 bits.

/** New entries start here, so that they are not evicted before they could be used. */
const LFU_INITIAL = 5
const CLOCK_BITS = 0xffffff
const MINUTE_BITS = 0xffff

/** The LRU clock at a Unix time in ms. */
export const lruClock = (now: number): number => Math.floor(now / 1000) & CLOCK_BITS

/** Milliseconds since the last access that an LRU clock value tells, at a resolution of a second. */
export const lruIdle = (access: number, now: number): number => ((lruClock(now) - access) & CLOCK_BITS) * 1000

/** The LRU access word of an entry last used `idle` seconds ago; no longer ago than half of what the clock can tell. */
export const lruRestored = (idle: number, now: number): number =>
  (lruClock(now) - Math.min(idle, CLOCK_BITS >>> 1)) & CLOCK_BITS

const lfuMinutes = (now: number): number => Math.floor(now / 60000) & MINUTE_BITS

/** The access word of a new entry under LFU. */
export const lfuNew = (now: number): number => (lfuMinutes(now) << 8) | LFU_INITIAL

/** The LFU access word of an entry with this counter. */
export const lfuRestored = (counter: number, now: number): number => (lfuMinutes(now) << 8) | counter

/** The counter after the decay that is due: one less for each `decayMinutes` gone by, unless that is 0. */
export function lfuCounter(access: number, now: number, decayMinutes: number): number {
  const counter = access & 0xff
  if (decayMinutes <= 0) return counter
  const periods = Math.floor(((lfuMinutes(now) - (access >>> 8)) & MINUTE_BITS) / decayMinutes)
  return periods > counter ? 0 : counter - periods
}

/** The access word after a use: decayed, then counted with a chance that shrinks as the counter grows. */
export function lfuTouch(access: number, now: number, decayMinutes: number, logFactor: number): number {
  let counter = lfuCounter(access, now, decayMinutes)
  if (counter < 255) {
    const base = counter > LFU_INITIAL ? counter - LFU_INITIAL : 0
    if (Math.random() < 1 / (base * logFactor + 1)) counter++
  }
  return (lfuMinutes(now) << 8) | counter
}
