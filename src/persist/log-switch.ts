// Says where what threads log goes to: which files, or nowhere. That changes only while every shard is locked, so that each
// change is wholly in the one file or the other, and a change over several shards is in files of one kind. Main thread.

import { fstatSync } from 'node:fs'
import { LISTENER } from '../commands/journal.ts'
import { CONTROL, controlFlag, controlSet } from '../shared/control.ts'
import { LOGS, type LogBlock, type LogsBlock } from '../shared/log-block.ts'
import { Barrier } from './barrier.ts'
import type { ThreadLog } from './thread-log.ts'

export class LogSwitch {
  readonly #control: Int32Array
  readonly #logs: LogsBlock
  readonly #blocks: readonly LogBlock[]
  readonly #writer: ThreadLog
  readonly #barrier: Barrier

  constructor(control: Int32Array, logs: LogsBlock, blocks: readonly LogBlock[], writer: ThreadLog) {
    this.#control = control
    this.#logs = logs
    this.#blocks = blocks
    this.#writer = writer
    this.#barrier = new Barrier(control, blocks.length)
  }

  /** Runs `work` while every shard is locked: see Barrier. */
  atBarrier(work: () => void): Promise<boolean> {
    return this.#barrier.at(work)
  }

  /** Has the threads log to these files, or, without any, not at all; at a barrier. What was taken down goes to the old ones. */
  to(fds: readonly number[]): void {
    this.#writer.commitAll()
    for (const [shard, block] of this.#blocks.entries()) {
      const fd = fds[shard] ?? -1
      block.lock()
      if (block.pending > 0) block.forget()
      this.#writer.forgive(block)
      // The syncer syncs and closes it.
      if (block.fd >= 0) block.oldFd = block.fd
      block.fd = fd
      block.second = 0
      this.#measure(block)
      block.unlock()
    }
    this.#logs.add(LOGS.SWITCHES, 1)
    this.#listen(fds.length > 0)
    this.#logs.ring()
  }

  /** The files' ends may be elsewhere, and other databases selected there. */
  #measure(block: LogBlock): void {
    block.db = -1
    block.size = block.fd < 0 ? 0 : fstatSync(block.fd).size
  }

  /** Has nothing logged until `goOn`; at a barrier. */
  pause(): void {
    this.#writer.commitAll()
    this.#listen(false)
  }

  /** Logs to the same files again, if there are any, which may have got shorter or longer; at a barrier. */
  goOn(): void {
    if (this.#blocks.some(block => block.fd < 0)) return
    for (const block of this.#blocks) {
      block.lock()
      this.#measure(block)
      block.unlock()
    }
    this.#logs.add(LOGS.SWITCHES, 1)
    this.#listen(true)
  }

  #listen(isOn: boolean): void {
    const listeners = controlFlag(this.#control, CONTROL.JOURNAL)
    controlSet(this.#control, CONTROL.JOURNAL, isOn ? listeners | LISTENER.LOG : listeners & ~LISTENER.LOG)
  }

  /** Until the syncer has closed the files that were replaced last. */
  async whenOldAreClosed(): Promise<void> {
    while (this.#blocks.some(block => block.oldFd >= 0)) {
      this.#logs.ring()
      await new Promise(resolve => setTimeout(resolve, 1))
    }
  }
}
