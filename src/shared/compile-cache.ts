// What the compiler has made of our code, kept on disk for the next start: loading takes a third of the time then.
//
// Each thread turns it on for itself before it loads what is large, so that a program which embeds a server keeps its
// own settings. Node checks each entry against the source's hash; NODE_COMPILE_CACHE names another folder, and
// NODE_DISABLE_COMPILE_CACHE=1 does without.

import { enableCompileCache, flushCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Turns the cache on in this thread. */
export function useCompileCache(): void {
  if (process.env.NODE_COMPILE_CACHE === undefined) enableCompileCache(cacheFolder())
}

/** Writes what has been compiled in this thread: it may be ended without warning later. */
export function keepCompiled(): void {
  flushCompileCache()
}

/** Only this user's: whoever can write there decides what code runs. So not in /tmp, which Node would take. */
function cacheFolder(): string {
  const { CACHE_DIRECTORY, XDG_CACHE_HOME } = process.env
  // systemd names several folders, parted by colons, if the unit asks for several.
  if (CACHE_DIRECTORY !== undefined) return join(CACHE_DIRECTORY.split(':')[0], 'compiled')
  return join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'skep', 'compiled')
}
