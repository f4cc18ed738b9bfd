// COMMAND beside redis-server: everything that clients go by must be the same for every command that both have.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Client as CommandClient, Router } from '../../../src/commands/client.ts'
import { arityFits } from '../../../src/commands/execute.ts'
import { entries, findCommand, findSubcommand } from '../../../src/commands/table.ts'
import { wrongArguments } from '../../../src/protocol/errors.ts'
import { Reply } from '../../../src/protocol/reply.ts'
import { requestOf } from '../../../src/protocol/request.ts'
import type { RespClient } from '../../support/client.ts'
import { ErrorReply, parseFrame, plain, type Value } from '../../support/frame.ts'
import { redisVersion, startServer, type TestServer } from '../../support/server.ts'

const NOBODY = {} as CommandClient
const NO_ROUTER = {} as Router

/** Runs a command of the router, in RESP3. */
function call(...args: string[]): Value {
  const req = requestOf(args)
  const reply = new Reply()
  reply.resp = 3
  req.resp = 3
  let entry = findCommand(req.u8, req.at[0], req.length[0])
  if (entry !== undefined && req.argc > 1) entry = findSubcommand(entry, req.u8, req.at[1], req.length[1])
  if (entry?.router === undefined) throw new Error(`no router command ${args.join(' ')}`)
  if (arityFits(entry.command.arity, req.argc)) entry.router.serve(NOBODY, req, reply, NO_ROUTER)
  else reply.error(wrongArguments(entry.fullName))
  const frame = parseFrame(Buffer.from(reply.u8.subarray(0, reply.length)), 0)
  if (frame === undefined) throw new Error('not a whole reply')
  return plain(frame)
}

const sorted = (set: Value): Value[] => [...(set as Set<Value>)].sort()

/** What later versions brought is ours alone. */
const isNewer = (since: Value | undefined): boolean => /^(7\.[2-9]|[89]\.)/.test(String(since ?? ''))

/** COMMAND INFO without its subcommands and notes; sets stay in order. */
function facts(info: Value, hasGrown: boolean): Value[] {
  const [name, arity, flags, first, last, step, categories, tips, keys] = info as Value[]
  // An option that came later may have made the arity a minimum.
  const count = hasGrown ? Math.abs(Number(arity)) : arity
  return [name, count, flags, first, last, step, categories, sorted(tips), [...(keys as Set<Value>)].map(keyFacts)]
}

function keyFacts(spec: Value): Value {
  const map = new Map(spec as Map<Value, Value>)
  map.delete('notes')
  return map
}

/** COMMAND DOCS but for what is said in words and what is newer, with its keys in order. */
function docFacts(docs: Value): Value {
  const map = new Map(docs as Map<Value, Value>)
  map.set('summary', map.has('summary'))
  // Some commands have none there.
  map.delete('complexity')
  map.delete('subcommands')
  const versions = [...((map.get('history') as Set<Value[]> | undefined) ?? [])].map(([since]) => since)
  const history = versions.filter(since => !isNewer(since)).sort()
  if (history.length > 0) map.set('history', history)
  else map.delete('history')
  const args = argumentsFacts(map.get('arguments'))
  if (args.length > 0) map.set('arguments', args)
  else map.delete('arguments')
  return [...map]
}

function argumentsFacts(args: Value | undefined): Value[] {
  const maps = ((args ?? []) as Map<Value, Value>[]).filter(argument => !isNewer(argument.get('since')))
  return maps.map(argument => {
    const map = new Map(argument)
    map.delete('summary')
    if (map.has('arguments')) map.set('arguments', argumentsFacts(map.get('arguments')))
    return [...map]
  })
}

