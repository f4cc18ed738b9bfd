// The questions that commands ask of every router, by name: see Question.

import type { Question } from './client.ts'
import { killQuestion, unblockQuestion } from './connection/client-kill.ts'
import { listQuestion } from './connection/client-list.ts'
import { pauseQuestion } from './connection/client-pause.ts'
import { existsQuestion } from './connection/client-tracking.ts'
import { publishQuestion } from './pubsub/publish.ts'
import { countsQuestion, namesQuestion } from './pubsub/pubsub.ts'
import { flushQuestion, loadQuestion } from './scripting/script.ts'
import { resetQuestion } from './server/config.ts'
import { sleepQuestion } from './server/debug.ts'
import { replyRoomQuestion, switchQuestion } from './server/debug-switches.ts'

/** Where a client comes from and what it is called, by its id. */
const whoQuestion: Question<number, { address: string; name: string } | undefined> = {
  name: 'client-who',
  answer(router, id) {
    const client = router.clients.get(id)
    return client === undefined ? undefined : { address: client.address, name: client.name }
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
