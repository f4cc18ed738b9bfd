// Commands about scripts and functions.

import type { Command } from '../command.ts'
import { evalCommand, evalRo, evalsha, evalshaRo } from './eval.ts'
import { fcall, fcallRo } from './fcall.ts'
import { functions } from './function.ts'
import { script } from './script.ts'

export const scriptingCommands: readonly Command[] = [
  evalCommand,
  evalsha,
  evalRo,
  evalshaRo,
  fcall,
  fcallRo,
  functions,
  script,
]
