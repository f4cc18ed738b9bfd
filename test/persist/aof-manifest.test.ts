import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  EMPTY_MANIFEST,
  manifestParse,
  manifestText,
  nextBaseName,
  withBase,
  withIncrement,
  withoutHistory,
} from '../../src/persist/aof-manifest.ts'
import { findLogs, replaceManifests } from '../../src/persist/log-layout.ts'

test('a manifest that is written reads as it was, through rewrites', () => {
  const first = withIncrement(withBase(EMPTY_MANIFEST, nextBaseName(EMPTY_MANIFEST, 'a.aof', true), 0), 'a.aof')
  expect(manifestText(first)).toBe('file a.aof.1.base.rdb seq 1 type b\nfile a.aof.1.incr.aof seq 1 type i\n')
  const during = withIncrement(first, 'a.aof')
  const second = withBase(during, nextBaseName(during, 'a.aof', false), 1)
  expect(manifestText(second)).toBe(
    'file a.aof.2.base.aof seq 2 type b\nfile a.aof.1.incr.aof seq 1 type h\nfile a.aof.1.base.rdb seq 1 type h\n' +
      'file a.aof.2.incr.aof seq 2 type i\n',
  )
  expect(manifestParse(manifestText(second))).toEqual(second)
  expect(manifestText(withoutHistory(second))).toBe(
    'file a.aof.2.base.aof seq 2 type b\nfile a.aof.2.incr.aof seq 2 type i\n',
  )
})

test('names with blanks and line ends are quoted', () => {
  const text = manifestText(withIncrement(EMPTY_MANIFEST, ' file seq \n\n.aof '))
  expect(text).toBe('file " file seq \\n\\n.aof .1.incr.aof" seq 1 type i\n')
  expect(manifestParse(text).increments[0].name).toBe(' file seq \n\n.aof .1.incr.aof')
})

test.each([
  ['', 'Found an empty AOF manifest'],
  ['file a seq 1 type i\n\n', 'Invalid AOF manifest file format'],
  ['filx a seq 1 type b\n', 'Invalid AOF manifest file format'],
  ['file a type i\n', 'Invalid AOF manifest file format'],
  ['file a seq 1 type i more\n', 'Invalid AOF manifest file format'],
  ['file a seq 0 type i\n', 'Invalid AOF manifest file format'],
  ['file a seq 2 type i\nfile b seq 1 type i\n', 'Found a non-monotonic sequence number'],
  ['file a seq 1 type b\nfile b seq 2 type b\n', 'Found duplicate base file information'],
  ['file a seq 1 type x\n', 'Unknown AOF file type'],
  ['file ../a seq 1 type i\n', "File can't be a path, just a filename"],
  [`file ${'a'.repeat(1100)} seq 1 type i\n`, 'The AOF manifest file contains too long line'],
])('%j is refused', (text, reason) => {
  expect(() => manifestParse(text)).toThrow(reason)
})

test('keys of a newer format and notes are passed over', () => {
  expect(manifestParse('# note\nfile a seq 3 type i startoffset 12\n').increments).toEqual([{ name: 'a', seq: 3 }])
})

let dir = ''

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'skep-layout-'))
})

afterEach(() => rmSync(dir, { recursive: true, force: true }))

test('of a plain manifest and the list of all shards the newer one counts', () => {
  const places = { dir, folder: 'logs', stem: 'a.aof' }
  const one = [withIncrement(EMPTY_MANIFEST, 'a.aof')]
  const four = [1, 2, 3, 4].map(() => withIncrement(withIncrement(EMPTY_MANIFEST, 'a.aof'), 'a.aof'))
  mkdirSync(join(dir, 'logs'))
  for (let i = 0; i < 4; i++) mkdirSync(join(dir, 'logs', `shard-${i}`))
  expect(findLogs(places, true).manifests).toEqual([EMPTY_MANIFEST])
  replaceManifests(places, one)
  expect(findLogs(places, true).manifests).toEqual(one)
  // To four shards: the plain manifest is still there, and does not count.
  replaceManifests(places, four)
  expect(findLogs(places, true).manifests).toEqual(four)
  expect(findLogs(places, true).folders[2]).toBe(join(dir, 'logs', 'shard-2'))
  expect(readFileSync(join(dir, 'logs', 'shard-2', 'a.aof.manifest'), 'utf8')).toContain('a.aof.2.incr.aof')
  // And back: cut off before the list was deleted, the plain manifest is another than the one that the list replaced.
  writeFileSync(join(dir, 'logs', 'a.aof.manifest'), 'file a.aof.9.incr.aof seq 9 type i\n')
  expect(findLogs(places, true).manifests.map(({ incrementSeq }) => incrementSeq)).toEqual([9])
  replaceManifests(places, one)
  expect(findLogs(places, true).manifests).toEqual(one)
})

test('a damaged list of logs is refused by name', () => {
  mkdirSync(join(dir, 'logs'))
  writeFileSync(join(dir, 'logs', 'a.aof.shards'), '{"format":1}')
  expect(() => findLogs({ dir, folder: 'logs', stem: 'a.aof' }, true)).toThrow(/a\.aof\.shards is damaged/)
})
