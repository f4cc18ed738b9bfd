// What a router's thread does with its work.

import { renameCommands } from '../commands/table.ts'
import type { RouterData } from '../shard/thread-data.ts'
import { Router } from './router.ts'

export function begin(data: RouterData): void {
  renameCommands(data.renames)
  new Router(data).ready()
}
