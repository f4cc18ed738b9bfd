// `npm start`: a server with its HTTP gateway and status page on, unless the arguments name a configuration file or an
// http-port themselves. A second server takes the next port that is free.

import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'

const FIRST_PORT = 8379
const ATTEMPTS = 20

const words = process.argv.slice(2)
const [first = '--'] = words
const setsDirectives = first.startsWith('--') && first !== '--help' && first !== '--version'
const namesPort = words.some(word => word.toLowerCase().startsWith('--http-port'))

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}

async function freePort(): Promise<number> {
  for (let port = FIRST_PORT; port < FIRST_PORT + ATTEMPTS; port++) if (await isFree(port)) return port
  return 0
}

process.argv[1] = fileURLToPath(new URL('../src/cli.ts', import.meta.url))
if (setsDirectives && !namesPort) process.argv.splice(2, 0, '--http-port', String(await freePort()))
await import('../src/cli.ts')
