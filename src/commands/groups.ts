// All commands, group by group. The order is the table's; nothing else depends on it.

import type { Command } from './command.ts'
import { stringCommands } from './string/index.ts'

export const groups: readonly (readonly Command[])[] = [stringCommands]
