import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Config } from '../../src/config/config.ts'
import { loadConfig, type Sources } from '../../src/config/load.ts'
import { Reloader } from '../../src/config/reload.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** A configuration read from a file with this text, and what reads it again. */
function configured(text: string, more: Sources = {}): { config: Config; reloader: Reloader; path: string } {
  const path = join(temporaryFolder({ 'skep.conf': text }), 'skep.conf')
  const sources = { file: path, ...more }
  const result = loadConfig(sources)
  if ('fatal' in result) throw new Error(result.fatal.text)
  const { config } = result.loaded
  return { config, reloader: new Reloader(config, sources), path }
}

const set = (config: Config, ...args: string[]): Promise<string | undefined> => config.set(args, { local: true })

describe('reading the configuration again', () => {
  test('puts to work what the file says anew', async () => {
    const { config, reloader, path } = configured('hz 20\nmaxmemory 1mb\n')
    appendFileSync(path, 'maxmemory 2mb\nsave 60 1\n')
    expect(await reloader.reload()).toEqual({ changed: ['maxmemory', 'save'], needRestart: [] })
    expect([config.get('hz'), config.get('maxmemory'), config.get('save')]).toEqual(['20', '2097152', '60 1'])
    expect(await reloader.reload()).toEqual({ changed: [], needRestart: [] })
  })

  test('a line that is gone is back at its default', async () => {
    const { config, reloader, path } = configured('hz 20\nmaxmemory 1mb\n')
    writeFileSync(path, 'hz 20\n')
    expect(await reloader.reload()).toMatchObject({ changed: ['maxmemory'] })
    expect(config.get('maxmemory')).toBe('0')
  })

  test('what CONFIG SET has changed stays until the file says something new about it', async () => {
    const { config, reloader, path } = configured('hz 20\nmaxmemory 1mb\n')
    await set(config, 'maxmemory', '5mb', 'hz', '30')
    appendFileSync(path, 'maxmemory 2mb\n')
    expect(await reloader.reload()).toMatchObject({ changed: ['maxmemory'] })
    expect([config.get('hz'), config.get('maxmemory')]).toEqual(['30', '2097152'])
  })

  test('the command line goes on to outdo the file', async () => {
    const { config, reloader, path } = configured('hz 20\n', { options: 'hz 50' })
    appendFileSync(path, 'hz 60\n')
    expect(await reloader.reload()).toEqual({ changed: [], needRestart: [] })
    expect(config.get('hz')).toBe('50')
  })

  test('names what needs a restart, and changes nothing of a file with a mistake', async () => {
    const { config, reloader, path } = configured('hz 20\n')
    appendFileSync(path, 'databases 3\n')
    expect(await reloader.reload()).toEqual({ changed: [], needRestart: ['databases'] })
    appendFileSync(path, 'hz 40\nmaxmemory plenty\n')
    expect(await reloader.reload()).toMatchObject({ changed: [], error: expect.stringMatching(/maxmemory plenty/) })
    expect(config.get('hz')).toBe('20')
  })

  test('what cannot be put to work leaves all as it was, to be tried again', async () => {
    const { config, reloader, path } = configured('hz 20\n')
    let reason: string | undefined = 'no such port'
    config.onApply(['port'], () => reason)
    appendFileSync(path, 'hz 40\nport 7000\n')
    expect(await reloader.reload()).toMatchObject({ changed: [], error: expect.stringMatching(/no such port/) })
    expect([config.get('hz'), config.get('port')]).toEqual(['20', '6379'])
    reason = undefined
    expect(await reloader.reload()).toMatchObject({ changed: ['port', 'hz'] })
    expect([config.get('hz'), config.get('port')]).toEqual(['40', '7000'])
  })

  test('without a file there is nothing to read', async () => {
    const result = loadConfig({ options: 'hz 20' })
    if ('fatal' in result) throw new Error(result.fatal.text)
    const reloader = new Reloader(result.loaded.config, { options: 'hz 30' })
    expect(await reloader.reload()).toEqual({ changed: [], needRestart: [] })
  })
})
