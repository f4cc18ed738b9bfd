// Percentiles of a histogram of times.

import { bucketLimit } from '../../shared/statistics.ts'

/** The time in µs that `percent` of the calls stayed within, as far as the buckets tell; 0 if there were none. */
export function percentileOf(buckets: readonly number[], percent: number): number {
  const total = buckets.reduce((sum, count) => sum + count, 0)
  if (total === 0) return 0
  const wanted = Math.max(1, Math.ceil((total * percent) / 100))
  let seen = 0
  for (const [bucket, count] of buckets.entries()) {
    seen += count
    if (seen >= wanted) return bucketLimit(bucket)
  }
  return bucketLimit(buckets.length - 1)
}
