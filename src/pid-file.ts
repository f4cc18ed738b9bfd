// The file that holds the process's id, for whoever wants to signal it.

import { unlinkSync, writeFileSync } from 'node:fs'
import type { Config } from './config/config.ts'
import { fromByteString } from './config/split-args.ts'

/** Where a process that has left its terminal writes it when nobody says where. */
const DEFAULT_PATH = '/var/run/skep.pid'

/** Writes the file if it is asked for, and removes it when the process ends. Returns why it could not. */
export function writePidFile(config: Config): string | undefined {
  const named = fromByteString(config.get('pidfile')).toString()
  if (named === '' && !config.bool('daemonize')) return undefined
  const path = named === '' ? DEFAULT_PATH : named
  try {
    writeFileSync(path, `${process.pid}\n`)
  } catch (error) {
    return `Cannot write the pidfile: ${(error as Error).message}`
  }
  process.on('exit', () => {
    try {
      unlinkSync(path)
    } catch {
      // Somebody else has removed it.
    }
  })
  return undefined
}
