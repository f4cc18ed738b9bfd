// Commands about the connection they come by.

import type { Command } from '../command.ts'
import { auth, hello } from './auth.ts'
import { client } from './client.ts'
import { echo, ping } from './ping.ts'
import { quit, reset, select } from './session.ts'

export const connectionCommands: readonly Command[] = [ping, echo, select, auth, hello, client, quit, reset]
