// A histogram of latencies: buckets a 32nd of a doubling wide, so that every percentile is right to about 2 %.
// Recording makes no garbage, because a pause of the client would be counted as one of the server.

const PER_DOUBLING = 32
const BUCKETS = PER_DOUBLING * 36

/** Latencies in µs, from 1 µs to a day. */
export class Histogram {
  readonly #counts = new Float64Array(BUCKETS)
  count = 0
  worst = 0

  record(microseconds: number): void {
    const bucket = Math.floor(PER_DOUBLING * Math.log2(Math.max(1, microseconds)))
    this.#counts[Math.min(BUCKETS - 1, bucket)]++
    this.count++
    if (microseconds > this.worst) this.worst = microseconds
  }

  /** The latency that the given share of all stays at or below. */
  percentile(share: number): number {
    let left = Math.ceil(share * this.count)
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.#counts[bucket]
      if (left <= 0) return Math.min(this.worst, 2 ** ((bucket + 1) / PER_DOUBLING))
    }
    return this.worst
  }
}
