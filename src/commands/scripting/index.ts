// Commands about scripts and functions.

import type { Command } from '../command.ts'
import { evalCommand, evalRo, evalsha, evalshaRo } from './eval.ts'
import { functions } from './flush.ts'
import { script } from './script.ts'

export const scriptingCommands: readonly Command[] = [evalCommand, evalsha, evalRo, evalshaRo, functions, script]
