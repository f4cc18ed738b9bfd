// Clients that wait for keys of one shard: a waiter holds what it takes to serve it, its command above all, and has a
// place in the queue of every key it waits for. First come, first served, whichever router the client is on.
//
// A waiter, an item with its ticket as its key. A client that waits for keys of several shards has a waiter on each,
// all with the same ticket; the claim (shared/claims.ts) sees to it that it is served once.
//
//   OFFSET  SIZE  FIELD    MEANING
//        0     4  -        KIND 12, FLAGS, KEY_LENGTH as in item.ts
//        4     4  TICKET   the key: u32
//        8     4  FIRST    the first of its places
//       12     2  ROUTER   where its client is
//       14     2  COMMAND  id in the command table
//       16     4  SLOT     the client's, on that router
//       20     4  CLIENT   the client's id
//       24     2  DB
//       26     1  RESP
//       27     1  FLAGS    the client's SENDER flags
//       28     4  FAR      1 + the shard that serving it needs as well, 0 = none
//       32        the command, a frame (protocol/frame.ts)
//
// A place:
//
//   OFFSET  SIZE  FIELD   MEANING
//        0     4  NEXT    behind it in the queue, 0 = none
//        4     4  BEFORE  ahead of it
//        8     4  MARK    of the key
//       12     4  WAITER
//       16     4  OTHER   the waiter's next place, 0 = none
//       20     4  ARG     index of the key among the command's arguments
//       24

import { frameBytes, frameRead, frameWrite } from '../protocol/frame.ts'
import type { Request, Sender } from '../protocol/request.ts'
import { allocate, release } from './arena.ts'
import { dictAdd, dictFind, dictRemoveItem } from './dict.ts'
import { itemWrite, keyHash } from './item.ts'
import {
  farAdd,
  MARK,
  type MarkRef,
  markingMake,
  markingOf,
  markingWaiters,
  markMake,
  markRelease,
  type PlaceRef,
} from './marks.ts'
import type { Memory, Ref } from './memory.ts'

export type WaiterRef = Ref<'waiter'>

export const WAITER = {
  TICKET: 4,
  FIRST: 8,
  ROUTER: 12,
  COMMAND: 14,
  SLOT: 16,
  CLIENT: 20,
  DB: 24,
  RESP: 26,
  FLAGS: 27,
  FAR: 28,
  FRAME: 32,
} as const
export const PLACE = { NEXT: 0, BEFORE: 4, MARK: 8, WAITER: 12, OTHER: 16, ARG: 20, SIZE: 24 } as const
const WAITER_KIND = 12

const ticketBytes = new Uint8Array(4)
const ticketWord = new Uint32Array(ticketBytes.buffer)

export const waiterTicket = (m: Memory, waiter: WaiterRef): number => m.u32[waiter * 2 + WAITER.TICKET / 4]
export const waiterRouter = (m: Memory, waiter: WaiterRef): number => m.u32[waiter * 2 + WAITER.ROUTER / 4] & 0xffff
export const waiterCommand = (m: Memory, waiter: WaiterRef): number => m.u32[waiter * 2 + WAITER.ROUTER / 4] >>> 16
export const waiterSlot = (m: Memory, waiter: WaiterRef): number => m.u32[waiter * 2 + WAITER.SLOT / 4]
/** The shard whose lock serving it needs besides, -1 for none. */
const waiterFar = (m: Memory, waiter: WaiterRef): number => m.u32[waiter * 2 + WAITER.FAR / 4] - 1

export const placeNext = (m: Memory, place: PlaceRef): PlaceRef | 0 => m.u32[place * 2] as PlaceRef | 0
export const placeWaiter = (m: Memory, place: PlaceRef): WaiterRef => m.u32[place * 2 + PLACE.WAITER / 4] as WaiterRef
export const placeArg = (m: Memory, place: PlaceRef): number => m.u32[place * 2 + PLACE.ARG / 4]
const placeOther = (m: Memory, place: PlaceRef): PlaceRef | 0 => m.u32[place * 2 + PLACE.OTHER / 4] as PlaceRef | 0
const waiterFirst = (m: Memory, waiter: WaiterRef): PlaceRef | 0 => m.u32[waiter * 2 + WAITER.FIRST / 4] as PlaceRef | 0

/** The waiter with this ticket, 0 if there is none here (any more). */
export function waiterFind(m: Memory, ticket: number): WaiterRef | 0 {
  const marking = markingOf(m)
  if (marking === 0) return 0
  ticketWord[0] = ticket
  const waiters = markingWaiters(m, marking)
  return dictFind(m, waiters, keyHash(m, ticketBytes, 0, 4), ticketBytes, 0, 4) as number as WaiterRef | 0
}

