// Commands on the bits of strings.

import type { Command } from '../command.ts'
import { bitcount, bitpos } from './bitcount.ts'
import { bitfield, bitfieldRo } from './bitfield.ts'
import { bitop } from './bitop.ts'
import { getbit, setbit } from './setbit.ts'

export const bitmapCommands: readonly Command[] = [setbit, getbit, bitcount, bitpos, bitop, bitfield, bitfieldRo]
