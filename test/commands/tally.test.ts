// Commands are timed one by one or as groups; the sums must come out the same.

import { beforeEach, describe, expect, test } from 'vitest'
import { commandByName, type Entry, entries } from '../../src/commands/table.ts'
import { Tally } from '../../src/commands/tally.ts'
import { createSettings, SETTING, type SettingsView, viewSettings } from '../../src/config/settings.ts'
import { requestOf } from '../../src/protocol/request.ts'
import { CALLS, FAILED, MICROSECONDS, STAT, Statistics, statisticsBytes } from '../../src/shared/statistics.ts'

const get = commandByName('get') as Entry
const incr = commandByName('incr') as Entry
const keys = commandByName('keys') as Entry
const set = commandByName('set') as Entry
const req = requestOf(['GET', 'k'])

let statistics: Statistics
let settings: SettingsView
let slow: string[]
let tally: Tally

beforeEach(() => {
  statistics = new Statistics(new SharedArrayBuffer(statisticsBytes(entries.length)), entries.length)
  settings = viewSettings(createSettings())
  settings[SETTING.slowlogLogSlowerThan] = 10_000
  settings[SETTING.latencyTracking] = 1
  slow = []
  tally = new Tally(statistics, settings, entry => slow.push(entry.fullName))
  tally.groups = true
  tally.start()
})

function run(entry: Entry, times: number, failed = false, bytes = 100): void {
  for (let i = 0; i < times; i++) {
    tally.before(entry)
    tally.ran(entry, req, failed, bytes)
  }
}

const calls = (entry: Entry): number => statistics.commandFigure(entry.id, CALLS)

describe('tally', () => {
  test('counts every call of a group, and files all in the histogram', () => {
    run(get, 70)
    expect(calls(get)).toBe(64)
    tally.close()
    expect(calls(get)).toBe(70)
    expect(statistics.get(STAT.COMMANDS)).toBe(70)
    expect(statistics.histogram(get.id).reduce((sum, each) => sum + each)).toBe(70)
    expect(statistics.commandFigure(get.id, MICROSECONDS)).toBeGreaterThan(0)
  })

  test('SET is timed in groups, though it is not flagged fast', () => {
    run(set, 3)
    expect(calls(set)).toBe(0)
    tally.close()
    expect(calls(set)).toBe(3)
  })

  test('a command of another kind ends the group', () => {
    run(get, 3)
    run(incr, 2)
    expect(calls(get)).toBe(3)
    expect(calls(incr)).toBe(0)
    run(keys, 1)
    expect(calls(incr)).toBe(2)
    expect(calls(keys)).toBe(1)
  })

  test('counts failures', () => {
    run(get, 2)
    run(get, 3, true)
    tally.close()
    expect(statistics.commandFigure(get.id, FAILED)).toBe(3)
    run(get, 1)
    tally.close()
    expect(statistics.commandFigure(get.id, FAILED)).toBe(3)
  })

  test('a command that moves many bytes is filed at once', () => {
    run(get, 1, false, 1_000_000)
    expect(calls(get)).toBe(1)
  })

  test('while everything is logged nothing is grouped', () => {
    settings[SETTING.slowlogLogSlowerThan] = 0
    run(get, 3)
    expect(slow).toEqual(['get', 'get', 'get'])
    expect(calls(get)).toBe(3)
  })

  test('nothing is grouped where nobody would close the group', () => {
    tally.groups = false
    run(get, 2)
    expect(calls(get)).toBe(2)
  })
})
