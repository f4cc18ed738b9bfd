// The log: JSON lines by pino, or readable lines on a terminal. Each line is written at once, so that what was logged
// before a crash is there.
//
// pino is loaded with the first line that is to be written: an embedded server, which logs warnings only, mostly does
// without, and is ready sooner.

import { createRequire } from 'node:module'
import { hostname } from 'node:os'
import type { Logger } from 'pino'
import type { ConfigValues } from './config/values.ts'

/** Redis's levels in pino's names. */
const LEVELS: Readonly<Record<string, string>> = { debug: 'trace', verbose: 'debug', notice: 'info', warning: 'warn' }

/** pino's levels, the most talkative first. */
const ORDER = ['trace', 'debug', 'info', 'warn', 'error', 'fatal']

export const logLevel = (config: ConfigValues): string => LEVELS[config.get('loglevel')] ?? 'info'

const require = createRequire(import.meta.url)

/** Makes the log that `logfile` and `loglevel` ask for. */
export function createLog(config: ConfigValues): Logger {
  let level = logLevel(config)
  let made: Logger | undefined
  const log = (): Logger => {
    made ??= openLog(config.get('logfile'), level)
    return made
  }
  // Everything is pino's, but what decides whether pino is needed.
  return new Proxy({} as Logger, {
    get(_, name) {
      if (made === undefined && name === 'level') return level
      if (made === undefined && ORDER.includes(String(name)) && ORDER.indexOf(String(name)) < ORDER.indexOf(level)) {
        return ignore
      }
      const value: unknown = Reflect.get(log(), name)
      return typeof value === 'function' ? value.bind(made) : value
    },
    set(_, name, value) {
      if (name !== 'level') return false
      level = String(value)
      if (made !== undefined) made.level = level
      return true
    },
  })
}

function ignore(): void {}

function openLog(file: string, level: string): Logger {
  const pino = require('pino') as typeof import('pino')
  const options = {
    level,
    base: { pid: process.pid, host: hostname() },
    timestamp: pino.stdTimeFunctions.isoTime,
  }
  if (file === '' && process.stdout.isTTY) {
    const pretty = require('pino-pretty') as typeof import('pino-pretty')
    const stream = pretty({ sync: true, ignore: 'pid,host', translateTime: 'SYS:HH:MM:ss.l', colorize: true })
    return pino.default({ ...options, base: null }, stream)
  }
  return pino.default(
    options,
    pino.destination({ dest: file === '' ? 1 : file, sync: true, append: true, mkdir: true }),
  )
}
