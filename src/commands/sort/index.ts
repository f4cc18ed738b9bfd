// SORT and SORT_RO.

import type { Command } from '../command.ts'
import { sort, sortRo } from './sort.ts'

export const sortCommands: readonly Command[] = [sort, sortRo]
