// The way that a client's replies go: the part of a `net.Socket` that the router uses. The HTTP gateway puts something
// else in its place, and its requests become commands of a client like any other.

export interface Transport {
  /** Bytes written and not yet taken. */
  readonly writableLength: number
  readonly writableEnded: boolean
  readonly destroyed: boolean
  /** Sends bytes, which may be overwritten afterwards if `writableLength` is then 0. `sent` is called when they are gone. */
  write(bytes: Uint8Array, sent?: () => void): unknown
  /** Goes on reading. */
  resume(): unknown
  /** Ends the connection at once. */
  destroy(): unknown
  /** Ends it once everything written has been sent. */
  destroySoon(): unknown
}
