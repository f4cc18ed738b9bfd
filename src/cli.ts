#!/usr/bin/env node
// The command line: skep-server [FILE] [--directive value …].

import { parseCommandLine } from './config/command-line.ts'
import { loadConfig } from './config/load.ts'
import { runServer } from './server.ts'

const command = parseCommandLine(process.argv.slice(2))
if (command.action !== 'run') {
  const stream = command.action === 'refuse' ? process.stderr : process.stdout
  stream.write(command.text)
  process.exitCode = command.action === 'refuse' ? 1 : 0
} else {
  const result = loadConfig(command)
  if ('fatal' in result) {
    process.stderr.write(result.fatal.text)
    process.exitCode = 1
  } else {
    await runServer(result.loaded)
  }
}
