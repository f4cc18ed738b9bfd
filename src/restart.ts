// What a process can be given only when it starts. The command line replaces its process by itself, once, with
//
// - GLIBC_TUNABLES, for huge pages (huge-pages.ts);
// - --v8-pool-size, the number of V8's own threads, which compile and collect. Node.js starts four on any machine. Where
//   there are fewer cores they leave one to those who serve: on two cores, at a server's first snapshot, which is when
//   much is compiled, a client waited 17 ms beside four of them and 10 ms beside one.
//
// A program that embeds a server decides itself.

import { availableParallelism } from 'node:os'
import { hugePagesMode, tunablesForHugePages } from './huge-pages.ts'

const V8_THREADS = '--v8-pool-size'
/** How many of them Node.js starts unasked. */
const V8_THREADS_USUAL = 4
/** Set for the process that took the first one's place: where the system drops what it is given, there is no third. */
const MARK = 'SKEP_RESTARTED'

/** How a process starts again. */
export interface Restart {
  readonly environment: NodeJS.ProcessEnv
  /** Of Node.js. */
  readonly options: readonly string[]
}

/**
 * How to start again; undefined if that would change nothing. `options` are those of Node.js now, `mode` is how the kernel
 * gives huge pages, and `cores` counts those that the process may use.
 */
export function restartWith(
  environment: NodeJS.ProcessEnv,
  options: readonly string[],
  mode: string,
  cores: number,
): Restart | undefined {
  // Node.js would close the sockets that it was given.
  if (environment.LISTEN_FDS !== undefined || environment[MARK] !== undefined) return undefined
  const tunables = tunablesForHugePages(environment.GLIBC_TUNABLES, mode)
  const areChosen = [environment.NODE_OPTIONS ?? '', ...options].some(word => word.includes(V8_THREADS))
  const hasFewCores = cores <= V8_THREADS_USUAL && !areChosen
  if (tunables === undefined && !hasFewCores) return undefined
  return {
    environment: { ...environment, [MARK]: '1', ...(tunables !== undefined && { GLIBC_TUNABLES: tunables }) },
    options: hasFewCores ? [...options, `${V8_THREADS}=${Math.max(1, cores - 1)}`] : options,
  }
}

/** Starts this program again in its own process if it gains by that; does not return then. */
export function restartIfUseful(): void {
  const restart = restartWith(process.env, process.execArgv, hugePagesMode(), availableParallelism())
  if (restart === undefined || process.execve === undefined) return
  const [, script, ...args] = process.argv
  process.execve(process.execPath, [process.execPath, ...restart.options, script, ...args], restart.environment)
}
