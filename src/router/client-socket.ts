// A client's socket, whose replies take a short way to the kernel.
//
// `net.Socket` keeps a queue of its own and calls back a tick later for each write. The kernel nearly always takes a
// reply at once; then all that was in vain. So while nothing of this socket's waits, bytes are given to its handle as
// `net.Socket` would give them. What the kernel leaves over libuv keeps, and later writes, which go the ordinary way
// then, come behind it.
//
// Handles are no public API. Whether Node's are used as they are here is learned from an ordinary write, the first of the
// thread; if not, all writes stay ordinary ones.

import { Socket } from 'node:net'
import type { Transport } from './transport.ts'

/** What is left over of a write. */
interface Unsent {
  oncomplete: (status: number) => void
  /** Kept until libuv has sent it. */
  buffer: Uint8Array
}

interface Handle {
  /** With null for a request: returns 0 if the kernel has taken all, an error's number, or what is left over. */
  writeBuffer(request: null, bytes: Uint8Array): number | Unsent
}

/** Longer ones may well be left over in part. */
const BYTES_MAX = 64 * 1024

/** Whether handles are as above; undefined until that is known. */
let isDirect: boolean | undefined

/** Looks at how the next write, an ordinary one, is done. */
function learn(handle: Handle): void {
  const { writeBuffer } = handle
  handle.writeBuffer = (request, bytes) => {
    handle.writeBuffer = writeBuffer
    isDirect = request === null
    return writeBuffer.call(handle, request, bytes)
  }
}

export class ClientSocket extends Socket implements Transport {
  /** Bytes that libuv has been given here and the kernel has not taken. */
  #left = 0

  get unsent(): number {
    return this.writableLength + this.#left
  }

  send(bytes: Uint8Array, sent?: () => void): void {
    const handle = (this as unknown as { readonly _handle: Handle | null })._handle
    if (handle === null || isDirect !== true || sent !== undefined || bytes.length > BYTES_MAX || this.unsent > 0) {
      if (handle !== null && isDirect === undefined) learn(handle)
      this.write(bytes, sent)
      return
    }
    const left = handle.writeBuffer(null, bytes)
    if (left === 0) return
    if (typeof left === 'number') this.destroy()
    else this.#leftOver(left, bytes)
  }

  #leftOver(unsent: Unsent, bytes: Uint8Array): void {
    this.#left = bytes.length
    unsent.buffer = bytes
    unsent.oncomplete = status => {
      this.#left = 0
      if (status < 0) this.destroy()
    }
  }
}
