// Commands of the router that need every shard (Dispatcher.withShards), while a script has had one of them for long.

import type { RouterCommand } from '../commands/command.ts'
import type { Reply } from '../protocol/reply.ts'
import type { Request } from '../protocol/request.ts'
import type { Connection } from './connection.ts'
import type { Router } from './router.ts'

/** Thrown from within a command, which ends with this message as its error. */
export class ShardIsBusy extends Error {}

/** Serves a command of the router: its reply, or the error that it meets a busy shard, is added to `reply`. */
export function serveUnlessBusy(
  command: RouterCommand,
  client: Connection,
  req: Request,
  reply: Reply,
  router: Router,
): void {
  const before = reply.length
  try {
    command.serve(client, req, reply, router)
  } catch (error) {
    if (!(error instanceof ShardIsBusy)) throw error
    reply.length = before
    reply.error(error.message)
  }
}
