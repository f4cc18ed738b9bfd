// The log: JSON lines by pino, or such as Redis writes, or readable lines on a terminal. Each line is written at once, so that what was logged
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

/** Makes the log that `logfile`, `loglevel` and `log-format` ask for. */
export function createLog(config: ConfigValues): Logger {
  let level = logLevel(config)
  let made: Logger | undefined
  const log = (): Logger => {
    made ??= openLog(config, level)
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

/** What a line of pino's holds. */
interface PinoLine {
  readonly pid: number
  readonly time: string
  readonly level: number
  readonly msg?: string
  readonly err?: { readonly message: string }
}

/** Redis's mark of a level, by pino's number for it: 10 for trace, 60 for fatal. */
const markOf = (level: number): string => ['.', '-', '*', '#', '#', '#'][level / 10 - 1] ?? '#'

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** One of pino's lines as Redis would write it: process, role, local time, level, text. */
export function asRedisWrites(line: string, isReplica: boolean): string {
  const { pid, time, level, msg = '', err } = JSON.parse(line) as PinoLine
  const date = new Date(time)
  const digits = (value: number, count = 2): string => String(value).padStart(count, '0')
  const day = `${digits(date.getDate())} ${MONTHS[date.getMonth()]} ${date.getFullYear()}`
  const clock = `${digits(date.getHours())}:${digits(date.getMinutes())}:${digits(date.getSeconds())}`
  const text = err === undefined ? msg : `${msg}: ${err.message}`
  return `${pid}:${isReplica ? 'S' : 'M'} ${day} ${clock}.${digits(date.getMilliseconds(), 3)} ${markOf(level)} ${text}\n`
}

function openLog(config: ConfigValues, level: string): Logger {
  const file = config.get('logfile')
  const pino = require('pino') as typeof import('pino')
  const options = {
    level,
    base: { pid: process.pid, host: hostname() },
    timestamp: pino.stdTimeFunctions.isoTime,
  }
  if (file === '' && process.stdout.isTTY && config.get('log-format') === 'json') {
    const pretty = require('pino-pretty') as typeof import('pino-pretty')
    const stream = pretty({ sync: true, ignore: 'pid,host', translateTime: 'SYS:HH:MM:ss.l', colorize: true })
    return pino.default({ ...options, base: null }, stream)
  }
  const lines = pino.destination({ dest: file === '' ? 1 : file, sync: true, append: true, mkdir: true })
  if (config.get('log-format') === 'json') return pino.default(options, lines)
  return pino.default(options, {
    write: (line: string) => lines.write(asRedisWrites(line, config.get('replicaof') !== '')),
  })
}
