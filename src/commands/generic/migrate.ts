// MIGRATE: moves keys to another server, or copies them. What talks to that server is in router/migration.ts.

import { NOT_AN_INTEGER, SYNTAX } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { type Command, MOVABLE_KEYS, WRITE } from '../command.ts'

/** What to move, and where to. */
export interface MigrateOrder {
  readonly host: string
  readonly port: number
  /** The database there, and the one here. */
  readonly targetDb: number
  readonly db: number
  /** How long nothing may happen before it has failed. */
  readonly timeoutMs: number
  /** The keys stay here as well. */
  readonly copies: boolean
  /** Keys that are there already are replaced. */
  readonly replaces: boolean
  readonly user: string | undefined
  readonly password: string | undefined
  /** Each once. */
  readonly keys: readonly Uint8Array[]
}

const KEY = 3
const OPTIONS = 6
const TIMEOUT_MS = 1000
const NOT_EMPTY = 'ERR When using MIGRATE KEYS option, the key argument must be set to the empty string'

/** Appends the indexes of the keys: the one argument, or those behind KEYS. */
function migrateKeys(req: Request, found: number[]): boolean {
  for (let i = OPTIONS; i < req.argc; i++) {
    if (req.is(i, 'AUTH')) i += 1
    else if (req.is(i, 'AUTH2')) i += 2
    else if (req.is(i, 'KEYS')) {
      // Both is an error, which is about no key at all.
      for (let key = i + 1; req.length[KEY] === 0 && key < req.argc; key++) found.push(key)
      return true
    }
  }
  if (req.argc > KEY) found.push(KEY)
  return true
}

export const migrate: Command = {
  name: 'MIGRATE',
  group: 'generic',
  since: '2.6.0',
  summary: 'Moves keys to another server, or copies them.',
  complexity: 'That of DUMP and DEL here and of RESTORE there, for each key; and O(N) bytes between the two',
  arity: -6,
  flags: WRITE | MOVABLE_KEYS,
  categories: ['dangerous'],
  tips: ['nondeterministic_output'],
  keys: [
    {
      flags: ['RW', 'access', 'delete'],
      begin: { index: KEY },
      find: { last: 0, step: 1, limit: 0 },
    },
    {
      flags: ['RW', 'access', 'delete', 'incomplete'],
      begin: { keyword: 'KEYS', from: -2 },
      find: { last: -1, step: 1, limit: 0 },
    },
  ],
  findKeys: migrateKeys,
  history: [
    ['3.0.0', 'Learned `COPY` and `REPLACE`.'],
    ['3.0.6', 'Learned `KEYS`.'],
    ['4.0.7', 'Learned `AUTH`.'],
    ['6.0.0', 'Learned `AUTH2`.'],
  ],
  args: [
    { name: 'host', type: 'string' },
    { name: 'port', type: 'integer' },
    {
      name: 'key_or_empty_string',
      type: 'oneof',
      args: [
        { name: 'key', type: 'key', keySpec: 0 },
        { name: 'empty_string', type: 'pure-token', token: '' },
      ],
    },
    { name: 'destination-db', type: 'integer' },
    { name: 'timeout', type: 'integer' },
    { name: 'copy', type: 'pure-token', token: 'COPY', since: '3.0.0', flags: ['optional'] },
    { name: 'replace', type: 'pure-token', token: 'REPLACE', since: '3.0.0', flags: ['optional'] },
    {
      name: 'authentication',
      type: 'oneof',
      flags: ['optional'],
      args: [
        { name: 'password', type: 'string', token: 'AUTH', since: '4.0.7', flags: ['optional'] },
        {
          name: 'username_password',
          type: 'block',
          token: 'AUTH2',
          since: '6.0.0',
          flags: ['optional'],
          args: [
            { name: 'username', type: 'string' },
            { name: 'password', type: 'string' },
          ],
        },
      ],
    },
    { name: 'key', type: 'key', keySpec: 1, token: 'KEYS', since: '3.0.6', flags: ['optional', 'multiple'] },
  ],

  serve(client, req, reply, router) {
    const order = readOrder(req, reply)
    if (order === undefined) return
    const later = client.later()
    router.migrate(order).then(outcome =>
      later(out => {
        if (outcome.startsWith('+')) out.simple(outcome.slice(1))
        else out.error(outcome)
      }),
    )
  },
}

/** What is asked for; undefined after replying what is wrong with it. */
function readOrder(req: Request, reply: Reply): MigrateOrder | undefined {
  const refuse = (error: string): undefined => {
    reply.error(error)
    return undefined
  }
  let copies = false
  let replaces = false
  let user: string | undefined
  let password: string | undefined
  let firstKey = KEY
  let endKey = KEY + 1
  for (let i = OPTIONS; i < req.argc; i++) {
    const more = req.argc - 1 - i
    if (req.is(i, 'COPY')) copies = true
    else if (req.is(i, 'REPLACE')) replaces = true
    else if (req.is(i, 'AUTH') && more >= 1) password = req.text(++i)
    else if (req.is(i, 'AUTH2') && more >= 2) {
      user = req.text(++i)
      password = req.text(++i)
    } else if (req.is(i, 'KEYS')) {
      if (req.length[KEY] !== 0) return refuse(NOT_EMPTY)
      firstKey = i + 1
      endKey = req.argc
      break
    } else return refuse(SYNTAX)
  }
  const timeout = req.integer(5)
  const targetDb = req.integer(4)
  if (!Number.isSafeInteger(timeout) || !Number.isSafeInteger(targetDb)) return refuse(NOT_AN_INTEGER)
  const keys = new Map<string, Uint8Array>()
  for (let i = firstKey; i < endKey; i++) keys.set(req.text(i), req.copy(i))
  return {
    host: req.text(1),
    port: portOf(req),
    targetDb,
    db: req.db,
    timeoutMs: timeout <= 0 ? TIMEOUT_MS : timeout,
    copies,
    replaces,
    user,
    password,
    keys: [...keys.values()],
  }
}

/** The port that is named, 0, which nobody listens on, if that is none. */
function portOf(req: Request): number {
  const port = req.integer(2)
  return port > 0 && port < 65536 ? port : 0
}
