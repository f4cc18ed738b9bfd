// What commands that block have in common: reading the timeout, and waiting.

import { NEGATIVE_TIMEOUT } from '../protocol/errors.ts'
import type { Reply } from '../protocol/reply.ts'
import type { Request } from '../protocol/request.ts'
import { type EntryRef, entryType, type Type } from '../store/entry.ts'
import { type Shard, WRONG } from '../store/shard.ts'
import { type Argument, BLOCKING, type KeySpec, MOVABLE_KEYS, type ShardCommand, WRITE } from './command.ts'

const NOT_A_FLOAT_TIMEOUT = 'ERR timeout is not a float or out of range'
const INT64_MAX = 2 ** 63
/** Beyond this a double cannot tell a timeout that is just short enough from one that is not. */
const SECONDS_EXACT = 9e15

/** The timeout in seconds that argument `i` is, as milliseconds, 0 = for ever. -1 after replying what is wrong. */
export function timeoutMs(req: Request, i: number, reply: Reply): number {
  const seconds = req.double(i)
  const ms = seconds > SECONDS_EXACT ? exactMs(req, i, seconds) : Math.ceil(seconds * 1000)
  if (ms >= 0 && ms < INT64_MAX) return ms
  // Redis converts to an integer what does not fit one, and finds it negative.
  reply.error(Number.isNaN(seconds) ? NOT_A_FLOAT_TIMEOUT : NEGATIVE_TIMEOUT)
  return -1
}

/** Milliseconds of a huge number of seconds, to the millisecond if it is a whole one. */
function exactMs(req: Request, i: number, seconds: number): number {
  const ms = (req.bigInteger(i) ?? BigInt(INT64_MAX)) * 1000n
  // Rounded down: what is below the limit stays so.
  return ms < BigInt(INT64_MAX) ? Number(ms - (ms % 1024n)) : seconds * 1000
}

/**
 * Has the client wait for `count` keys, arguments from `first` on. `target` is the argument of a key that serving it
 * writes besides, 0 = none. Returns false where clients do not wait, as inside a transaction.
 */
export function waitFor(
  shard: Shard,
  req: Request,
  first: number,
  count: number,
  target: number,
  timeoutMs: number,
): boolean {
  const { waits } = shard.engine
  if (waits === undefined || !waits.mayWait(req)) return false
  waits.wait(shard, req, { first, count, target, timeoutMs })
  return true
}

/** What the commands have in their history that once took whole seconds only. */
export const FLOAT_TIMEOUT = [['6.0.0', 'Takes fractions of a second.']] as const
export const TIMEOUT: Argument = { name: 'timeout', type: 'double' }

/** What BLMPOP and BZMPOP have in common: how long to wait, how many keys, the keys, which end, and how many to take. */
export const MULTI_POP = {
  since: '7.0.0',
  arity: -5,
  flags: WRITE | BLOCKING | MOVABLE_KEYS,
  keys: [{ flags: ['RW', 'access', 'delete'], begin: { index: 2 }, find: { countAt: 0, first: 1, step: 1 } }],
} as const

/** Takes something off the value of the key in argument `i`, and replies it behind the key's name. */
export type TakeOne = (shard: Shard, req: Request, i: number, entry: EntryRef, reply: Reply) => void

/**
 * What BLPOP and its kin do: take from the first of some keys that exists, the last argument being how long to wait for one.
 * `type` is what they must hold; `name` is the command that does the same to a single key without waiting.
 */
export function blockingPop(type: Type, name: string, take: TakeOne): Pick<ShardCommand, 'run' | 'waiting'> {
  const takeOne: TakeOne = (shard, req, i, entry, reply) => {
    const { effects } = shard.engine
    effects.instead()
    effects.command(2)
    effects.word(name)
    effects.bytes(req.u8, req.at[i], req.length[i])
    take(shard, req, i, entry, reply)
  }
  return {
    run(shard, req, reply) {
      const keys = req.argc - 2
      const ms = timeoutMs(req, req.argc - 1, reply)
      if (ms < 0) return
      for (let i = 1; i <= keys; i++) {
        const home = shard.ofKey(req, i)
        const entry = home.typedForWrite(req, i, type, reply)
        if (entry === WRONG) return
        if (entry !== 0) return takeOne(home, req, i, entry, reply)
      }
      if (!waitFor(shard, req, 1, keys, 0, ms)) reply.nilArray()
    },
    waiting: {
      isReady: (shard, req, arg) => holds(shard, req, arg, type),
      serve(shard, req, reply, arg) {
        const entry = shard.typedForWrite(req, arg, type, reply)
        if (entry !== WRONG && entry !== 0) takeOne(shard, req, arg, entry, reply)
      },
    },
  }
}

/** Keys from the first argument to the last but one. */
export const KEYS_THEN_TIMEOUT: readonly KeySpec[] = [
  { flags: ['RW', 'access', 'delete'], begin: { index: 1 }, find: { last: -2, step: 1, limit: 0 } },
]

/** Whether the key in argument `i` holds a value of this type. Types that clients wait for are never empty. */
export function holds(shard: Shard, req: Request, i: number, type: Type): boolean {
  const entry = shard.findKey(req.db, req.u8, req.at[i], req.length[i])
  return entry !== 0 && entryType(shard.m, entry) === type
}
