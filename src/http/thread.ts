// What a router's thread does with its work: it routes, and takes HTTP where it is told to.

import { renameCommands } from '../commands/table.ts'
import { Router } from '../router/router.ts'
import type { RouterData } from '../shard/thread-data.ts'
import { HttpListener } from './listen.ts'

/** Makes the thread a router that takes HTTP. */
export function begin(data: RouterData): void {
  renameCommands(data.renames)
  const router = new Router(data)
  new HttpListener(router)
  router.ready()
}
