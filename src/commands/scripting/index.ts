// Commands about scripts and functions.

import type { Command } from '../command.ts'
import { functions, script } from './flush.ts'

export const scriptingCommands: readonly Command[] = [functions, script]
