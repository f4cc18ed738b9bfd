// Puts what this process changes into the replication stream.

import { type JournalConsumer, type JournalRecord, LISTENER } from '../commands/journal.ts'
import type { ReplicationStream } from './stream.ts'

const MULTI = Buffer.from('*1\r\n$5\r\nMULTI\r\n')
const EXEC = Buffer.from('*1\r\n$4\r\nEXEC\r\n')

/** Takes the records of one thread. A replica passes on its master's stream instead, byte for byte: see MasterLink. */
export class StreamConsumer implements JournalConsumer {
  readonly bit = LISTENER.REPLICAS
  readonly #stream: ReplicationStream

  constructor(stream: ReplicationStream) {
    this.#stream = stream
  }

  append(record: JournalRecord): void {
    const stream = this.#stream
    const { block } = stream
    if (block.isReplica) return
    block.lock()
    if (stream.isActive) {
      if (record.isTransaction) stream.addInDatabase(record.db(0), MULTI, 0, MULTI.length)
      for (let i = 0; i < record.count; i++) {
        const start = record.start(i)
        stream.addInDatabase(record.db(i), record.u8, start, record.end(i) - start)
      }
      if (record.isTransaction) stream.add(EXEC, 0, EXEC.length)
    }
    block.unlock()
  }
}
