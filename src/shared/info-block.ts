// What INFO tells and nobody counts in shared memory: figures that router 0 samples, for threads that run scripts.
//
//   OFFSET  SIZE  FIELD     WRITER    MEANING
//    8 * n     8  figure n  router 0  f64; see INFO_FIGURE

/** The figures. */
export const INFO_FIGURE = {
  /** Bytes used before there was any data, and the most there have been. */
  STARTUP_BYTES: 0,
  PEAK_BYTES: 1,
  /** A second. */
  COMMANDS: 2,
  NET_INPUT: 3,
  NET_OUTPUT: 4,
  /** Scripts that EVALSHA can name, and their bytes. */
  SCRIPTS: 5,
  SCRIPT_BYTES: 6,
  COUNT: 7,
} as const

export const infoCreate = (): SharedArrayBuffer => new SharedArrayBuffer(8 * INFO_FIGURE.COUNT)
