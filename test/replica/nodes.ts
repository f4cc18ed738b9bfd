// Nodes of a replication for tests: starting them, waiting until they agree, and writing at random.

import { Redis } from 'ioredis'
import type { Random } from '../support/random.ts'
import { type ServerKind, type ServerOptions, startServer, type TestServer } from '../support/server.ts'
import { until as untilTrue } from '../support/until.ts'

/** A server and a connection to it. */
export interface Node {
  readonly server: TestServer
  readonly redis: Redis
  stop(signal?: NodeJS.Signals): Promise<void>
}

/** For what a busy machine may take long for: nobody waits for it otherwise. */
const AGREE_MS_MAX = 240_000

export async function startNode(kind: ServerKind, options: ServerOptions = {}): Promise<Node> {
  const server = await startServer(kind, {
    readyMsMax: 120_000,
    shards: 2,
    ...options,
    args: ['--repl-diskless-sync-delay', '0', '--repl-diskless-sync', 'yes', ...(options.args ?? [])],
  })
  const redis = new Redis(server.port, { maxRetriesPerRequest: null })
  redis.on('error', () => undefined)
  return {
    server,
    redis,
    async stop(signal) {
      redis.disconnect()
      await server.stop(signal)
    },
  }
}

/** A field of INFO. */
export async function info(node: Node, field: string): Promise<string> {
  const text = await node.redis.info('everything')
  return new RegExp(`^${field}:(.*?)\r?$`, 'm').exec(text)?.[1] ?? ''
}

/** Waits until `check` holds: longer than other tests, since links are made anew in seconds. */
export const until = (what: string, check: () => Promise<boolean>): Promise<void> =>
  untilTrue(what, check, AGREE_MS_MAX)

export async function follow(node: Node, master: Node): Promise<void> {
  await node.redis.call('REPLICAOF', '127.0.0.1', String(master.server.port))
  await linked(node)
}

export function linked(node: Node): Promise<void> {
  return until('the link is up', async () => (await info(node, 'master_link_status')) === 'up')
}

export async function digest(node: Node): Promise<string> {
  return String(await node.redis.call('DEBUG', 'DIGEST'))
}

/**
 * Waits until all have what the first one has, and stand where it stands in the stream. Returns their digests, which are
 * equal. The first one's offset may move on meanwhile, by a PING or by keys that expire: a slow machine has no moment at
 * which all are seen at the same one.
 */
export async function agreed(nodes: readonly Node[]): Promise<string[]> {
  const offset = async (node: Node): Promise<number> => Number(await info(node, 'master_repl_offset'))
  const [first, ...others] = nodes
  let digests: string[] = []
  try {
    await until('all data and offsets are equal', async () => {
      const from = await offset(first)
      const offsets = await Promise.all(others.map(offset))
      digests = await Promise.all(nodes.map(digest))
      const to = await offset(first)
      return new Set(digests).size === 1 && offsets.every(each => each >= from && each <= to)
    })
  } catch (error) {
    const states = await Promise.all(nodes.map(node => node.redis.info('replication')))
    const logs = nodes.map(node => node.server.output().split('\n').slice(-12).join('\n'))
    const facts = nodes.map((_, i) => `${digests[i]}\n${states[i]}\n${logs[i]}`)
    throw new Error(`${(error as Error).message}\n${facts.join('\n\n')}`)
  }
  return digests
}

/** A random command that writes, of any type, some over several keys. */
export function randomWrite(random: Random): string[] {
  const n = (): string => String(random.int(0, 40))
  const value = (): string => String(random.int(0, 1_000_000))
  const field = (): string => `f${random.int(0, 20)}`
  return random.pick<() => string[]>([
    () => ['SET', `s${n()}`, value()],
    () => ['SET', `s${n()}`, value(), 'PX', String(random.int(1, 5000))],
    () => ['INCRBY', `i${n()}`, String(random.int(-100, 100))],
    () => ['INCRBYFLOAT', `n${n()}`, String(random.fraction())],
    () => ['APPEND', `s${n()}`, value()],
    () => ['SETRANGE', `s${n()}`, String(random.int(0, 50)), value()],
    () => ['MSET', `s${n()}`, value(), `s${n()}`, value(), `s${n()}`, value()],
    () => ['RPUSH', `l${n()}`, value(), value()],
    () => ['LPOP', `l${n()}`],
    () => ['LMOVE', `l${n()}`, `l${n()}`, 'LEFT', 'RIGHT'],
    () => ['LTRIM', `l${n()}`, '-20', '-1'],
    () => ['SADD', `t${n()}`, value(), value()],
    () => ['SPOP', `t${n()}`],
    () => ['SUNIONSTORE', `t${n()}`, `t${n()}`, `t${n()}`],
    () => ['SMOVE', `t${n()}`, `t${n()}`, value()],
    () => ['HSET', `h${n()}`, field(), value(), field(), value()],
    () => ['HDEL', `h${n()}`, field()],
    () => ['HINCRBYFLOAT', `h${n()}x`, field(), String(random.fraction())],
    () => ['ZADD', `z${n()}`, String(random.int(0, 100)), field(), String(random.fraction()), field()],
    () => ['ZINCRBY', `z${n()}`, '1.5', field()],
    () => ['ZPOPMIN', `z${n()}`],
    () => ['ZUNIONSTORE', `z${n()}`, '2', `z${n()}`, `z${n()}`],
    () => ['XADD', `x${n()}`, 'MAXLEN', '20', '*', field(), value()],
    () => ['PFADD', `p${n()}`, value()],
    () => ['SETBIT', `b${n()}`, String(random.int(0, 1000)), '1'],
    () => ['EXPIRE', `${random.pick(['s', 'l', 'h', 'z'])}${n()}`, String(random.int(1, 20))],
    () => ['PERSIST', `s${n()}`],
    () => ['RENAME', `s${n()}`, `s${n()}`],
    () => ['COPY', `h${n()}`, `h${n()}`, 'REPLACE'],
    () => ['DEL', `${random.pick(['s', 'l', 'h', 'z', 't', 'x'])}${n()}`, `l${n()}`],
    () => ['GETDEL', `s${n()}`],
  ])()
}

/** Writes `count` random commands, some in transactions, some in other databases. Errors are none of ours. */
export async function writeRandomly(node: Node, random: Random, count: number): Promise<void> {
  const pipeline = node.redis.pipeline()
  for (let i = 0; i < count; i++) {
    if (random.chance(0.02)) pipeline.select(random.int(0, 3))
    if (random.chance(0.05)) {
      pipeline.call('MULTI')
      for (let j = 0; j < 3; j++) pipeline.call(...(randomWrite(random) as [string, ...string[]]))
      pipeline.call('EXEC')
    } else pipeline.call(...(randomWrite(random) as [string, ...string[]]))
  }
  await pipeline.exec()
}
