import { globSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { renderManual } from '../../scripts/docs.ts'
import { DIRECTIVES, findDirective, namesOf, RETIRED } from '../../src/config/directives.ts'
import { EVENT, formatEventClasses, parseEventClasses } from '../../src/config/keyspace-events.ts'
import {
  APPENDFSYNC,
  createSettings,
  defaultSettings,
  evictsByFrequency,
  MAXMEMORY_POLICY,
  PERMISSION,
  SETTING,
  viewSettings,
  writeSettings,
} from '../../src/config/settings.ts'

const ROOT = new URL('../../', import.meta.url)

/** The name of a directive's slot among the shared settings. */
const slotName = (name: string): string => name.replace(/[-_]([a-z])/g, (_, letter: string) => letter.toUpperCase())

describe('the table of directives', () => {
  test('no name appears twice', () => {
    const names = [...DIRECTIVES.flatMap(namesOf), ...RETIRED]
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
  })

  test('names are found in any case, aliases too', () => {
    expect(findDirective('MaxMemory')?.name).toBe('maxmemory')
    expect(findDirective('slaveof')?.name).toBe('replicaof')
    expect(findDirective('nope')).toBeUndefined()
  })

  test.each(DIRECTIVES.filter(({ name }) => name !== 'dir' && name !== 'replicaof').map(d => [d.name, d] as const))(
    'the initial value of %s is what its kind makes of it',
    (_, { kind, initial }) => {
      const args = kind.multiple && initial !== '' ? initial.split(' ') : [initial]
      expect(kind.parse(args, initial, false)).toEqual({ value: initial })
    },
  )

  test('one that nothing reads says that it has no effect', () => {
    const paths = globSync('src/**/*.ts', { cwd: ROOT }).filter(
      path => !/config\/(directives\/|settings\.ts)/.test(path),
    )
    const code = paths.map(path => readFileSync(new URL(path, ROOT), 'utf8')).join('\n')
    const isRead = (name: string): boolean => code.includes(`'${name}'`) || code.includes(`SETTING.${slotName(name)}`)
    expect(DIRECTIVES.filter(({ name, inert }) => inert === undefined && !isRead(name)).map(namesOf)).toEqual([])
  })

  test('the manual is current: run `npm run docs`', () => {
    expect(readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')).toBe(renderManual())
  })
})

describe('shared settings', () => {
  test('SETTING lists the shared directives in their order', () => {
    const names = DIRECTIVES.filter(directive => directive.shared).map(({ name }) => slotName(name))
    expect(Object.entries(SETTING)).toEqual(names.map((name, slot) => [name, slot]))
  })

  test('every shared directive has a number', () => {
    expect(DIRECTIVES.filter(({ shared, kind }) => shared && kind.toNumber === undefined)).toEqual([])
    expect([...defaultSettings()].filter(Number.isNaN)).toEqual([])
  })

  test.each([
    ['maxmemory-policy', MAXMEMORY_POLICY],
    ['appendfsync', APPENDFSYNC],
    ['enable-debug-command', PERMISSION],
  ])('the constants of %s are the words of the table', (name, constants) => {
    const kind = findDirective(name)?.kind
    const words = kind?.form.split(', ') ?? []
    const expected = words.map(word => [word.toUpperCase().replaceAll('-', '_'), kind?.toNumber?.(word)])
    expect(Object.entries(constants)).toEqual(expected)
  })

  test('two of the policies evict by frequency', () => {
    const view = defaultSettings()
    const policies = Object.values(MAXMEMORY_POLICY).filter(policy => {
      view[SETTING.maxmemoryPolicy] = policy
      return evictsByFrequency(view)
    })
    expect(policies).toEqual([MAXMEMORY_POLICY.VOLATILE_LFU, MAXMEMORY_POLICY.ALLKEYS_LFU])
  })

  test('a second view of the memory sees what is written', () => {
    const buffer = createSettings()
    writeSettings(viewSettings(buffer), { number: name => (name === 'maxmemory' ? 12345 : 0) })
    expect(viewSettings(buffer)[SETTING.maxmemory]).toBe(12345)
    expect(viewSettings(buffer)[SETTING.maxmemorySamples]).toBe(0)
  })

  test('the initial numbers are those of the words', () => {
    const view = defaultSettings()
    expect(view[SETTING.maxmemoryPolicy]).toBe(MAXMEMORY_POLICY.NOEVICTION)
    expect(view[SETTING.latencyTracking]).toBe(1)
    expect(view[SETTING.listMaxListpackSize]).toBe(-2)
    expect(view[SETTING.protoMaxBulkLen]).toBe(512 * 2 ** 20)
  })
})

describe('keyspace events', () => {
  test('letters and bits go both ways', () => {
    expect(parseEventClasses('KEA')).toBe(EVENT.KEYSPACE | EVENT.KEYEVENT | (parseEventClasses('g$lshzxetd') ?? 0))
    expect(formatEventClasses(EVENT.KEYEVENT | EVENT.KEY_MISS | EVENT.STRING)).toBe('$Em')
    expect(formatEventClasses(parseEventClasses('KEAmn') ?? 0)).toBe('AKEm')
    expect(formatEventClasses(parseEventClasses('nK') ?? 0)).toBe('nK')
    expect(parseEventClasses('Kq')).toBeUndefined()
  })
})
