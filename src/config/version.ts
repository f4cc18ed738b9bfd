// Which skep this is, and which Redis it stands in for.

import { existsSync, readFileSync } from 'node:fs'

/** The Redis whose commands and directives are complete here: clients choose by it what they send. */
export const REDIS_VERSION = '7.0.15'

/** skep's own version, as the package has it. */
export const SKEP_VERSION: string = packageVersion()

/** The package's file lies two folders above this one's source, and one above the bundle that is published. */
function packageVersion(): string {
  for (const path of ['../package.json', '../../package.json']) {
    const url = new URL(path, import.meta.url)
    if (existsSync(url)) return JSON.parse(readFileSync(url, 'utf8')).version
  }
  throw new Error('package.json is missing')
}
