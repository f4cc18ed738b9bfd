// DEBUG subcommands that look at keys, with every shard locked.

import { keySlot } from '../../bytes/crc16.ts'
import { NO_SUCH_KEY, NOT_AN_INTEGER, NOT_POSITIVE } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { lruIdle } from '../../store/access.ts'
import { type DictRef, dictBuckets, dictCount, dictIsRehashing } from '../../store/dict.ts'
import { datasetDigest, valueDigest } from '../../store/digest.ts'
import type { Engine } from '../../store/engine.ts'
import {
  ENCODING,
  ENCODING_NAMES,
  type EntryRef,
  entryAccess,
  entryEncoding,
  entryType,
  entryValue,
  TYPE,
} from '../../store/entry.ts'
import { hashIsTable, hashTable } from '../../store/hash-value.ts'
import { databaseExpires, databaseKeys, keyspaceDatabase } from '../../store/keyspace.ts'
import type { Memory } from '../../store/memory.ts'
import { quicklistHead } from '../../store/quicklist.ts'
import { nodeBytes, nodeNext } from '../../store/quicklist-node.ts'
import { quicklistCount, quicklistDepth, quicklistFill, quicklistNodes } from '../../store/quicklist-record.ts'
import { payloadOf } from '../../store/rdb/payload.ts'
import { setIsTable, setTable } from '../../store/set.ts'
import type { Shard } from '../../store/shard.ts'
import { stringLength } from '../../store/string.ts'
import { setString } from '../../store/string-entry.ts'
import { isPack, zsetDict } from '../../store/zset.ts'
import type { Client, Router } from '../client.ts'

/** Bytes of DUMP's payload beside the value: type, version, checksum. */
const PAYLOAD_FRAME = 1 + 2 + 8

interface Found {
  readonly shard: Shard
  readonly entry: EntryRef
}

function find(engine: Engine, req: Request, i: number): Found | undefined {
  const found = findKept(engine, req, i)
  // A replica keeps what has expired until its master says so.
  return found?.shard.isExpired(found.entry) && !engine.isReplica ? undefined : found
}

/** What is there, even if it has expired and only has yet to go. */
function findKept(engine: Engine, req: Request, i: number): Found | undefined {
  const shard = engine.shards[0].ofKey(req, i)
  const entry = shard.peek(req, i)
  return entry === 0 ? undefined : { shard, entry }
}

/** DEBUG DIGEST and DIGEST-VALUE: of the whole data set, or of some keys' values. */
export function debugDigest(_client: Client, req: Request, reply: Reply, router: Router): void {
  router.withShards(engine => {
    if (req.argc === 2) return reply.simple(datasetDigest(engine.shards))
    reply.array(req.argc - 2)
    for (let i = 2; i < req.argc; i++) {
      const found = find(engine, req, i)
      reply.simple(valueDigest(engine.shards[0].ofKey(req, i).m, found === undefined ? 0 : found.entry))
    }
  })
}

/** DEBUG OBJECT: how a value is kept. */
export function debugObject(_client: Client, req: Request, reply: Reply, router: Router): void {
  router.withShards(engine => {
    const found = findKept(engine, req, 2)
    if (found === undefined) return reply.error(NO_SUCH_KEY)
    const { entry, shard } = found
    const { m } = shard
    const bytes = payloadOf(m, entry, router.config.bool('rdbcompression')).length - PAYLOAD_FRAME
    const access = entryAccess(m, entry)
    reply.simple(
      `Value at:0x${(entry * 8).toString(16)} refcount:1 encoding:${ENCODING_NAMES[entryEncoding(m, entry)]} ` +
        `serializedlength:${bytes} lru:${access} lru_seconds_idle:${Math.floor(lruIdle(access, Date.now()) / 1000)}` +
        (entryType(m, entry) === TYPE.LIST ? describeList(shard, entry) : ''),
    )
  })
}

/** DEBUG SDSLEN: lengths of a key and its string. */
export function debugSds(_client: Client, req: Request, reply: Reply, router: Router): void {
  router.withShards(engine => {
    const found = findKept(engine, req, 2)
    if (found === undefined) return reply.error(NO_SUCH_KEY)
    const { entry, shard } = found
    if (entryType(shard.m, entry) !== TYPE.STRING) return reply.error('ERR Not an sds encoded string.')
    const length = stringLength(shard.m, entry)
    reply.simple(
      `key_sds_len:${req.length[2]}, key_sds_avail:0, key_zmalloc: ${req.length[2]}, ` +
        `val_sds_len:${length}, val_sds_avail:0, val_zmalloc: ${length}`,
    )
  })
}

