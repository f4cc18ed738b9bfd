// Which skep this is, and which Redis it stands in for.

import { readFileSync } from 'node:fs'

/** The Redis whose commands and directives are complete here: clients choose by it what they send. */
export const REDIS_VERSION = '7.0.15'

/** skep's own version, as the package has it. */
export const SKEP_VERSION: string = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
).version
