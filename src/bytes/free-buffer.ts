// Giving the memory of a large buffer back at once, instead of when the garbage collector finds it.

/** Frees a buffer's memory. It is detached: every view of it has length 0 from now on. */
export function freeBuffer(buffer: ArrayBufferLike): void {
  if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0)
}
