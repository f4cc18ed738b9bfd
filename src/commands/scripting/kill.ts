// SCRIPT KILL and FUNCTION KILL.

import { ALLOW_BUSY, NOSCRIPT, type RouterCommand } from '../command.ts'

/** The subcommand that ends what runs, as long as it has written nothing. */
export const killOf = (what: 'script' | 'function', since: string): RouterCommand => ({
  name: 'KILL',
  group: 'scripting',
  since,
  summary: `Ends the ${what}s that run now, as long as they have written nothing.`,
  complexity: 'O(1)',
  arity: 2,
  flags: NOSCRIPT | ALLOW_BUSY,
  tips: ['request_policy:all_shards', 'response_policy:one_succeeded'],
  serve(_client, _req, reply, router) {
    const problem = router.scripts.kill(what)
    if (problem === undefined) reply.ok()
    else reply.error(problem)
  },
})
