// The entry of a shard's thread.

import { workerData } from 'node:worker_threads'
import { ShardThread } from './shard-thread.ts'
import type { ShardData } from './thread-data.ts'

new ShardThread(workerData as ShardData).run()
