import { describe, expect, test } from 'vitest'
import { Config } from '../../src/config/config.ts'
import { findDirective } from '../../src/config/directives.ts'
import { SETTING, viewSettings } from '../../src/config/settings.ts'
import { ConfigCopy } from '../../src/config/values.ts'

const LOCAL = { local: true }

function failed(name: string, reason: string): string {
  return `ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`
}

describe('CONFIG GET', () => {
  test('plain names are answered as typed, hidden ones too', () => {
    const config = new Config()
    expect(config.match(['PORT', 'port', 'key-load-delay', 'nope'])).toEqual([
      ['PORT', '6379'],
      ['key-load-delay', '0'],
    ])
  })

  test('patterns find both names, no hidden ones, and each once', () => {
    const config = new Config()
    expect(config.match(['key-load*', 'HASH-max-*-entries', 'hash-max-*-entries'])).toEqual([
      ['hash-max-listpack-entries', '512'],
      ['hash-max-ziplist-entries', '512'],
    ])
  })
})

describe('CONFIG SET', () => {
  test('sets many at once and tells what changed', async () => {
    const config = new Config()
    const heard: unknown[] = []
    config.onChange(update => heard.push(update))
    expect(await config.set(['maxmemory', '1mb', 'HZ', '10', 'save', ''], LOCAL)).toBeUndefined()
    expect(config.match(['maxmemory', 'hz', 'save'])).toEqual([
      ['maxmemory', '1048576'],
      ['hz', '10'],
      ['save', ''],
    ])
    expect(heard).toEqual([{ maxmemory: '1048576', save: '' }])
  })

  test('sets none when one does not parse', async () => {
    const config = new Config()
    const error = await config.set(['maxmemory', '1mb', 'slave-priority', 'x'], LOCAL)
    expect(error).toBe(failed('slave-priority', "argument couldn't be parsed into an integer"))
    expect(config.get('maxmemory')).toBe('0')
    expect(config.settings[SETTING.maxmemory]).toBe(0)
  })

  test('refuses protected directives unless they are allowed', async () => {
    const config = new Config()
    const refusal = failed('DIR', "can't set protected config")
    expect(await config.set(['DIR', '/'], LOCAL)).toBe(refusal)
    const allow = (who: string): string | undefined => {
      const directive = findDirective('enable-protected-configs')
      return directive && config.assign(directive, [who], false)
    }
    allow('local')
    expect(await config.set(['DIR', '/'], { local: false })).toBe(refusal)
    expect(await config.set(['DIR', '/'], LOCAL)).toBeUndefined()
    allow('yes')
    expect(await config.set(['dir', '/tmp'], { local: false })).toBeUndefined()
    expect(config.get('dir')).toBe('/tmp')
  })

  test('refuses during loading what loading would trip over', async () => {
    const config = new Config()
    config.whileLoading = () => 'LOADING not now'
    expect(await config.set(['appendonly', 'yes'], LOCAL)).toBe('LOADING not now')
    expect(await config.set(['timeout', '7'], LOCAL)).toBeUndefined()
    config.whileLoading = () => undefined
    expect(await config.set(['appendonly', 'yes'], LOCAL)).toBeUndefined()
  })

  test('hooks run once per command and see the new values', async () => {
    const config = new Config()
    const seen: string[] = []
    config.onApply(['port', 'bind'], () => {
      seen.push(`${config.get('port')} ${config.get('bind')}`)
      return undefined
    })
    await config.set(['port', '1', 'bind', '127.0.0.1'], LOCAL)
    await config.set(['port', '1'], LOCAL)
    expect(seen).toEqual(['1 127.0.0.1'])
  })

  test('a hook that refuses takes everything back and is told to go back itself', async () => {
    const config = new Config()
    const seen: string[] = []
    config.onApply(['hz'], () => void seen.push(`hz ${config.get('hz')}`))
    config.onApply(['port'], async () => {
      await Promise.resolve()
      seen.push(`port ${config.get('port')}`)
      return config.get('port') === '1' ? 'Unable to listen on this port. Check server logs.' : undefined
    })
    config.onApply(['timeout'], () => void seen.push('timeout'))
    config.onChange(() => seen.push('changed'))
    const error = await config.set(['hz', '20', 'port', '1', 'timeout', '3'], LOCAL)
    expect(error).toBe(failed('port', 'Unable to listen on this port. Check server logs.'))
    expect(seen).toEqual(['hz 20', 'port 1', 'hz 10', 'port 6379'])
    expect(config.match(['hz', 'port', 'timeout']).map(([, value]) => value)).toEqual(['10', '6379', '0'])
    expect(config.settings[SETTING.hz]).toBe(10)
  })

  test('commands wait for each other', async () => {
    const config = new Config()
    const seen: string[] = []
    config.onApply(['port'], async () => {
      const before = config.get('port')
      await new Promise(resolve => setImmediate(resolve))
      seen.push(`${before} ${config.get('port')}`)
      return undefined
    })
    await Promise.all([config.set(['port', '1'], LOCAL), config.set(['port', '2'], LOCAL)])
    expect(seen).toEqual(['1 1', '2 2'])
  })
})

describe('other threads', () => {
  test('a copy starts from the snapshot and follows the updates; slots are the same memory', async () => {
    const config = new Config()
    const copy = new ConfigCopy({ ...config.snapshot(), values: structuredClone(config.snapshot().values) })
    config.onChange(update => copy.update(structuredClone(update)))
    await config.set(['maxmemory', '2gb', 'appendfsync', 'always'], LOCAL)
    expect(copy.get('appendfsync')).toBe('always')
    expect(copy.match(['*'])).toEqual(config.match(['*']))
    expect(copy.settings[SETTING.maxmemory]).toBe(2 ** 31)
    expect(viewSettings(config.snapshot().settings)[SETTING.appendfsync]).toBe(1)
  })
})
