// The entry of a shard's thread: loads the code, then waits for its work.

import { parentPort } from 'node:worker_threads'
import { keepCompiled, useCompileCache } from '../shared/compile-cache.ts'
import type { ShardData } from './thread-data.ts'

useCompileCache()
const { ShardThread } = await import('./shard-thread.ts')
keepCompiled()
parentPort?.once('message', (data: ShardData) => new ShardThread(data).run())
