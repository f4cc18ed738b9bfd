// FUNCTION LIST, DUMP, STATS and KILL: what is known of the libraries and of the function that runs.

import { globMatch } from '../../bytes/glob.ts'
import { SETTING } from '../../config/settings.ts'
import { fromByteString } from '../../config/split-args.ts'
import type { Reply } from '../../protocol/reply.ts'
import { FUNCTION_FLAGS, type Library, type LibraryFunction } from '../../store/libraries.ts'
import { OPCODE } from '../../store/rdb/format.ts'
import { payloadSeal } from '../../store/rdb/payload.ts'
import { RdbSink } from '../../store/rdb/sink.ts'
import { ALLOW_BUSY, NOSCRIPT, type RouterCommand, type ShardCommand } from '../command.ts'

export const functionList: ShardCommand = {
  name: 'LIST',
  group: 'scripting',
  since: '7.0.0',
  summary: 'Lists the libraries with their functions.',
  complexity: 'O(N), N being the number of functions',
  arity: -2,
  flags: NOSCRIPT,
  tips: ['nondeterministic_output_order'],
  args: [
    { name: 'library-name-pattern', type: 'string', token: 'LIBRARYNAME', flags: ['optional'] },
    { name: 'withcode', type: 'pure-token', token: 'WITHCODE', flags: ['optional'] },
  ],
  run(shard, req, reply) {
    let withCode = false
    let pattern: Buffer | undefined
    for (let i = 2; i < req.argc; i++) {
      if (!withCode && req.is(i, 'WITHCODE')) withCode = true
      else if (pattern === undefined && req.is(i, 'LIBRARYNAME')) {
        if (++i === req.argc) return reply.error('ERR library name argument was not given')
        pattern = fromByteString(req.text(i))
      } else return reply.error(`ERR Unknown argument ${req.text(i)}`)
    }
    const listed = [...shard.engine.libraries.all.values()].filter(
      ({ name }) => pattern === undefined || matches(pattern, fromByteString(name)),
    )
    reply.array(listed.length)
    for (const library of listed) describe(library, withCode, reply)
  },
}

const matches = (pattern: Uint8Array, name: Uint8Array): boolean =>
  globMatch(pattern, 0, pattern.length, name, 0, name.length, true)

function describe({ name, code, functions }: Library, withCode: boolean, reply: Reply): void {
  reply.map(withCode ? 4 : 3)
  reply.latin1('library_name')
  reply.latin1(name)
  reply.latin1('engine')
  reply.latin1('LUA')
  reply.latin1('functions')
  reply.array(functions.length)
  for (const fn of functions) describeFunction(fn, reply)
  if (!withCode) return
  reply.latin1('library_code')
  reply.latin1(code)
}

function describeFunction({ name, description, flags }: LibraryFunction, reply: Reply): void {
  reply.map(3)
  reply.latin1('name')
  reply.latin1(name)
  reply.latin1('description')
  if (description === null) reply.nil()
  else reply.latin1(description)
  reply.latin1('flags')
  const names = FUNCTION_FLAGS.filter((_, bit) => (flags & (1 << bit)) !== 0)
  reply.set(names.length)
  for (const flag of names) reply.simple(flag)
}

export const functionDump: ShardCommand = {
  name: 'DUMP',
  group: 'scripting',
  since: '7.0.0',
  summary: 'Returns all libraries as bytes that FUNCTION RESTORE takes.',
  complexity: 'O(N), N being the number of functions',
  arity: 2,
  flags: NOSCRIPT,
  run(shard, _req, reply) {
    const sink = new RdbSink()
    sink.compresses = shard.engine.settings[SETTING.rdbcompression] !== 0
    for (const code of shard.engine.libraries.codes()) {
      sink.byte(OPCODE.FUNCTION_2)
      sink.string(fromByteString(code), 0, code.length)
    }
    payloadSeal(sink)
    reply.bulk(sink.u8, 0, sink.length)
  },
}

export const functionStats: RouterCommand = {
  name: 'STATS',
  group: 'scripting',
  since: '7.0.0',
  summary: 'Tells which function runs, and how many there are.',
  complexity: 'O(1)',
  arity: 2,
  flags: NOSCRIPT | ALLOW_BUSY,
  tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
  serve(_client, _req, reply, router) {
    const { libraries } = router.engine
    const { running } = router.scripts
    reply.map(2)
    reply.latin1('running_script')
    if (running === undefined) reply.nil()
    else {
      reply.map(3)
      reply.latin1('name')
      reply.latin1(running.name)
      reply.latin1('command')
      reply.array(running.command.length)
      for (const word of running.command) reply.latin1(word)
      reply.latin1('duration_ms')
      reply.integer(Date.now() - running.startedAt)
    }
    reply.latin1('engines')
    reply.map(1)
    reply.latin1('LUA')
    reply.map(2)
    reply.latin1('libraries_count')
    reply.integer(libraries.all.size)
    reply.latin1('functions_count')
    reply.integer(libraries.functionCount)
  },
}
