// What a server's process costs, read from /proc: processor time of all its threads, resident memory.

import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** The kernel counts processor time in these; 100 a second on every Linux that Node runs on. */
const TICK_MICROSECONDS = 10_000

/** Processor time in µs that the process has used so far, in user and kernel mode, all threads together. */
export function cpuMicroseconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name in brackets may hold blanks; utime and stime are the 12th and 13th field behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MICROSECONDS
}

function status(pid: number, field: string): number {
  const line = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  if (line === null) throw new Error(`/proc/${pid}/status has no ${field}`)
  return Number(line[1]) * 1024
}

/** Resident memory in bytes. */
export function residentBytes(pid: number): number {
  return status(pid, 'VmRSS')
}

/** The most resident memory since the start, or since `forgetPeak`. */
export function peakBytes(pid: number): number {
  return status(pid, 'VmHWM')
}

/** Lets the peak start anew from what is resident now. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

/** Resident memory once it has stopped changing: freeing and collecting go on after the last reply. */
export async function settledBytes(pid: number): Promise<number> {
  let before = residentBytes(pid)
  for (let i = 0; i < 20; i++) {
    await sleep(500)
    const now = residentBytes(pid)
    if (Math.abs(now - before) < 1 << 20) return now
    before = now
  }
  return before
}
