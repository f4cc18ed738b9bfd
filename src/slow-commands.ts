// Commands that took long, as the threads report them: into the slow log and the latency monitor.

import type { Config } from './config/config.ts'
import { LatencyLog } from './latency-log.ts'
import type { SlowCommand } from './shard/sink.ts'
import { SlowLog } from './slow-log.ts'
import type { Supervisor } from './supervisor.ts'

export class SlowCommands {
  readonly slowLog = new SlowLog()
  readonly latencyLog = new LatencyLog()
  readonly #config: Config
  readonly #supervisor: Supervisor
  /** Clients' names that are being asked for. */
  readonly #asked = new Set<Promise<void>>()

  /** Questions being answered, and what routers have reported meanwhile. */
  #questions = 0
  readonly #later: SlowCommand[] = []

  constructor(config: Config, supervisor: Supervisor) {
    this.#config = config
    this.#supervisor = supervisor
    supervisor.on('slow', command => {
      if (this.#questions > 0 && command.address !== '') this.#later.push(command)
      else this.#note(command)
    })
    config.onChange(update => {
      if ('slowlog-max-len' in update) this.slowLog.trim(config.number('slowlog-max-len'))
    })
  }

  #note(command: SlowCommand): void {
    const { at, client, fast, unlogged, microseconds, address } = command
    const watch = this.#config.number('latency-monitor-threshold')
    if (watch > 0 && microseconds >= watch * 1000) {
      this.latencyLog.add(fast ? 'fast-command' : 'command', Math.floor(at / 1000), Math.floor(microseconds / 1000))
    }
    const threshold = this.#config.number('slowlog-log-slower-than')
    if (unlogged || threshold < 0 || microseconds < threshold) return
    const entry = this.slowLog.add(command, this.#config.number('slowlog-max-len'))
    if (address !== '' || client === 0) return
    // A shard's thread knows the client's id only.
    const { routers } = this.#supervisor.memory.shape
    const asked = this.#supervisor.ask((client - 1) % routers, 'client-who', client).then(answer => {
      const who = answer as { address: string; name: string } | undefined
      entry.address = who?.address ?? ''
      entry.clientName = who?.name ?? ''
      this.#asked.delete(asked)
    })
    this.#asked.add(asked)
  }

  /**
   * Answers a question about what took long, from all that was reported before it: reports of shards' threads may still
   * be on their way. Routers' reports come in order, so one that comes meanwhile is about the question itself, or later.
   */
  async whenNoted<Answer>(answer: () => Answer): Promise<Answer> {
    this.#questions++
    await new Promise(resolve => setImmediate(resolve))
    await Promise.all(this.#asked)
    const given = answer()
    this.#questions--
    if (this.#questions === 0) for (const command of this.#later.splice(0)) this.#note(command)
    return given
  }
}
