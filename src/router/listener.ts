// Where clients come in: TCP addresses and a Unix socket.

import { chmodSync, unlinkSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'

/** What to listen on. */
export interface Places {
  /** Host names or addresses; one that begins with `-` may fail without harm. `*` and `::*` mean all. */
  readonly hosts: readonly string[]
  /** 0 = no TCP; below 0, any port that is free, the same in all places. */
  readonly port: number
  readonly backlog: number
  /** Several routers listen on the same port, and the kernel deals out the connections. */
  readonly share: boolean
}

type Accept = (socket: Socket, path: string) => void

function server(accept: Accept, path: string): Server {
  // Paused: the router reads through a socket of its own.
  return createServer({ pauseOnConnect: true, noDelay: true }, socket => accept(socket, path))
}

function listening<S extends Server>(made: S, options: object): Promise<S> {
  return new Promise((resolve, reject) => {
    made.once('error', reject)
    made.listen(options, () => {
      made.off('error', reject)
      resolve(made)
    })
  })
}

/** Makes a server that hands over what TCP clients it accepts. */
export const tcpServer = (accept: Accept): Server => server(accept, '')

/** Listens on all places, with a server that `make` makes for each; on failure none stays open. Returns the servers. */
export async function listenTcp<S extends Server>(places: Places, make: () => S): Promise<S[]> {
  const servers: S[] = []
  if (places.port === 0) return servers
  for (const written of places.hosts) {
    const isOptional = written.startsWith('-')
    const host = isOptional ? written.slice(1) : written
    const options = {
      host: host === '*' ? '0.0.0.0' : host === '::*' ? '::' : host,
      port: places.port < 0 ? portOf(servers) : places.port,
      backlog: places.backlog,
      ipv6Only: host.includes(':'),
      reusePort: places.share,
    }
    try {
      servers.push(await listening(make(), options))
    } catch (error) {
      if (isOptional && isAbsent(error)) continue
      for (const open of servers) open.close()
      throw error
    }
  }
  return servers
}

/** The port of the first of them; 0 if there is none. */
export function portOf(servers: readonly Server[]): number {
  const address = servers[0]?.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** The machine does not have this address or protocol. */
function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT' || code === 'ENOTFOUND' || code === 'EINVAL'
}

/** Listens on a Unix socket; one that a dead server left is removed first. `mode` is octal digits, '' for none. */
export async function listenUnix(path: string, mode: string, backlog: number, accept: Accept): Promise<Server> {
  try {
    unlinkSync(path)
  } catch {
    // It was not there.
  }
  const made = await listening(server(accept, path), { path, backlog })
  if (mode !== '' && mode !== '0') chmodSync(path, Number.parseInt(mode, 8))
  return made
}
