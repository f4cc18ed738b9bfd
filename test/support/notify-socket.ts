// A NOTIFY_SOCKET to test with: what systemd would be told. Perl listens, since Node.js has no Unix datagrams.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const LISTENER = `
use Socket;
$| = 1;
socket(my $socket, AF_UNIX, SOCK_DGRAM, 0) or die;
bind($socket, pack_sockaddr_un($ARGV[0])) or die;
print "LISTENING\\n";
while (defined(recv($socket, my $message, 65536, 0))) { print "$message\\n"; }
`

/** Whether this machine has what it takes. */
export const hasNotify =
  spawnSync('systemd-notify', ['--version']).status === 0 && spawnSync('perl', ['-e', '1']).status === 0

export class NotifySocket {
  readonly path: string
  readonly #folder = mkdtempSync(join(tmpdir(), 'skep-notify-'))
  readonly #listener: ChildProcess
  #text = ''

  private constructor() {
    this.path = join(this.#folder, 'socket')
    this.#listener = spawn('perl', ['-e', LISTENER, this.path], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#listener.stdout?.on('data', chunk => {
      this.#text += String(chunk)
    })
  }

  static async open(): Promise<NotifySocket> {
    const made = new NotifySocket()
    await made.heard(/^LISTENING$/m)
    return made
  }

  /** All fields so far, a line each. */
  get text(): string {
    return this.#text
  }

  /** How often a field has been sent. */
  count(field: string): number {
    return this.#text.split('\n').filter(line => line === field).length
  }

  /** Resolves once what was sent matches. */
  async heard(pattern: RegExp, ms = 15_000): Promise<void> {
    const deadline = Date.now() + ms
    while (!pattern.test(this.#text)) {
      if (Date.now() > deadline) throw new Error(`${pattern} was not sent:\n${this.#text}`)
      await sleep(10)
    }
  }

  close(): void {
    this.#listener.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
