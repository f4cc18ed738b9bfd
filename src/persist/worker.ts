// The entry of the pool's threads: the tasks, by name. Each loads its code when it is asked for first.

import { useCompileCache } from '../shared/compile-cache.ts'

useCompileCache()

type LoadFile = typeof import('./load-file.ts')
type LoadCopy = typeof import('./load-copy.ts')
type Publish = typeof import('./publish.ts')
type WriteFiles = typeof import('./write-files.ts')
type Replay = typeof import('./replay.ts')
type Sync = typeof import('./sync-task.ts')
type WriteBases = typeof import('./write-bases.ts')

export const loadFile = async (task: Parameters<LoadFile['loadFile']>[0]): Promise<unknown> =>
  (await import('./load-file.ts')).loadFile(task)
export const loadCopy = async (task: Parameters<LoadCopy['loadCopy']>[0]): Promise<unknown> =>
  (await import('./load-copy.ts')).loadCopy(task)
export const publishSnapshot = async (task: Parameters<Publish['publishSnapshot']>[0]): Promise<unknown> =>
  (await import('./publish.ts')).publishSnapshot(task)
/** Loads what `writeFiles` runs. */
export const readyWriter = async (): Promise<void> => {
  await import('./write-files.ts')
}
export const writeFiles = async (task: Parameters<WriteFiles['writeFiles']>[0]): Promise<unknown> =>
  (await import('./write-files.ts')).writeFiles(task)
export const replayLogs = async (task: Parameters<Replay['replayLogs']>[0]): Promise<unknown> =>
  (await import('./replay.ts')).replayLogs(task)
export const syncLogs = async (task: Parameters<Sync['syncLogs']>[0]): Promise<unknown> =>
  (await import('./sync-task.ts')).syncLogs(task)
export const removeFiles = async (task: Parameters<WriteBases['removeFiles']>[0]): Promise<unknown> =>
  (await import('./write-bases.ts')).removeFiles(task)
export const writeBases = async (task: Parameters<WriteBases['writeBases']>[0]): Promise<unknown> =>
  (await import('./write-bases.ts')).writeBases(task)
