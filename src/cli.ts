#!/usr/bin/env node
// The command line: skep [FILE] [--directive value …] runs a server, skep SUBCOMMAND does something else.

import { findSubcommand } from './cli/subcommands.ts'
import type { Sources } from './config/load.ts'
import { restartForHugePages } from './huge-pages.ts'
import { keepCompiled, useCompileCache } from './shared/compile-cache.ts'

useCompileCache()
const argv = process.argv.slice(2)
const subcommand = findSubcommand(argv[0])
if (subcommand !== undefined) {
  const { runSubcommand } = await import('./cli/subcommand.ts')
  process.exitCode = await runSubcommand(subcommand, argv.slice(1))
} else {
  const { parseCommandLine } = await import('./config/command-line.ts')
  const command = parseCommandLine(argv)
  if (command.action === 'run') {
    restartForHugePages()
    await serve(command)
  } else if (command.action === 'help') {
    const { helpText } = await import('./cli/help.ts')
    process.stdout.write(helpText())
  } else if (command.action === 'version') {
    process.stdout.write(command.text)
  } else {
    process.stderr.write(command.text)
    process.exitCode = 1
  }
}

async function serve(sources: Sources): Promise<void> {
  const [{ loadConfig }, { Threads, threadPlan }] = await Promise.all([
    import('./config/load.ts'),
    import('./threads.ts'),
  ])
  const result = loadConfig(sources)
  if ('fatal' in result) {
    process.stderr.write(result.fatal.text)
    process.exitCode = 1
    return
  }
  const { config } = result.loaded
  if (config.bool('daemonize')) {
    const { detach, shouldDetach } = await import('./daemon.ts')
    if (shouldDetach(config)) return detach()
  }
  const threads = new Threads(threadPlan(config))
  const { runServer } = await import('./run.ts')
  await runServer(result.loaded, sources, threads)
  keepCompiled()
}
