// One replica as its router feeds it: from the stream's pages to the socket, without a copy. What the socket has not
// taken stays in the pages, once for all replicas; how far it is behind is what counts as its output buffer.

import type { ReplicationStream } from '../replica/stream.ts'
import { LOST_POSITION, REPLICA_FLAG, REPLICA_STATE } from '../shared/replication-block.ts'
import type { ClientSocket } from './client-socket.ts'
import type { Connection } from './connection.ts'

/** Pages written at once. */
const PIECES = 64

export class ReplicaFeed {
  readonly client: Connection
  readonly row: number
  readonly #stream: ReplicationStream
  /** Bytes have been written that the kernel has not taken. */
  #isWriting = false
  /** It becomes online with its first acknowledgement: it has loaded its copy then. */
  onlineOnAck = false
  /** Since when it is over the soft limit, Unix ms; 0 = it is not. */
  overSoftSince = 0

  constructor(stream: ReplicationStream, client: Connection, row: number) {
    this.#stream = stream
    this.client = client
    this.row = row
  }

  get socket(): ClientSocket {
    return this.client.socket as ClientSocket
  }

  get state(): number {
    return this.#stream.block.state(this.row)
  }

  set state(state: number) {
    this.#stream.block.setRowWord(this.row, 'STATE', state)
  }

  /** Bytes that it has yet to get, as far as they are known to be meant for it. */
  get behind(): number {
    const position = this.#stream.block.position(this.row)
    return position >= 0 ? this.#stream.end - position : 0
  }

  get isLost(): boolean {
    return this.#stream.block.position(this.row) === LOST_POSITION
  }

  /** Who it is, for the log. */
  get name(): string {
    const { block } = this.#stream
    return `${block.address(this.row)}:${block.rowWord(this.row, 'PORT')}`
  }

  /** Writes what there is, if the socket has taken what was written before. Returns the bytes written. */
  feed(): number {
    const { block } = this.#stream
    if (this.#isWriting || this.state !== REPLICA_STATE.ONLINE || this.client.closing) return 0
    const { socket } = this
    const end = this.#stream.endNow()
    // Looked at behind the end: none of that may be of a history that the replica knows by another id.
    if ((block.rowWord(this.row, 'FLAGS') & REPLICA_FLAG.OUTDATED) !== 0) return 0
    const begin = block.position(this.row)
    let at = begin
    while (at >= 0 && at < end && !this.#isWriting) {
      at = this.#write(socket, at, end)
      if (socket.writableLength === 0) block.setPosition(this.row, at)
      else this.#isWriting = true
    }
    if (this.#isWriting) this.#continueAt(socket, at)
    return Math.max(0, at - begin)
  }

  #write(socket: ClientSocket, from: number, end: number): number {
    let at = from
    socket.cork()
    for (let i = 0; i < PIECES && at < end; i++) {
      const piece = this.#stream.piece(at, end)
      socket.write(piece)
      at += piece.length
    }
    socket.uncork()
    return at
  }

  /** Goes on once the kernel has taken what was written; until then the pages are needed. */
  #continueAt(socket: ClientSocket, position: number): void {
    socket.write(NOTHING, () => {
      this.#isWriting = false
      const { block } = this.#stream
      if (this.client.closed || block.position(this.row) < 0) return
      block.setPosition(this.row, position)
      this.feed()
    })
  }
}

const NOTHING = Buffer.alloc(0)
