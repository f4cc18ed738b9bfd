import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Config } from '../../src/config/config.ts'
import { type Fatal, fatalText, type Loaded, loadConfig, type Sources } from '../../src/config/load.ts'
import { temporaryFolder } from './temporary-folder.ts'

function loaded(sources: Sources): Loaded {
  const result = loadConfig(sources)
  if ('fatal' in result) throw new Error(result.fatal.text)
  return result.loaded
}

function config(...lines: string[]): Config {
  return loaded({ options: lines.join('\n') }).config
}

function fatal(sources: Sources): Fatal {
  const result = loadConfig(sources)
  if ('loaded' in result) throw new Error('it was loaded')
  return result.fatal
}

/** The last line of what is printed: the reason. */
function reason(...lines: string[]): string {
  return (
    fatal({ options: lines.join('\n') })
      .text.trimEnd()
      .split('\n')
      .at(-1) ?? ''
  )
}

describe('reading lines', () => {
  test('comments and blank lines are passed over, names come in any case', () => {
    const values = config('# port 1', '', '   # hz 3', '  PORT   7000  ', "requirepass 'a b'")
    expect(values.get('port')).toBe('7000')
    expect(values.get('requirepass')).toBe('a b')
  })

  test('the last mention wins', () => {
    expect(config('port 1', 'port 2').get('port')).toBe('2')
  })

  test('units, words and switches are kept in one form', () => {
    const values = config('maxmemory 1GB', 'maxmemory-clients 5%', 'loglevel DEBUG', 'appendonly YES', 'hz 1000')
    expect(values.get('maxmemory')).toBe('1073741824')
    expect(values.get('maxmemory-clients')).toBe('5%')
    expect(values.number('maxmemory-clients')).toBe(-5)
    expect(values.get('loglevel')).toBe('debug')
    expect(values.bool('appendonly')).toBe(true)
    expect(values.get('hz')).toBe('500')
  })

  test('old names set the new ones', () => {
    expect(config('slaveof 127.0.0.1 6380').master()).toEqual({ host: '127.0.0.1', port: 6380 })
    expect(config('hash-max-ziplist-entries 9').number('hash-max-listpack-entries')).toBe(9)
    expect(config('lua-time-limit 9').number('busy-reply-threshold')).toBe(9)
  })

  test('the first save takes the place of the initial ones, further ones add up', () => {
    expect(config().savePoints()).toHaveLength(3)
    expect(config('save 900 1', 'save 300 10 60 100').savePoints()).toEqual([
      { seconds: 900, changes: 1 },
      { seconds: 300, changes: 10 },
      { seconds: 60, changes: 100 },
    ])
    expect(config('save 900 1', 'save ""').savePoints()).toEqual([])
    expect(config('save "900 1"', 'save ""', 'save 1 2').get('save')).toBe('1 2')
  })

  test('buffer limits change one class at a time', () => {
    const limits = config('client-output-buffer-limit replica 1kb 512 3').outputBufferLimits()
    expect(limits.slave).toEqual({ hard: 1024, soft: 512, softSeconds: 3 })
    expect(limits.pubsub).toEqual({ hard: 33554432, soft: 8388608, softSeconds: 60 })
  })

  test('renamed commands and users are handed on with their lines', () => {
    const { renames, users } = loaded({ options: 'rename-command CONFIG ""\nuser alice on >pw ~* +@all' })
    expect(renames).toEqual([{ args: ['CONFIG', ''], number: 2, line: 'rename-command CONFIG ""' }])
    expect(users).toEqual([
      { args: ['alice', 'on', '>pw', '~*', '+@all'], number: 3, line: 'user alice on >pw ~* +@all' },
    ])
  })

  test('retired directives are passed over', () => {
    expect(reason('list-max-ziplist-entries')).toBe('Bad directive or wrong number of arguments')
    expect(config('list-max-ziplist-entries 512', 'port 3').get('port')).toBe('3')
  })

  test('directives without effect are told apart once they are used', () => {
    expect(config('port 1').inertInUse()).toEqual([])
    expect(
      config('tls-port 1', 'io-threads 4')
        .inertInUse()
        .map(d => d.name),
    ).toEqual(['io-threads', 'tls-port'])
  })
})

