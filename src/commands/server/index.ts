// Commands about the server.

import type { Command } from '../command.ts'
import { command } from './command.ts'

export const serverCommands: readonly Command[] = [command]
