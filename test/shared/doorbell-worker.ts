// The other thread of doorbell.test.ts: answers every ball it finds in its field with one in the other's.

import { workerData } from 'node:worker_threads'
import { playDoorbell } from './doorbell-game.ts'

playDoorbell(workerData.words, 1, workerData.rounds)
