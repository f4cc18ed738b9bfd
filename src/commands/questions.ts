// The questions that commands ask of every router, by name: see Question.

import type { Question } from './client.ts'
import { killQuestion, unblockQuestion } from './connection/client-kill.ts'
import { clientLine } from './connection/client-line.ts'
import { listQuestion } from './connection/client-list.ts'
import { pauseQuestion } from './connection/client-pause.ts'
import { existsQuestion } from './connection/client-tracking.ts'
import { publishQuestion } from './pubsub/publish.ts'
import { countsQuestion, namesQuestion } from './pubsub/pubsub.ts'
import { flushQuestion, loadQuestion } from './scripting/script.ts'
import { resetQuestion } from './server/config.ts'
import { sleepQuestion } from './server/debug.ts'
import { replyRoomQuestion, switchQuestion } from './server/debug-switches.ts'

/** What others are told of a client. */
interface Who {
  readonly address: string
  readonly name: string
  readonly user: string
  /** As CLIENT LIST shows it. */
  readonly line: string
}

/** Who the client with this id is, undefined once it is gone. */
const whoQuestion: Question<number, Who | undefined> = {
  name: 'client-who',
  answer(router, id) {
    const client = router.clients.get(id)
    if (client === undefined) return undefined
    const { address, name, user } = client
    return { address, name, user, line: clientLine(client, undefined, Date.now()) }
  },
}

export const questions: readonly Question<never, unknown>[] = [
  whoQuestion,
  killQuestion,
  unblockQuestion,
  listQuestion,
  pauseQuestion,
  existsQuestion,
  resetQuestion,
  sleepQuestion,
  publishQuestion,
  namesQuestion,
  countsQuestion,
  switchQuestion,
  replyRoomQuestion,
  loadQuestion,
  flushQuestion,
]
