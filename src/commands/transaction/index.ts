// Transactions.

import type { Command } from '../command.ts'
import { discard, exec, multi } from './multi.ts'
import { unwatch, watch } from './watch.ts'

export const transactionCommands: readonly Command[] = [multi, exec, discard, watch, unwatch]
