// `skep export`: all data as one RDB file that any Redis loads, from a running server or from a data folder.
//
// A running server sends it as it would send a replica its first copy; a folder is loaded by a server started for that
// purpose, which does the same.

import { randomBytes } from 'node:crypto'
import { closeSync, cpSync, existsSync, fsyncSync, mkdtempSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { SkepServer } from '../embedded.ts'
import { REMOTE_HELP, REMOTE_OPTIONS, type RemoteOptions } from '../remote.ts'
import { Payload } from '../replica/payload.ts'
import { UsageError } from './subcommand.ts'

export const help = `  FILE              where to write: a new file, or one to be replaced
  --dir FOLDER      export this data folder; without it, a running server:
${REMOTE_HELP}

A server goes on serving meanwhile, and the file is of one moment. A folder must not be in use by a server.`

const OPTIONS = { ...REMOTE_OPTIONS, dir: { type: 'string' } } as const
const CR = 13
const LF = 10

export async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  if (positionals.length !== 1) throw new UsageError('export takes one file to write')
  const target = resolve(positionals[0])
  const bytes =
    values.dir === undefined ? await exportServer(values, target) : await exportFolder(resolve(values.dir), target)
  process.stdout.write(`${target}: ${bytes} bytes\n`)
  return 0
}

/** Has a server load the folder and send it. A log is copied first, since to load one is to go on with it. */
async function exportFolder(folder: string, target: string): Promise<number> {
  if (!existsSync(folder)) throw new Error(`${folder} does not exist`)
  const logs = ['appendonlydir', 'appendonly.aof'].filter(name => existsSync(join(folder, name)))
  const copy = logs.length === 0 ? undefined : mkdtempSync(join(tmpdir(), 'skep-export-'))
  if (copy !== undefined) for (const name of logs) cpSync(join(folder, name), join(copy, name), { recursive: true })
  const server = new SkepServer({ dir: copy ?? folder, save: '', appendonly: copy === undefined ? 'no' : 'yes' })
  try {
    await server.start()
    return await exportServer({ host: server.host, port: String(server.port) }, target)
  } finally {
    await server.close()
    if (copy !== undefined) rmSync(copy, { recursive: true })
  }
}

/** Asks a server for a first copy and writes it. Returns its size. */
async function exportServer({ host, port, user, password }: RemoteOptions, target: string): Promise<number> {
  const temporary = join(dirname(target), `.skep-export-${process.pid}-${randomBytes(4).toString('hex')}`)
  const fd = openSync(temporary, 'w', 0o644)
  const socket = connect({ host, port: Number(port) })
  try {
    if (password !== undefined) socket.write(command('AUTH', ...(user === undefined ? [] : [user]), password))
    socket.write(command('REPLCONF', 'capa', 'eof', 'rdb-only', '1') + command('PSYNC', '?', '-1'))
    const bytes = await receive(socket, fd)
    fsyncSync(fd)
    renameSync(temporary, target)
    return bytes
  } finally {
    socket.destroy()
    closeSync(fd)
    rmSync(temporary, { force: true })
  }
}

const command = (...words: readonly string[]): string =>
  `*${words.length}\r\n${words.map(word => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`

/** Reads the replies before the copy, then the copy itself, into a file. */
function receive(socket: Socket, fd: number): Promise<number> {
  const { promise, resolve: done, reject } = Promise.withResolvers<number>()
  let line = ''
  let payload: Payload | undefined
  let written = 0
  const take = (u8: Uint8Array, at: number, length: number): void => {
    for (let wrote = 0; wrote < length; ) wrote += writeSync(fd, u8, at + wrote, length - wrote)
    written += length
  }
  const received = (chunk: Uint8Array): void => {
    let at = 0
    while (payload === undefined && at < chunk.length) {
      const byte = chunk[at++]
      if (byte !== LF) {
        if (byte !== CR) line += String.fromCharCode(byte)
        continue
      }
      // Empty lines keep the connection alive while the copy is made.
      if (line.startsWith('-')) throw new Error(`the server says: ${line.slice(1)}`)
      if (line.startsWith('$')) payload = new Payload(line, take)
      line = ''
    }
    if (payload !== undefined && payload.feed(chunk, at, chunk.length) >= 0) done(written)
  }
  socket.on('data', chunk => {
    try {
      received(chunk as Buffer)
    } catch (error) {
      reject(error as Error)
    }
  })
  socket.on('error', reject)
  socket.on('close', () => reject(new Error('the server has closed the connection')))
  return promise
}
