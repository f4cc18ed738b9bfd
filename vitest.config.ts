import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // A process per file: tests start worker threads, servers and SharedArrayBuffers of their own.
    pool: 'forks',
    // Far beyond what anything takes: a busy machine must not make a test fail.
    testTimeout: 60_000,
    hookTimeout: 70_000,
    expect: { poll: { timeout: 30_000 } },
    teardownTimeout: 10_000,
  },
})
