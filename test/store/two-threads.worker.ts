// The other thread of two-threads.test.ts.

import { workerData } from 'node:worker_threads'
import { arenaAttach } from '../../src/store/arena.ts'
import { keyspaceOn } from '../support/keyspace.ts'
import { takeTurns } from './two-threads.ts'

takeTurns(keyspaceOn((workerData.buffers as SharedArrayBuffer[]).map(arenaAttach)), 1, workerData)
