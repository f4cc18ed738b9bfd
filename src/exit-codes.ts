// How the process ends, for whoever started it: docs/operations.md has the list.

export const EXIT = {
  CLEAN: 0,
  /** It could not start, or was told twice to end. */
  FAILED: 1,
  /** A thread has died: its data can no longer be trusted. */
  THREAD_DIED: 70,
  /** As a shell reports a process that SIGABRT ended. */
  ABORTED: 134,
} as const
