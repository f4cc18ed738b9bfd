// Bundles the program for publishing, a file for each entry and few they share: four threads that load three hundred
// modules each spend 1.7 s of processor time on starting, with bundles a quarter of that. The types come from tsc.

import { cpSync } from 'node:fs'
import { defineConfig } from 'rolldown'
import manifest from './package.json' with { type: 'json' }

const { dependencies } = manifest

/** What more than one thread needs. */
const CORE = /src\/(shared\/(?!compile-cache)|protocol|store|commands|persist|replica|shard)\//
/** All that the thread which writes a snapshot's files needs: it starts while clients are served, and so must start fast. */
const WRITER =
  /src\/(bytes\/(assert|byte-array|copy|crc16|crc64|integers|lzf)|shared\/(doorbell|ring|snapshot-block)|store\/rdb\/(damage|format|sink|skip|source)|persist\/(errors|long-string|manifest|publish|rdb-frame|recode|saved|snapshot-reader|write-files))\.ts$/
/** What the syncer needs beside. */
const SYNCER =
  /src\/(shared\/(control|lock|log-block|sleep)|persist\/(aof-manifest|commit-journal|commit-recovery|log-layout|log-syncs|log-writes|sync-task))\.ts$/
/** What a thread that loads a snapshot needs beside. */
const LOADER = /src\/(shared\/(?!compile-cache)|store\/|persist\/(byte-feed|load-copy|load-file|old-values|rdb-load))/

export default defineConfig({
  input: {
    cli: 'src/cli.ts',
    index: 'src/index.ts',
    'memory-server': 'src/memory-server.ts',
    'http/worker': 'src/http/worker.ts',
    'shard/worker': 'src/shard/worker.ts',
    'persist/worker': 'src/persist/worker.ts',
  },
  platform: 'node',
  external: [/^node:/, ...Object.keys(dependencies)],
  // The status page is served as it is written.
  plugins: [{ name: 'page', writeBundle: () => cpSync('src/http/page', 'dist/page', { recursive: true }) }],
  output: {
    dir: 'dist',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
    comments: false,
    // Few files: each costs its thread half a millisecond. The configuration is read before the threads are started and so
    // stands apart, and so does what turns the compile cache on.
    codeSplitting: {
      groups: [
        { name: 'write-files', test: WRITER, priority: 3 },
        { name: 'sync', test: SYNCER, priority: 1 },
        { name: 'config', test: /src\/(bytes|config)\//, priority: 2 },
        { name: 'store', test: LOADER },
        { name: 'core', test: CORE, minShareCount: 2 },
      ],
    },
  },
})