/** Adds a waiter that stands in no queue yet. `req` is kept as a copy; `far` is a shard's index or -1. */
export function waiterAdd(
  m: Memory,
  ticket: number,
  router: number,
  slot: number,
  command: number,
  far: number,
  req: Request,
): WaiterRef {
  const waiters = markingWaiters(m, markingMake(m))
  const waiter = allocate(m, WAITER.FRAME + frameBytes(req)) as WaiterRef
  ticketWord[0] = ticket
  itemWrite(m, waiter, WAITER_KIND, 0, WAITER.TICKET, ticketBytes, 0, 4)
  const word = waiter * 2
  m.u32[word + WAITER.FIRST / 4] = 0
  m.u32[word + WAITER.ROUTER / 4] = router | (command << 16)
  m.u32[word + WAITER.SLOT / 4] = slot
  m.u32[word + WAITER.CLIENT / 4] = req.sender.id
  m.u32[word + WAITER.DB / 4] = req.db | (req.resp << 16) | (req.sender.flags << 24)
  m.u32[word + WAITER.FAR / 4] = far + 1
  frameWrite(m.u8, m.u32, waiter * 8 + WAITER.FRAME, req)
  dictAdd(m, waiters, keyHash(m, ticketBytes, 0, 4), waiter)
  if (far >= 0) farAdd(m, far, 1)
  return waiter
}

/** Puts a waiter at the end of a key's queue; `arg` says which argument of its command the key is. */
export function waiterQueue(m: Memory, waiter: WaiterRef, db: number, req: Request, arg: number): void {
  const mark = markMake(m, db, req.u8, req.at[arg], req.length[arg])
  const place = allocate(m, PLACE.SIZE) as PlaceRef
  const last = m.u32[mark * 2 + MARK.LAST / 4]
  const word = place * 2
  m.u32[word] = 0
  m.u32[word + PLACE.BEFORE / 4] = last
  m.u32[word + PLACE.MARK / 4] = mark
  m.u32[word + PLACE.WAITER / 4] = waiter
  m.u32[word + PLACE.OTHER / 4] = waiterFirst(m, waiter)
  m.u32[word + PLACE.ARG / 4] = arg
  m.u32[waiter * 2 + WAITER.FIRST / 4] = place
  if (last === 0) m.u32[mark * 2 + MARK.FIRST / 4] = place
  else m.u32[last * 2] = place
  m.u32[mark * 2 + MARK.LAST / 4] = place
}

const sender: { id: number; flags: number } = { id: 0, flags: 0 }

/** Points `req` at a waiter's command as it was sent. */
export function waiterRequest(m: Memory, waiter: WaiterRef, req: Request): void {
  const word = waiter * 2
  const about = m.u32[word + WAITER.DB / 4]
  req.db = about & 0xffff
  req.resp = ((about >>> 16) & 0xff) as 2 | 3
  sender.id = m.u32[word + WAITER.CLIENT / 4]
  sender.flags = about >>> 24
  req.sender = sender as Sender
  frameRead(m.u8, m.u32, waiter * 8 + WAITER.FRAME, req)
}

/** Takes a waiter out of all queues of this shard and frees it. */
export function waiterRemove(m: Memory, waiter: WaiterRef): void {
  for (let place = waiterFirst(m, waiter); place !== 0; ) {
    const other = placeOther(m, place)
    placeRemove(m, place)
    place = other
  }
  const far = waiterFar(m, waiter)
  if (far >= 0) farAdd(m, far, -1)
  ticketWord[0] = waiterTicket(m, waiter)
  dictRemoveItem(m, markingWaiters(m, markingMake(m)), keyHash(m, ticketBytes, 0, 4), waiter)
  release(m, waiter)
}

function placeRemove(m: Memory, place: PlaceRef): void {
  const next = placeNext(m, place)
  const before = m.u32[place * 2 + PLACE.BEFORE / 4]
  const mark = m.u32[place * 2 + PLACE.MARK / 4] as MarkRef
  if (before === 0) m.u32[mark * 2 + MARK.FIRST / 4] = next
  else m.u32[before * 2] = next
  if (next === 0) m.u32[mark * 2 + MARK.LAST / 4] = before
  else m.u32[next * 2 + PLACE.BEFORE / 4] = before
  release(m, place)
  markRelease(m, mark)
}
