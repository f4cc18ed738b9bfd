// Mail between routers and shards: what lies in the rings' messages.
//
// A command on its way to a shard (kind COMMAND):
//
//   OFFSET  SIZE  FIELD     MEANING
//        0     4  CLIENT    slot of the connection, for the answer
//        4     4  SENDER    the client's id
//        8     2  COMMAND   id in the command table
//       10     2  DB
//       12     1  RESP      2 or 3
//       13     1  FLAGS     SENDER flags
//       14     1  FRAME     1 if the bytes are the whole command as a RESP array
//       15     1  -
//       16     4  ARGC
//       20     4  BYTES     length of what follows the table
//       24   8*n  ARGS      per argument: u32 index in the bytes, u32 length
//        …        the bytes, as they came from the client
//
// An answer (kind REPLY): u32 CLIENT, u32 length, the reply's bytes. In its place may come word that the command makes
// its client wait (BLOCKED), and later, from any shard, the reply that it waited for (SERVED); both have the form of an
// answer, and their contents are described beside their buffer (word.ts).
//
// Word that keys have changed of which clients may have copies (CHANGED) is described in store/invalidations.ts; in an
// answer's form it goes to a router, for NOBODY. As an errand it goes to an owner, behind a byte for every router there
// may be: 1 if it is to be passed on to that one.
//
// A transaction (kind EXEC) is described in transaction.ts. An errand (END, FORWARD, CHANGED) is a router's without a client; it
// is answered with an empty reply to NOBODY, so that whatever is sent to the shard afterwards queues behind it.
//
// What does not fit a quarter of a ring travels as an ArrayBuffer through a MessagePort, which moves it without a copy;
// the ring then carries an empty message of kind LARGE in its place, so order is kept.

import { copyBytes } from '../bytes/copy.ts'
import type { Request } from '../protocol/request.ts'
import type { RingProducer } from '../shared/ring.ts'

export const MAIL = {
  COMMAND: 1,
  REPLY: 2,
  LARGE: 3,
  EXEC: 6,
  BLOCKED: 7,
  SERVED: 8,
  END: 9,
  FORWARD: 10,
  CHANGED: 11,
} as const

const COMMAND = {
  CLIENT: 0,
  SENDER: 4,
  COMMAND: 8,
  DB: 10,
  RESP: 12,
  FLAGS: 13,
  ARGC: 16,
  BYTES: 20,
  ARGS: 24,
} as const
export const REPLY_HEAD_BYTES = 8
/** What an END errand ends: u32 what, u32 the client's id or the ticket. */
export const END = { WATCH: 0, WAIT: 1 } as const
/** The slot of no client. */
export const NOBODY = 0xffffffff

const IS_FRAME = 1 << 16

/** A shard-bound command, read from a ring. */
export interface Envelope {
  client: number
  command: number
}

/** Bytes that a command takes as mail. */
export function commandMailBytes(req: Request): number {
  return COMMAND.ARGS + 8 * req.argc + (commandEnd(req) - commandStart(req))
}

/** Where the bytes begin that a command takes with it: its frame if it lies in one, for the journal. */
export const commandStart = (req: Request): number => (req.frame >= 0 ? req.frame : req.at[0])

export const commandEnd = (req: Request): number =>
  req.frame >= 0 ? req.frameEnd : req.at[req.argc - 1] + req.length[req.argc - 1]

/** Writes a command at `at`, where there is room for commandMailBytes. */
export function writeCommand(
  u8: Uint8Array,
  u32: Uint32Array,
  at: number,
  client: number,
  command: number,
  req: Request,
): void {
  const { argc } = req
  const first = commandStart(req)
  const bytes = commandEnd(req) - first
  const word = at / 4
  u32[word] = client
  u32[word + 1] = req.sender.id
  u32[word + 2] = command | (req.db << 16)
  u32[word + 3] = req.resp | (req.sender.flags << 8) | (req.frame >= 0 ? IS_FRAME : 0)
  u32[word + 4] = argc
  u32[word + 5] = bytes
  let table = word + COMMAND.ARGS / 4
  for (let i = 0; i < argc; i++) {
    u32[table++] = req.at[i] - first
    u32[table++] = req.length[i]
  }
  copyBytes(u8, table * 4, req.u8, first, bytes)
}

/** Points `req` at a command written at `at`; its bytes stay where they are. */
export function readCommand(u8: Uint8Array, u32: Uint32Array, at: number, req: Request, envelope: Envelope): void {
  const word = at / 4
  envelope.client = u32[word]
  envelope.command = u32[word + 2] & 0xffff
  req.start(u8)
  req.db = u32[word + 2] >>> 16
  req.resp = (u32[word + 3] & 0xff) as 2 | 3
  mailSender.id = u32[word + 1]
  mailSender.flags = (u32[word + 3] >>> 8) & 0xff
  req.sender = mailSender
  const argc = u32[word + 4]
  let table = word + COMMAND.ARGS / 4
  const base = (table + 2 * argc) * 4
  for (let i = 0; i < argc; i++) {
    req.push(base + u32[table], u32[table + 1])
    table += 2
  }
  if ((u32[word + 3] & IS_FRAME) !== 0) {
    req.frame = base
    req.frameEnd = base + u32[word + 5]
  }
}

const mailSender = { id: 0, flags: 0 }

/** Sends a reply, or word of one. Returns false if the ring is too full now. */
export function sendReply(
  ring: RingProducer,
  client: number,
  u8: Uint8Array,
  at: number,
  length: number,
  kind: number = MAIL.REPLY,
): boolean {
  const to = ring.begin(kind, REPLY_HEAD_BYTES + length)
  if (to < 0) return false
  ring.u32[to / 4] = client
  ring.u32[to / 4 + 1] = length
  copyBytes(ring.u8, to + REPLY_HEAD_BYTES, u8, at, length)
  return true
}

/** What a LARGE message's port delivers. */
export type LargeMail =
  | {
      readonly what: 'command'
      readonly client: number
      readonly sender: number
      readonly flags: number
      readonly command: number
      readonly db: number
      readonly resp: 2 | 3
      readonly at: Int32Array
      readonly length: Int32Array
      /** The frame's range in the bytes, as in Request. */
      readonly frame: number
      readonly frameEnd: number
      readonly u8: Uint8Array
    }
  | { readonly what: 'reply' | 'served' | 'changed'; readonly client: number; readonly u8: Uint8Array }
  | { readonly what: 'exec' | 'forward' | 'invalidate'; readonly u8: Uint8Array<ArrayBuffer> }

/** Whether a reply of this length must go through the port. */
export const isLargeReply = (ring: RingProducer, length: number): boolean => REPLY_HEAD_BYTES + length > ring.payloadMax