describe.skipIf(!redisVersion()?.startsWith('7.0.'))('beside redis-server', () => {
  let server: TestServer
  let redis: RespClient

  beforeAll(async () => {
    server = await startServer('redis')
    redis = await server.connect()
    await redis.call('HELLO', '3')
  })
  afterAll(async () => {
    await server.stop()
  })

  test('COMMAND INFO tells the same of every command', async () => {
    const names = entries.map(entry => entry.fullName)
    const theirs = (await redis.call('COMMAND', 'INFO', ...names)) as Value[]
    const ours = call('COMMAND', 'INFO', ...names) as Value[]
    let compared = 0
    for (const [i, name] of names.entries()) {
      if (theirs[i] === null) continue // newer than that server
      compared++
      const hasGrown = (entries[i].command.history ?? []).some(([since]) => isNewer(since))
      expect.soft(facts(ours[i], hasGrown), name).toEqual(facts(theirs[i], hasGrown))
    }
    expect(compared).toBeGreaterThan(names.length / 2)
  })

  test('COMMAND DOCS tells the same of every command but in words', async () => {
    for (const { fullName } of entries) {
      const theirs = ((await redis.call('COMMAND', 'DOCS', fullName)) as Map<Value, Value>).get(fullName)
      if (theirs === undefined) continue
      const ours = (call('COMMAND', 'DOCS', fullName) as Map<Value, Value>).get(fullName) as Map<Value, Value>
      expect.soft(docFacts(ours), fullName).toEqual(docFacts(theirs))
    }
  })

  test('no summary is the same text as there', async () => {
    for (const { fullName } of entries) {
      const theirs = ((await redis.call('COMMAND', 'DOCS', fullName)) as Map<Value, Value>).get(fullName)
      if (theirs === undefined) continue
      const ours = (call('COMMAND', 'DOCS', fullName) as Map<Value, Map<Value, Value>>).get(fullName)
      expect.soft(ours?.get('summary'), fullName).not.toBe((theirs as Map<Value, Value>).get('summary'))
    }
  })

  test.each([
    'get a',
    'get',
    'set a b',
    'set a b get',
    'set a get b',
    'mset a 1 b 2',
    'mset a 1 b',
    'bitfield k get u8 0',
    'bitfield k set u8 0 1',
    'bitfield k get u8 0 overflow sat incrby u8 0 1',
    'bitop and d a b c',
    'rename a b',
    'copy a b',
    'object freq k',
    'object nosuch k',
    'object freq',
    'command info get',
    'nosuch a b',
    'sinterstore d a b',
    'sintercard 2 a b limit 1',
    'sintercard 3 a b',
    'pfcount a b',
    'lmpop 1 k left',
    'lmpop x k left',
    'blmpop 0 2 k j left',
    'zunionstore d 2 a b weights 1 2',
    'sort a by x store z',
    'sort a get # store',
    'georadius k 1 1 1 m store d',
    'xread count 1 streams a b 0 0',
    'xgroup create k g 0',
    'migrate h 1 k 0 10',
    'migrate h 1  0 10 keys a b',
    'eval x 1 k',
    'eval x 0 k',
    'memory usage k',
  ])('COMMAND GETKEYS and GETKEYSANDFLAGS of %s', async line => {
    const words = line.split(' ')
    const name = `${words[0]}|${words[1]}`
    if (!entries.some(({ fullName }) => fullName === words[0] || fullName === name) && words[0] !== 'nosuch') return
    for (const subcommand of ['GETKEYS', 'GETKEYSANDFLAGS']) {
      expect(call('COMMAND', subcommand, ...words)).toEqual(await redis.call('COMMAND', subcommand, ...words))
    }
  })

  test.each([
    'COUNT x',
    'LIST x',
    'LIST FILTERBY FOO x',
    'LIST FILTERBY MODULE x',
    'LIST FILTERBY ACLCAT nosuch',
    'LIST FILTERBY PATTERN nosuch*',
    'INFO get|x nosuch',
    'DOCS get|x nosuch',
    'GETKEYS ping',
    'GETKEYS',
  ])('COMMAND %s', async line => {
    const words = line.split(' ')
    expect(call('COMMAND', ...words)).toEqual(await redis.call('COMMAND', ...words))
  })

  test.each(['LIST FILTERBY ACLCAT bitmap', 'LIST FILTERBY PATTERN sm*', 'LIST FILTERBY ACLCAT PUBSUB', 'LIST'])(
    'COMMAND %s names what both have',
    async line => {
      const words = line.split(' ')
      const theirs = (await redis.call('COMMAND', ...words)) as Value[]
      const known = entries.map(({ fullName }) => fullName)
      const all = (await redis.call('COMMAND', 'LIST')) as Value[]
      const ours = call('COMMAND', ...words) as Value[]
      expect(ours.filter(name => all.includes(name)).sort()).toEqual(
        theirs.filter(name => known.includes(String(name))).sort(),
      )
    },
  )
})

test('COMMAND COUNT counts commands, not subcommands', () => {
  expect(call('COMMAND', 'COUNT')).toBe(entries.filter(({ parent }) => parent === undefined).length)
  expect((call('COMMAND') as Value[]).length).toBe(call('COMMAND', 'COUNT'))
  expect((call('COMMAND', 'DOCS') as Map<Value, Value>).size).toBe(call('COMMAND', 'COUNT'))
})

test('COMMAND GETKEYS refuses what has no keys', () => {
  expect(call('COMMAND', 'GETKEYS', 'command', 'count')).toEqual(new ErrorReply('ERR The command has no key arguments'))
})
