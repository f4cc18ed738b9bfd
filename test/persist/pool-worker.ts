// Tasks that tell on which thread they run: what pool.test.ts has the pool start.

import { threadId } from 'node:worker_threads'

export const readyWriter = (): number => threadId
export const writeFiles = (): number => threadId
export const publishSnapshot = (): number => threadId
export const removeFiles = (): number => threadId
