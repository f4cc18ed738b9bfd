// The entry of a router's thread: loads the code, then waits for its work.

import { parentPort } from 'node:worker_threads'
import { keepCompiled, useCompileCache } from '../shared/compile-cache.ts'

useCompileCache()
const { begin } = await import('./thread.ts')
parentPort?.once('message', begin)
keepCompiled()
