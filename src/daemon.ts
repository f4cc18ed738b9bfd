// `daemonize yes`: leaves the terminal. A Node.js process cannot fork, so a second one is started in a session of its own,
// with the same command line, and this one ends.

import { spawn } from 'node:child_process'
import type { Config } from './config/config.ts'
import { supervision } from './config/supervision.ts'

/** Set for the process that has left the terminal. */
const MARK = 'SKEP_DAEMON'

/** Whether the process is to be started a second time. */
export function shouldDetach(config: Config): boolean {
  return config.bool('daemonize') && process.env[MARK] === undefined && supervision(config.get('supervised')) === 'no'
}

/** Starts this program again without a terminal. Its log goes to `logfile`, or nowhere. */
export function detach(): void {
  const [, script, ...args] = process.argv
  const env = { ...process.env, [MARK]: '1' }
  spawn(process.execPath, [...process.execArgv, script, ...args], { detached: true, stdio: 'ignore', env }).unref()
}
