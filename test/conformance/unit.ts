// Runs one unit of the suite and watches it.
//
// Each unit gets a network and a process namespace of its own where the machine allows it: only loopback is there,
// ports never clash, and nothing outlives the unit. When nothing happens for too long the servers are killed, which
// fails the test that hung and lets the others go on. A suite that computes does not hang, however slow a busy machine
// makes it.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { closeSync, openSync, readdirSync, readFileSync, readSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { closeEvents, noEvents, takeEvent, type UnitEvents } from './events.ts'
import type { BaselineRow } from './tables.ts'

/** How a unit is to be run. */
export type UnitOptions = {
  /** The folder that layOutSuite made; one unit at a time may use it. */
  readonly folder: string
  /** Where UNIT.out and UNIT.events go. */
  readonly logs: string
  /** Single tests to run: a name, or /regular expression. */
  readonly only: readonly string[]
  readonly isolated: boolean
  readonly basePort: number
}

/** How a unit ended: by itself, by its time limit, or because nothing moved even without servers. */
export type UnitEnd = 'ended' | 'over its time' | 'hung'

const NAMESPACES = ['--net', '--pid', '--fork', '--kill-child', '--mount-proc', '--']
const IN_NAMESPACE = ['sh', '-c', 'ip link set lo up && "$@"', 'sh']

/** How long the suite is watched before it is taken to hang. */
const COMPUTING_MS = 4000

/** Units that run now, to be ended with us. */
const running = new Set<ChildProcess>()

process.on('exit', () => {
  for (const child of running) endTree(child)
})

/** Whether this machine lets us make namespaces (it takes root). */
export function canIsolate(): boolean {
  return spawnSync('unshare', [...NAMESPACES, ...IN_NAMESPACE, 'true']).status === 0
}

/** Runs the unit; a server under test may take several times what redis-server takes, and no longer. */
export async function runUnit(
  unit: string,
  baseline: BaselineRow | undefined,
  options: UnitOptions,
): Promise<{ events: UnitEvents; end: UnitEnd; seconds: number }> {
  const limitMs = 1000 * (baseline ? 120 + 5 * baseline.seconds : 900)
  const stallMs = 1000 * (baseline ? Math.min(240, Math.max(30, 20 + 3 * baseline.gapSeconds)) : 120)
  const log = join(options.logs, unit.replaceAll('/', '_'))
  writeFileSync(`${log}.events`, '')
  const output = openSync(`${log}.out`, 'w')
  const child = startSuite(unit, limitMs, log, output, options)
  const eventFile = openSync(`${log}.events`, 'r')
  const events = noEvents()
  const reader = lineReader(eventFile, line => takeEvent(events, line))
  const started = Date.now()
  let moved = started
  let kills = 0
  let end: UnitEnd = 'ended'
  while (child.exitCode === null && child.signalCode === null) {
    await sleep(100)
    if (reader()) {
      moved = Date.now()
      kills = 0
    }
    if (Date.now() - started > limitMs) end = 'over its time'
    else if (Date.now() - moved > (kills === 0 ? stallMs : 30_000)) {
      if (!(await isComputing(child))) {
        if (kills === 2 || killServers(child) === 0) end = 'hung'
        kills++
      }
      moved = Date.now()
    }
    if (end !== 'ended') break
  }
  endTree(child)
  running.delete(child)
  reader()
  closeSync(eventFile)
  closeSync(output)
  closeEvents(events, end === 'ended' ? 'the unit ended in the middle of this test' : end)
  return { events, end, seconds: (Date.now() - started) / 1000 }
}

function startSuite(unit: string, limitMs: number, log: string, output: number, options: UnitOptions): ChildProcess {
  const suite = ['./runtest', '--single', unit, '--clients', '1', '--durable', '--dont-clean', '--no-latency']
  suite.push('--baseport', String(options.basePort), '--portcount', '500')
  suite.push('--timeout', String(Math.ceil(limitMs / 1000) + 60))
  for (const name of options.only) suite.push('--only', name)
  const words = options.isolated ? ['unshare', ...NAMESPACES, ...IN_NAMESPACE, ...suite] : suite
  const child = spawn(words[0], words.slice(1), {
    cwd: options.folder,
    // A process group of its own, so that the whole of it can be ended.
    detached: true,
    stdio: ['ignore', output, output],
    env: { ...process.env, CONFORMANCE_EVENTS: `${log}.events`, LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', TERM: 'dumb' },
  })
  running.add(child)
  return child
}

/** A function that hands on the lines written since it was last called, and says whether there were any. */
function lineReader(file: number, take: (line: string) => void): () => boolean {
  const chunk = Buffer.alloc(1 << 16)
  let rest = ''
  return () => {
    let any = false
    for (let length = readSync(file, chunk); length > 0; length = readSync(file, chunk)) {
      const lines = (rest + chunk.toString('latin1', 0, length)).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) take(line)
      any = true
    }
    return any
  }
}

/** All processes below this one. */
function descendants(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = readProc(`/proc/${name}/stat`)
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
    children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  const found = [...(children.get(root) ?? [])]
  for (let i = 0; i < found.length; i++) found.push(...(children.get(found[i]) ?? []))
  return found
}

function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // it has ended meanwhile
  }
}

function signal(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL')
  } catch {
    return false // it has ended meanwhile
  }
}

/** The unit's processes: the suite's own, or what its tests have started. */
function processesOf(child: ChildProcess, whose: 'suite' | 'tests'): number[] {
  return descendants(child.pid ?? -1).filter(pid => {
    const words = readProc(`/proc/${pid}/cmdline`)
    const isSuite = /test_helper\.tcl|runtest|ip link set lo up/.test(words)
    return words !== '' && isSuite === (whose === 'suite')
  })
}

/** Kills what the unit's tests have started, not the suite itself; how many that were. */
const killServers = (child: ChildProcess): number => processesOf(child, 'tests').filter(signal).length

/** Milliseconds for which a process has had a processor or waited for one. */
function busyMs(pid: number): number {
  const [ran, waited] = readProc(`/proc/${pid}/schedstat`).split(' ')
  return (Number(ran || 0) + Number(waited || 0)) / 1e6
}

/** Whether the suite's own processes are at work, rather than asleep until a server answers. */
async function isComputing(child: ChildProcess): Promise<boolean> {
  const pids = processesOf(child, 'suite')
  const before = pids.map(busyMs)
  await sleep(COMPUTING_MS)
  return pids.some((pid, i) => busyMs(pid) - before[i] > COMPUTING_MS / 4)
}

function endTree(child: ChildProcess): void {
  if (child.pid === undefined) return
  const pids = descendants(child.pid)
  signal(-child.pid)
  for (const pid of pids) signal(pid)
}
