#!/usr/bin/env node
// The command line: skep [FILE] [--directive value …] runs a server, skep SUBCOMMAND does something else.

import { findSubcommand } from './cli/subcommands.ts'
import { parseCommandLine } from './config/command-line.ts'
import { keepCompiled, useCompileCache } from './shared/compile-cache.ts'

useCompileCache()
const argv = process.argv.slice(2)
const subcommand = findSubcommand(argv[0])
if (subcommand !== undefined) {
  const { runSubcommand } = await import('./cli/subcommand.ts')
  process.exitCode = await runSubcommand(subcommand, argv.slice(1))
} else {
  const command = parseCommandLine(argv)
  if (command.action === 'help') {
    const { helpText } = await import('./cli/help.ts')
    process.stdout.write(helpText())
  } else if (command.action !== 'run') {
    const stream = command.action === 'refuse' ? process.stderr : process.stdout
    stream.write(command.text)
    process.exitCode = command.action === 'refuse' ? 1 : 0
  } else {
    const [{ loadConfig }, { Threads }] = await Promise.all([import('./config/load.ts'), import('./threads.ts')])
    const result = loadConfig(command)
    if ('fatal' in result) {
      process.stderr.write(result.fatal.text)
      process.exitCode = 1
    } else {
      const { config } = result.loaded
      const threads = new Threads({ routers: config.number('routers'), shards: config.number('shards') })
      const { runServer } = await import('./server.ts')
      await runServer(result.loaded, threads)
      keepCompiled()
    }
  }
}
