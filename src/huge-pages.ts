// Huge pages for the data. A look-up meets memory it has not seen for long; with pages of 4 KiB the processor then also
// misses the page's address, which costs a third of the time. Redis advises against huge pages, because a fork would
// copy 2 MiB for every byte that is written meanwhile; nothing is forked here.
//
// Most systems give huge pages only to programs that ask (`madvise`). Node.js cannot ask, the C library can: malloc asks
// for what it maps if GLIBC_TUNABLES says so when the program starts (restart.ts). A program that embeds a server sets it
// itself, or does without. GLIBC_TUNABLES=glibc.malloc.hugetlb=0 keeps all as it was.

import { readFileSync } from 'node:fs'

const TUNABLE = 'glibc.malloc.hugetlb'

/** Whether malloc was told to ask for huge pages. */
export function mallocAsksForHugePages(environment: NodeJS.ProcessEnv): boolean {
  return (environment.GLIBC_TUNABLES ?? '').split(':').includes(`${TUNABLE}=1`)
}

/**
 * What GLIBC_TUNABLES is to be, for malloc to ask; undefined if that would change nothing, or somebody has decided.
 * `mode` is the kernel's own line.
 */
export function tunablesForHugePages(tunables: string | undefined, mode: string): string | undefined {
  if (tunables?.includes(TUNABLE) || !mode.includes('[madvise]')) return undefined
  return tunables ? `${tunables}:${TUNABLE}=1` : `${TUNABLE}=1`
}

/** `always [madvise] never`, the word in brackets being the one in force; empty where the system has none. */
export function hugePagesMode(): string {
  try {
    return readFileSync('/sys/kernel/mm/transparent_hugepage/enabled', 'latin1')
  } catch {
    return ''
  }
}