describe('files', () => {
  test('options follow the file', () => {
    const folder = temporaryFolder({ 'a.conf': 'port 1\nhz 5\n' })
    const { config } = loaded({ file: join(folder, 'a.conf'), options: 'port 2' })
    expect([config.get('port'), config.get('hz'), config.file]).toEqual(['2', '5', join(folder, 'a.conf')])
  })

  test('includes are read where they stand, patterns in order and without hidden files', () => {
    const folder = temporaryFolder({
      'a.conf': '',
      'x1.conf': 'port 1\nhz 7',
      'x2.conf': 'port 2\n',
      '.x3.conf': 'port 3\n',
    })
    expect(config('port 9', `include ${folder}/x1.conf`).get('port')).toBe('1')
    expect(config(`include ${folder}/x1.conf`, 'port 9').get('port')).toBe('9')
    expect(config(`include ${folder}/none-*.conf`, 'port 9').get('port')).toBe('9')
    const both = config(`dir ${folder}`, 'include *2.conf', 'include "x[2].conf"')
    expect([both.get('port'), both.get('hz'), both.get('dir')]).toEqual(['2', '10', folder])
  })

  test('patterns read their files as one text, as Redis does', () => {
    const folder = temporaryFolder({ 'x1.conf': 'hz 7\n', 'x2.conf': 'port 2\n' })
    const { config } = loaded({ options: `include ${folder}/x?.conf` })
    expect([config.get('hz'), config.get('port')]).toEqual(['7', '2'])
  })

  test('a file that includes itself is refused', () => {
    const self = temporaryFolder({ 'self.conf': 'include self.conf\n' })
    expect(fatal({ options: `dir ${self}\ninclude self.conf` }).text).toContain('include goes too deep')
  })

  test('a file that is not there belongs in the log', () => {
    const missing = join(temporaryFolder(), 'none.conf')
    const expected = { text: `Fatal error, can't open config file '${missing}': No such file or directory`, log: true }
    expect(fatal({ file: missing })).toEqual(expected)
    expect(fatal({ options: `include ${missing}` })).toEqual(expected)
  })

  test('a log file that cannot be opened is named without a line', () => {
    const folder = temporaryFolder()
    expect(fatal({ options: `logfile ${folder}/none/log` }).text).toBe(
      fatalText("Can't open the log file: No such file or directory"),
    )
  })

  test('bytes that are no UTF-8 come through', () => {
    const folder = temporaryFolder({ 'a.conf': 'requirepass "\xff\xc3"\nmasterauth \xe9\n' })
    const { config } = loaded({ file: join(folder, 'a.conf') })
    expect([config.get('requirepass'), config.get('masterauth')]).toEqual(['\xff\xc3', '\xe9'])
  })
})

describe('what is refused', () => {
  test('the message has line, text and reason', () => {
    expect(fatal({ options: 'port 1\n\n  port  x ' }).text).toBe(
      '\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\n' +
        "Reading the configuration file, at line 4\n>>> 'port  x'\nargument couldn't be parsed into an integer\n",
    )
  })

  test.each([
    ['port', 'wrong number of arguments'],
    ['port 1 2', 'wrong number of arguments'],
    ['port "1', 'Unbalanced quotes in configuration line'],
    ['foo bar', 'Bad directive or wrong number of arguments'],
    ['include', 'Bad directive or wrong number of arguments'],
    ['activedefrag no # x', 'wrong number of arguments'],
    ['replicaof 127.0.0.1 abc', 'Invalid master port'],
    ['sentinel monitor', 'sentinel directive while not in sentinel mode'],
    ['foo.bar', 'Module config specified without value'],
    ['loadmodule x.so', 'skep cannot load modules'],
    ['shards 0', 'argument must be between 1 and 128 inclusive'],
    ['cluster-enabled yes\nreplicaof 127.0.0.1 1', 'replicaof directive not allowed in cluster mode'],
  ])('%j: %s', (line, expected) => {
    expect(reason(line)).toBe(expected)
  })
})
