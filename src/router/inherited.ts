// Sockets that a service manager has opened, and on which the process has only to accept.

import { createServer, type Server, type Socket } from 'node:net'

/** Listens on them. Rejects if one of them is no listening socket. */
export function listenInherited(
  fds: readonly number[],
  accept: (socket: Socket, path: string) => void,
): Promise<Server[]> {
  return Promise.all(fds.map(fd => listenOn(fd, accept)))
}

function listenOn(fd: number, accept: (socket: Socket, path: string) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    // Paused: the router reads through a socket of its own.
    const made = createServer({ pauseOnConnect: true, noDelay: true }, socket => accept(socket, pathOf(socket)))
    made.once('error', reject)
    made.listen({ fd }, () => resolve(made))
  })
}

/** Clients on a Unix socket have no address; what path it has is not to be found out. */
const pathOf = (socket: Socket): string => (socket.remoteAddress === undefined ? 'inherited' : '')
