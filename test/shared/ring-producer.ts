// The sending thread of ring.test.ts.

import { workerData } from 'node:worker_threads'
import { type RingStress, sendAll } from './ring-stress.ts'

sendAll(workerData as RingStress)
