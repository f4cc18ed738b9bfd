// MONITOR: clients that are shown every command, whichever router it came to. A word in the control block counts them
// over all routers, so that without one a command costs a look at it and nothing else.

import { monitorLine } from '../commands/server/monitor-line.ts'
import type { Entry } from '../commands/table.ts'
import type { Request } from '../protocol/request.ts'
import { CONTROL, controlAdd } from '../shared/control.ts'
import type { Connection } from './connection.ts'
import type { Link } from './link.ts'

const MONITORS_WORD = CONTROL.MONITORS / 4

export class Monitors {
  readonly #control: Int32Array
  readonly #link: Link
  readonly #routers: number
  readonly #own = new Set<Connection>()
  /** What the EVALSHA at hand names: its request has the script itself in that place. */
  sha = ''

  constructor(control: Int32Array, link: Link, routers: number) {
    this.#control = control
    this.#link = link
    this.#routers = routers
    link.onTold('monitor', line => this.#show(line as string))
  }

  add(client: Connection): void {
    if (this.#own.has(client)) return
    this.#own.add(client)
    client.isMonitor = true
    controlAdd(this.#control, CONTROL.MONITORS, 1)
  }

  remove(client: Connection): void {
    if (!this.#own.delete(client)) return
    client.isMonitor = false
    controlAdd(this.#control, CONTROL.MONITORS, -1)
  }

  /** Whether anybody monitors. */
  get any(): boolean {
    return this.#control[MONITORS_WORD] !== 0
  }

  /** Shows a command that is about to run, in database `db`, on behalf of `address`. */
  command(entry: Entry, req: Request, db: number, address: string): void {
    this.show(this.line(entry, req, db, address))
  }

  /** How a command is shown; undefined for one that is not. */
  line(entry: Entry, req: Request, db: number, address: string): string | undefined {
    return monitorLine(entry, req, db, address, this.sha)
  }

  /** Shows a line to all clients that monitor. */
  show(line: string | undefined): void {
    if (line === undefined) return
    this.#show(line)
    if (this.#routers > 1) this.#link.tell('monitor', line)
  }

  #show(line: string): void {
    if (this.#own.size === 0) return
    const bytes = Buffer.from(line, 'latin1')
    for (const client of this.#own) client.output().raw(bytes)
  }
}
