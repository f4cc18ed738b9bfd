// Puts what this process changes into the replication stream.

import { type JournalConsumer, type JournalRecord, LISTENER } from '../commands/journal.ts'
import type { ReplicationStream } from './stream.ts'

const MULTI = Buffer.from('*1\r\n$5\r\nMULTI\r\n')
const EXEC = Buffer.from('*1\r\n$4\r\nEXEC\r\n')

/**
 * Takes the records of one thread. A replica passes on its master's stream instead, byte for byte: see MasterLink.
 *
 * Commands of a pipeline lie one behind the other where they were read: they are appended as one run of bytes.
 */
export class StreamConsumer implements JournalConsumer {
  readonly bit = LISTENER.REPLICAS
  readonly #stream: ReplicationStream
  /** The run put off, all of it about #runDb: #run[#runStart … #runEnd). */
  #run: Uint8Array | undefined
  #runStart = 0
  #runEnd = 0
  #runDb = 0

  constructor(stream: ReplicationStream) {
    this.#stream = stream
  }

  append(record: JournalRecord): void {
    if (record.stays && this.#run === record.u8 && this.#runEnd === record.start(0) && this.#runDb === record.db(0)) {
      this.#runEnd = record.end(0)
      return
    }
    this.catchUp()
    if (this.#stream.block.isReplica) return
    if (record.stays) {
      this.#run = record.u8
      this.#runStart = record.start(0)
      this.#runEnd = record.end(0)
      this.#runDb = record.db(0)
    } else this.#append(record)
  }

  #append(record: JournalRecord): void {
    const stream = this.#stream
    const { block } = stream
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

  catchUp(): void {
    const run = this.#run
    if (run === undefined) return
    this.#run = undefined
    const stream = this.#stream
    const { block } = stream
    block.lock()
    if (stream.isActive) stream.addInDatabase(this.#runDb, run, this.#runStart, this.#runEnd - this.#runStart)
    block.unlock()
  }
}
