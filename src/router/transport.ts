// The way that a client's replies go: a socket (client-socket.ts), or what the HTTP gateway puts in its place, whose
// requests become commands of a client like any other.

export interface Transport {
  /** Bytes written and not yet taken. */
  readonly unsent: number
  readonly writableEnded: boolean
  readonly destroyed: boolean
  /** Sends bytes, which may be overwritten afterwards if `unsent` is then 0. `sent` is called when they are gone. */
  send(bytes: Uint8Array, sent?: () => void): unknown
  /** Goes on reading. */
  resume(): unknown
  /** Ends the connection at once. */
  destroy(): unknown
  /** Ends it once everything written has been sent. */
  destroySoon(): unknown
}
