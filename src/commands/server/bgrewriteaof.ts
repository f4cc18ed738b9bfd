// BGREWRITEAOF: the main thread has the append-only log written anew.

import { failureOf, replyFromMain } from '../client.ts'
import { ADMIN, type Command, NO_ASYNC_LOADING, NOSCRIPT } from '../command.ts'

export const bgrewriteaof: Command = {
  name: 'BGREWRITEAOF',
  group: 'server',
  since: '1.0.0',
  summary: 'Writes the append-only log anew, without what later changes have made superfluous.',
  complexity: 'O(1) as far as anybody waits',
  arity: 1,
  flags: ADMIN | NOSCRIPT | NO_ASYNC_LOADING,
  serve(client, _req, _reply, router) {
    replyFromMain(client, router, 'bgrewriteaof', client.isInExec, (out, answer) => {
      const failure = failureOf(answer)
      if (failure === undefined) out.simple(String(answer))
      else out.error(failure)
    })
  },
}
