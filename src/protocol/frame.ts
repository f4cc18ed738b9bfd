// A command's arguments as one block of bytes that can be kept and moved: what MULTI queues, what a client that waits
// leaves behind.
//
//   OFFSET  SIZE  FIELD  MEANING
//        0     4  ARGC
//        4     4  BYTES  length of what follows the table
//        8   8*n  ARGS   per argument: u32 index in the bytes, u32 length
//        …        the bytes, the arguments in order with nothing between
//
// A frame lies at a multiple of 4 and knows nothing of where it lies.

import { copyBytes } from '../bytes/copy.ts'
import type { Request } from './request.ts'

export const FRAME = { ARGC: 0, BYTES: 4, ARGS: 8 } as const

/** Bytes that a request takes as a frame, rounded up to 8. */
export function frameBytes(req: Request): number {
  let bytes = FRAME.ARGS + 8 * req.argc
  for (let i = 0; i < req.argc; i++) bytes += req.length[i]
  return (bytes + 7) & ~7
}

/** Writes the request's arguments at `at`, where there is room for frameBytes. */
export function frameWrite(u8: Uint8Array, u32: Uint32Array, at: number, req: Request): void {
  const { argc } = req
  const word = at / 4
  const base = at + FRAME.ARGS + 8 * argc
  let table = word + FRAME.ARGS / 4
  let bytes = 0
  for (let i = 0; i < argc; i++) {
    const length = req.length[i]
    u32[table++] = bytes
    u32[table++] = length
    copyBytes(u8, base + bytes, req.u8, req.at[i], length)
    bytes += length
  }
  u32[word] = argc
  u32[word + 1] = bytes
}

/** Points the request at a frame's arguments; the bytes stay where they are. */
export function frameRead(u8: Uint8Array, u32: Uint32Array, at: number, req: Request): void {
  const word = at / 4
  const argc = u32[word]
  const base = at + FRAME.ARGS + 8 * argc
  let table = word + FRAME.ARGS / 4
  req.start(u8)
  for (let i = 0; i < argc; i++) {
    req.push(base + u32[table], u32[table + 1])
    table += 2
  }
}
