// What the shards' owners deliver of a snapshot (walker.ts) and its reader takes (snapshot-reader.ts): the kinds of messages in
// a shard's ring. Apart from both, so that the thread which writes files need not load the keyspace's code: that took it
// three quarters of its start, on the cores that serve clients.

/** What a message of the ring is. */
export const SAVED = {
  /** Bytes that end in the middle of an entry. */
  PART: 1,
  /** Bytes that end with an entry: those of another shard may follow. */
  WHOLE: 2,
  /** f64 keys, f64 bytes of old values, f64 bytes of them in the file, which belong behind all others: the end. */
  END: 3,
  /** f64 bytes of a string, which follow: in their place in an entry, but without the string's head. */
  STRING: 4,
  /** Old values, nothing in them compressed: PART and WHOLE of them. */
  OLD_PART: 5,
  OLD: 6,
} as const

/** Strings as long as this are compressed by who writes files: on an owner's thread that would take longer than a step. */
export const LONG_BYTES = 128 * 1024
