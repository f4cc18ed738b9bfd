// The log: JSON lines by pino, or readable lines on a terminal. Each line is written at once, so that what was logged
// before a crash is there.

import { hostname } from 'node:os'
import pino, { type Logger } from 'pino'
import pretty from 'pino-pretty'
import type { ConfigValues } from './config/values.ts'

/** Redis's levels in pino's names. */
const LEVELS: Readonly<Record<string, string>> = { debug: 'trace', verbose: 'debug', notice: 'info', warning: 'warn' }

export const logLevel = (config: ConfigValues): string => LEVELS[config.get('loglevel')] ?? 'info'

/** Makes the log that `logfile` and `loglevel` ask for. */
export function createLog(config: ConfigValues): Logger {
  const file = config.get('logfile')
  const options = {
    level: logLevel(config),
    base: { pid: process.pid, host: hostname() },
    timestamp: pino.stdTimeFunctions.isoTime,
  }
  if (file === '' && process.stdout.isTTY) {
    const stream = pretty({ sync: true, ignore: 'pid,host', translateTime: 'SYS:HH:MM:ss.l', colorize: true })
    return pino({ ...options, base: null }, stream)
  }
  return pino(options, pino.destination({ dest: file === '' ? 1 : file, sync: true, append: true, mkdir: true }))
}
