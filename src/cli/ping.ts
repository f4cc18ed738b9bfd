// `skep ping`: whether a server answers, as an exit status.

import { parseArgs } from 'node:util'
import { REMOTE_HELP, REMOTE_OPTIONS, Remote } from '../remote.ts'

export const help = `${REMOTE_HELP}

Prints PONG and how long it took. Status 1 if the server is not there, loads its data, or refuses the password.`

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: REMOTE_OPTIONS })
  const remote = await Remote.open(values)
  try {
    const before = performance.now()
    const answer = await remote.call('PING')
    process.stdout.write(`${answer} in ${(performance.now() - before).toFixed(2)} ms\n`)
    return 0
  } finally {
    remote.close()
  }
}
