import { expect, test } from 'vitest'
import { closeEvents, noEvents, takeEvent, type UnitEvents } from './events.ts'
import { readBaseline, readExpected } from './tables.ts'
import { chooseUnits, shardsFor } from './units.ts'
import { failureCount, judge } from './verdict.ts'

function events(...lines: [status: string, text: string][]): UnitEvents {
  const unit = noEvents()
  lines.forEach(([status, text], i) => {
    takeEvent(unit, `${status} ${1000 * i} 0 ${Buffer.from(text).toString('base64')}`)
  })
  return unit
}

const ROW = { passed: 3, total: 3, seconds: 1, gapSeconds: 1 }

test('tests pass, fail with their reason, and fail when they never end', () => {
  const unit = events(
    ['testing', 'a'],
    ['ok', 'a'],
    ['testing', 'b'],
    ['err', 'b in tests/unit/x.tcl\nExpected 1\nto be 2'],
    ['testing', 'outer'],
    ['testing', 'inner'],
    ['ok', 'inner'],
  )
  closeEvents(unit, 'over its time')
  expect(unit.results).toEqual([
    { name: 'a', passed: true, why: '' },
    { name: 'b', passed: false, why: 'Expected 1\nto be 2' },
    { name: 'inner', passed: true, why: '' },
    { name: 'outer', passed: false, why: 'over its time' },
  ])
  expect(unit.longestGapMs).toBe(1000)
})

test('only failures that expected.tsv names are forgiven', () => {
  const unit = events(['testing', 'a'], ['ok', 'a'], ['testing', 'b'], ['err', 'b in tests/x'], ['done', 'x'])
  const known = [
    { unit: 'unit/x', test: 'b', reason: 'scripts' },
    { unit: 'unit/x', test: 'a', reason: 'scripts' },
    { unit: 'unit/y', test: 'b', reason: 'another unit' },
  ]
  const row = { ...ROW, total: 2 }
  expect(judge('unit/x', unit, row, known, true)).toMatchObject({
    passed: 1,
    total: 2,
    unexpected: [],
    expected: [{ test: 'b', why: 'scripts' }],
    passedAfterAll: ['a'],
  })
  expect(judge('unit/x', unit, row, known.slice(1), true).unexpected).toMatchObject([{ test: 'b' }])
})

test('a test that passes at times is no surprise when it does', () => {
  const unit = events(['testing', 'a'], ['ok', 'a'])
  const known = [{ unit: 'unit/x', test: 'a', reason: 'at times: waits for a fork' }]
  expect(judge('unit/x', unit, undefined, known, true).passedAfterAll).toEqual([])
})

test('tests that did not run count as failed unless single tests were asked for', () => {
  const unit = events(['testing', 'a'], ['ok', 'a'], ['err', '(outside any test) exception'])
  const verdict = judge('unit/x', unit, ROW, [], true)
  expect(verdict.total).toBe(3)
  expect(failureCount(verdict.unexpected)).toBe(2)
  expect(verdict.unexpected[0].why).toContain('outside any test')

  const allowed = [{ unit: 'unit/x', test: '(2 tests not run)', reason: 'needs scripts' }]
  expect(judge('unit/x', unit, ROW, allowed, true).unexpected).toEqual([])
  const tooFew = [{ unit: 'unit/x', test: '(1 test not run)', reason: 'needs scripts' }]
  expect(failureCount(judge('unit/x', unit, ROW, tooFew, true).unexpected)).toBe(2)
  expect(judge('unit/x', events(['testing', 'a'], ['ok', 'a']), ROW, [], false).total).toBe(1)
})

test('an error between tests is a failure unless expected.tsv names it', () => {
  const unit = events(['testing', 'a'], ['ok', 'a'], ['err', '(outside any test) exception'])
  const row = { ...ROW, total: 1 }
  expect(failureCount(judge('unit/x', unit, row, [], true).unexpected)).toBe(1)
  const known = [{ unit: 'unit/x', test: '(outside any test)', reason: 'needs a debugger' }]
  expect(judge('unit/x', unit, row, known, true)).toMatchObject({
    unexpected: [],
    expected: [{ why: 'needs a debugger' }],
  })
})

test('units are chosen by name or as core, and an unknown name is refused', () => {
  const listed = ['unit/auth', 'unit/wait', 'unit/tls', 'integration/replication-2', 'integration/rdb']
  expect(chooseUnits(listed, 'core')).toEqual(['unit/auth', 'integration/rdb'])
  expect(chooseUnits(listed, 'all')).toEqual(['unit/auth', 'unit/wait', 'integration/replication-2', 'integration/rdb'])
  expect(chooseUnits(listed, 'unit/wait')).toEqual(['unit/wait'])
  expect(() => chooseUnits(listed, 'unit/none')).toThrow('unit/none')
})

test('units that look into files of a single shard are run with one', () => {
  expect(['unit/aofrw', 'integration/aof', 'integration/aof-multi-part'].map(shardsFor)).toEqual([1, 1, 1])
  expect(shardsFor('unit/auth')).toBeUndefined()
})

test('the tables beside the runner can be read, and every row has all its columns', () => {
  for (const [unit, row] of readBaseline()) {
    expect(Object.values(row).every(Number.isFinite), unit).toBe(true)
    expect(row.passed, unit).toBeLessThanOrEqual(row.total)
  }
  for (const { unit } of readExpected()) expect(readBaseline().has(unit), unit).toBe(true)
  expect(() => readExpected('unit/x\ta test\t')).toThrow('no reason')
})
