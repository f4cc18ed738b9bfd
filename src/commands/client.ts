// What a command that runs on the router may ask of its client and of the server. The router implements it; commands
// know no sockets.

import type { Reply } from '../protocol/reply.ts'
import type { Sender } from '../protocol/request.ts'

/** Writes a reply that could not be given at once. */
export type WriteReply = (reply: Reply) => void

/** A connected client. */
export interface Client extends Sender {
  readonly id: number
  name: string
  db: number
  resp: 2 | 3
  authenticated: boolean
  /**
   * Holds back the client's further commands until the function it returns is called with what writes the reply.
   * Anything already written to the current Reply goes out first.
   */
  later(): (write: WriteReply) => void
  /** Ends the connection once what was replied has been sent. */
  closeAfterReply(): void
}

/** The server around the client. */
export interface Router {
  readonly index: number
}
