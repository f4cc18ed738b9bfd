// What a person sees first: what runs, where, and how to reach it.

import type { Config } from './config/config.ts'
import { REDIS_VERSION, SKEP_VERSION } from './config/version.ts'

const HIVE = ['    _.-._    ', '  .`-----`.  ', ' /`-------`\\ ', '|`---------`|', '|`---(_)---`|', "'-----------'"]

/** The hive with the facts beside it. Tools look for the line with ` PID: `. */
export function banner(config: Config): string {
  const facts = [
    `skep ${SKEP_VERSION}, compatible with Redis ${REDIS_VERSION}`,
    `Node.js ${process.versions.node}, ${process.platform} ${process.arch}`,
    `Port: ${config.get('port')}`,
    `Shards: ${config.get('shards')}, routers: ${config.get('routers')}`,
    ` PID: ${process.pid}`,
    '',
  ]
  return `\n${HIVE.map((line, i) => `${line}   ${facts[i]}`.trimEnd()).join('\n')}\n\n`
}

/** For the terminal, once the server is up. */
export function howToConnect(port: number, httpPort: number): string {
  if (port === 0) return ''
  const http = httpPort === 0 ? '' : `  Status:   ${httpUrl(httpPort)}\n`
  return `\n  Connect:  redis-cli -p ${port}\n            new Redis(${port})   (ioredis)\n${http}  Stop:     Ctrl-C\n\n`
}

/** Where the HTTP gateway is, seen from this machine. */
export const httpUrl = (port: number): string => `http://127.0.0.1:${port}/`
