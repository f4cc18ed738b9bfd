// The entry of the pool's threads: the tasks, by name.

export { loadFile } from './load-file.ts'
export { loadCopy } from './load-copy.ts'
export { publishSnapshot } from './publish.ts'
export { writeFiles } from './write-files.ts'
export { replayLogs } from './replay.ts'
export { syncLogs } from './sync-task.ts'
export { removeFiles, writeBases } from './write-bases.ts'
