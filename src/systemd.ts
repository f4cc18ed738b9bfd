// The service manager's side of the process: what systemd is told (READY, RELOADING, STOPPING, STATUS, WATCHDOG), and the
// sockets that it hands over (LISTEN_FDS).
//
// Node.js cannot send to Unix sockets of datagrams, and the npm packages that can are native builds. So messages go
// through systemd's own `systemd-notify`, which is there wherever systemd is; the unit therefore says NotifyAccess=all.
// Messages are sent one after the other, in their order.

/** systemd looks for a sign of life within WATCHDOG_USEC; one is sent thrice as often. */
const SIGNS_PER_PERIOD = 3
const NOTIFY_MS_MAX = 5000

/** The variables that the service manager sets. */
export type ServiceEnvironment = Readonly<Record<string, string | undefined>>

/** Sends fields such as `READY=1` to the service manager. */
export type Notify = (fields: readonly string[]) => Promise<void>

/** What systemd is asked to look after. */
export interface Watched {
  /** Resolves while everything works; a sign of life is sent each time it does. */
  check(): Promise<unknown>
  /** A line for `systemctl status`. */
  status(): string
}

export class Systemd {
  readonly #notify: Notify
  readonly #environment: ServiceEnvironment
  #timer: NodeJS.Timeout | undefined
  #last: Promise<void> = Promise.resolve()

  constructor(environment: ServiceEnvironment = process.env, notify: Notify = runSystemdNotify) {
    this.#environment = environment
    this.#notify = notify
  }

  /** Whether a service manager listens. */
  get isThere(): boolean {
    return (this.#environment.NOTIFY_SOCKET ?? '') !== ''
  }

  /** Sends fields, behind those that are on their way. Rejects if that fails. */
  send(...fields: readonly string[]): Promise<void> {
    if (!this.isThere) return Promise.resolve()
    this.#last = this.#last.catch(() => undefined).then(() => this.#notify(fields))
    return this.#last
  }

  /** Resolves once nothing is on its way any more. */
  get idle(): Promise<void> {
    return this.#last.catch(() => undefined)
  }

  ready(status: string): Promise<void> {
    return this.send('READY=1', `STATUS=${status}`)
  }

  /** The configuration is being read again; `ready` ends it. */
  reloading(): Promise<void> {
    return this.send('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`, 'STATUS=Reading configuration')
  }

  stopping(): Promise<void> {
    clearInterval(this.#timer)
    return this.send('STOPPING=1', 'STATUS=Ending')
  }

  /** How often systemd wants a sign of life, in milliseconds; 0 for never. */
  get watchdogMs(): number {
    const { WATCHDOG_USEC, WATCHDOG_PID } = this.#environment
    // Meant for another process: a wrapper around this one, say.
    if (WATCHDOG_PID !== undefined && Number(WATCHDOG_PID) !== process.pid) return 0
    const ms = Number(WATCHDOG_USEC ?? 0) / 1000
    return ms > 0 ? ms / SIGNS_PER_PERIOD : 0
  }

  /** Sends signs of life for as long as the check succeeds. A thread that hangs makes systemd start the process anew. */
  watch(watched: Watched): void {
    if (!this.isThere || this.watchdogMs === 0) return
    let isChecking = false
    this.#timer = setInterval(async () => {
      // The last check has not come back: no sign of life.
      if (isChecking) return
      isChecking = true
      try {
        await watched.check()
        await this.send('WATCHDOG=1', `STATUS=${watched.status()}`)
      } catch {
        // What fails here says so by the missing sign.
      }
      isChecking = false
    }, this.watchdogMs)
    this.#timer.unref()
  }
}

function runSystemdNotify(fields: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    // Loaded only here: most servers have no systemd to talk to.
    const { execFile } = process.getBuiltinModule('node:child_process')
    execFile('systemd-notify', [...fields], { timeout: NOTIFY_MS_MAX }, error => {
      if (error === null) resolve()
      else reject(new Error(`systemd-notify failed: ${error.message}`, { cause: error }))
    })
  })
}

/** Descriptors of other things come first. */
const FIRST_FD = 3

/** The descriptors of the listening sockets that the service manager has opened for this process. */
export function inheritedSockets(environment: ServiceEnvironment = process.env): number[] {
  const { LISTEN_PID, LISTEN_FDS } = environment
  const count = Number(LISTEN_FDS)
  if (Number(LISTEN_PID) !== process.pid || !(count > 0)) return []
  return Array.from({ length: count }, (_, i) => FIRST_FD + i)
}