/** DEBUG LISTPACK: whether a value is one. */
export function debugListpack(_client: Client, req: Request, reply: Reply, router: Router): void {
  router.withShards(engine => {
    const found = find(engine, req, 2)
    if (found === undefined) return reply.error(NO_SUCH_KEY)
    if (entryEncoding(found.shard.m, found.entry) === ENCODING.LISTPACK) reply.ok()
    else reply.error('ERR Not a listpack encoded object.')
  })
}

function describeList({ m }: Shard, entry: EntryRef): string {
  const list = entryValue<'quicklist'>(m, entry)
  const nodes = quicklistNodes(m, list)
  let bytes = 0
  for (let node = quicklistHead(m, list); node !== 0; node = nodeNext(m, node)) bytes += nodeBytes(m, node)
  const average = nodes === 0 ? 0 : quicklistCount(m, list) / nodes
  return (
    ` ql_nodes:${nodes} ql_avg_node:${average.toFixed(2)} ql_listpack_max:${quicklistFill(m, list)}` +
    ` ql_compressed:${quicklistDepth(m, list) > 0 ? 1 : 0} ql_uncompressed_size:${bytes}`
  )
}

/** The table of a value that has one. */
function tableOf({ shard: { m }, entry }: Found): DictRef | undefined {
  const type = entryType(m, entry)
  if (type === TYPE.SET && setIsTable(m, entry)) return setTable(m, entry)
  if (type === TYPE.HASH && hashIsTable(m, entry)) return hashTable(m, entry)
  return type === TYPE.ZSET && !isPack(m, entry) ? zsetDict(m, entry) : undefined
}

/** The hash tables of a database: one of each kind per shard. */
export function debugHashTable(_client: Client, req: Request, reply: Reply, router: Router): void {
  const db = req.integer(2)
  if (!Number.isFinite(db)) return reply.error(NOT_AN_INTEGER)
  if (db < 0 || db >= router.engine.shards[0].databases) return reply.error('ERR Out of range database')
  router.withShards(engine => {
    let text = '[Dictionary HT]\n'
    for (const { m } of engine.shards) text += describeTable(m, databaseKeys(m, keyspaceDatabase(m, db)))
    text += '[Expires HT]\n'
    for (const { m } of engine.shards) text += describeTable(m, databaseExpires(m, keyspaceDatabase(m, db)))
    reply.verbatim('txt', text)
  })
}

function describeTable(m: Memory, dict: DictRef): string {
  const count = dictCount(m, dict)
  if (count === 0) return 'Hash table 0 stats (main hash table):\nNo stats available for empty dictionaries\n'
  const text = `Hash table 0 stats (main hash table):\n table size: ${dictBuckets(m, dict)}\n number of elements: ${count}\n`
  return dictIsRehashing(m, dict) ? `${text}Hash table 1 stats (rehashing target):\n` : text
}

/** DEBUG HTSTATS-KEY: the hash table of a value. */
export function debugKeyTable(_client: Client, req: Request, reply: Reply, router: Router): void {
  router.withShards(engine => {
    const found = find(engine, req, 2)
    if (found === undefined) return reply.error(NO_SUCH_KEY)
    const dict = tableOf(found)
    if (dict !== undefined) return reply.verbatim('txt', describeTable(found.shard.m, dict))
    reply.error('ERR The value stored at the specified key is not represented using an hash table')
  })
}

/** DEBUG POPULATE: makes keys that are not there yet. */
export function debugPopulate(_client: Client, req: Request, reply: Reply, router: Router): void {
  const count = req.integer(2)
  const size = req.argc === 5 ? req.integer(4) : 0
  if (!Number.isFinite(count) || count < 0 || !Number.isFinite(size) || size < 0) return reply.error(NOT_POSITIVE)
  const prefix = req.argc > 3 ? req.text(3) : 'key'
  router.withShards(engine => {
    for (let i = 0; i < count; i++) populate(engine, req.db, Buffer.from(`${prefix}:${i}`, 'latin1'), i, size)
    reply.ok()
  })
}

/** Makes one key, unless it is there. The value is `value:N`, cut off or filled up with zeros to `size`. */
function populate(engine: Engine, db: number, key: Uint8Array, i: number, size: number): void {
  const shard = engine.shardOfSlot(keySlot(key, 0, key.length))
  if (shard.findKey(db, key, 0, key.length) !== 0) return
  const text = Buffer.from(`value:${i}`)
  const value = size === 0 ? text : Buffer.alloc(size)
  if (size > 0) text.copy(value)
  setString(shard, db, 0, key, 0, key.length, value, 0, value.length, -1)
}
