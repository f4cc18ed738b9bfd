// The entry of a router's thread.

import { workerData } from 'node:worker_threads'
import type { RouterData } from '../shard/thread-data.ts'
import { Router } from './router.ts'

new Router(workerData as RouterData).ready()
