// Huge pages for the data. A look-up meets memory it has not seen for long; with pages of 4 KiB the processor then also
// misses the page's address, which costs a third of the time. Redis advises against huge pages, because a fork would
// copy 2 MiB for every byte that is written meanwhile; nothing is forked here.
//
// Most systems give huge pages only to programs that ask (`madvise`). Node.js cannot ask, the C library can: malloc asks
// for what it maps if GLIBC_TUNABLES says so when the program starts. The command line therefore replaces its process by
// itself, once, with that variable set. A program that embeds a server sets it itself, or does without.
// GLIBC_TUNABLES=glibc.malloc.hugetlb=0 keeps all as it was.

import { readFileSync } from 'node:fs'

const TUNABLE = 'glibc.malloc.hugetlb'
/** Set for the process that took the first one's place: where the system drops GLIBC_TUNABLES, there is no third. */
const MARK = 'SKEP_RESTARTED'

/** Whether malloc was told to ask for huge pages. */
export function mallocAsksForHugePages(environment: NodeJS.ProcessEnv): boolean {
  return (environment.GLIBC_TUNABLES ?? '').split(':').includes(`${TUNABLE}=1`)
}

/** The environment to start again with; undefined if this would change nothing. `mode` is the kernel's own line. */
export function withHugePages(environment: NodeJS.ProcessEnv, mode: string): NodeJS.ProcessEnv | undefined {
  const { GLIBC_TUNABLES: tunables, ...others } = environment
  // Node.js would close the sockets that it was given.
  if (others.LISTEN_FDS !== undefined) return undefined
  if (others[MARK] !== undefined || tunables?.includes(TUNABLE) || !mode.includes('[madvise]')) return undefined
  return { ...others, [MARK]: '1', GLIBC_TUNABLES: tunables ? `${tunables}:${TUNABLE}=1` : `${TUNABLE}=1` }
}

/** Starts this program again in its own process if that is how it gets huge pages; does not return then. */
export function restartForHugePages(): void {
  const environment = withHugePages(process.env, kernelMode())
  if (environment === undefined || process.execve === undefined) return
  const [, script, ...args] = process.argv
  process.execve(process.execPath, [process.execPath, ...process.execArgv, script, ...args], environment)
}

/** `always [madvise] never`, the word in brackets being the one in force; empty where the system has none. */
function kernelMode(): string {
  try {
    return readFileSync('/sys/kernel/mm/transparent_hugepage/enabled', 'latin1')
  } catch {
    return ''
  }
}
