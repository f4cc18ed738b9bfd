// The entry of a router's thread.

import { workerData } from 'node:worker_threads'
import { renameCommands } from '../commands/table.ts'
import type { RouterData } from '../shard/thread-data.ts'
import { Router } from './router.ts'

const data = workerData as RouterData
renameCommands(data.renames)
new Router(data).ready()
