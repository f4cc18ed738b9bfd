// What INFO tells about the append-only file: figures that the main thread writes and routers read.
//
//   OFFSET  SIZE  FIELD     WRITER  MEANING
//    8 * n     8  figure n  main    f64; see LOG_FIGURE
//        …     8  base i    main    f64, for each shard: bytes of its base file and of its increments but the last

/** The figures. Times are Unix seconds, durations seconds. */
export const LOG_FIGURE = {
  ENABLED: 0,
  REWRITING: 1,
  SCHEDULED: 2,
  LAST_SECONDS: 3,
  BEGAN: 4,
  HAS_FAILED: 5,
  REWRITES: 6,
  FAILURES: 7,
  /** Size of all when it was last rewritten, or loaded. */
  BASE_SIZE: 8,
  COUNT: 9,
} as const

export const logFiguresCreate = (shards: number): SharedArrayBuffer => {
  const buffer = new SharedArrayBuffer(8 * (LOG_FIGURE.COUNT + shards))
  new Float64Array(buffer)[LOG_FIGURE.LAST_SECONDS] = -1
  return buffer
}

/** Where a shard's figure is. */
export const basePlace = (shard: number): number => LOG_FIGURE.COUNT + shard
