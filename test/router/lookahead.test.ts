// What is read ahead of the command that runs must be run later, in order, whatever comes between.

import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer

beforeAll(async () => {
  server = await startServer('skep', { shards: 3 })
})
afterAll(async () => {
  await server.stop()
})

/** Sends everything at once; resolves with what has come when the server ends the connection. */
function talk(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1', () => socket.write(text))
    let received = ''
    socket.on('data', data => {
      received += data.toString('latin1')
    })
    socket.on('error', reject)
    socket.once('close', () => resolve(received))
  })
}

describe('a pipeline read ahead', () => {
  test('keeps its order when a command in its midst needs several shards', async () => {
    let sent = ''
    let expected = ''
    for (let i = 0; i < 100; i++) {
      sent += `SET k${i} ${i}\r\nGET k${i}\r\n`
      expected += `+OK\r\n$${String(i).length}\r\n${i}\r\n`
      if (i % 10 !== 9) continue
      sent += 'MGET k0 k1 k2 k3\r\nDBSIZE\r\n'
      expected += `*4\r\n$1\r\n0\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n:${i + 1}\r\n`
    }
    expect(await talk(`${sent}QUIT\r\n`)).toBe(`${expected}+OK\r\n`)
  })

  test('runs nothing behind a QUIT', async () => {
    const received = await talk(`${'SET quits 1\r\n'.repeat(5)}QUIT\r\nSET quits 2\r\nGET quits\r\n`)
    expect(received).toBe('+OK\r\n'.repeat(6))
    expect(await talk('GET quits\r\nQUIT\r\n')).toBe('$1\r\n1\r\n+OK\r\n')
  })

  test('looks keys up in the database that a SELECT in its midst has chosen', async () => {
    const sent = 'SELECT 1\r\nSET at one\r\nSELECT 2\r\nSET at two\r\nGET at\r\nSELECT 1\r\nGET at\r\nQUIT\r\n'
    expect(await talk(sent)).toBe('+OK\r\n+OK\r\n+OK\r\n+OK\r\n$3\r\ntwo\r\n+OK\r\n$3\r\none\r\n+OK\r\n')
  })

  test('answers what came before bytes that are no command', async () => {
    const received = await talk(`${'PING\r\n'.repeat(6)}*x\r\n`)
    expect(received).toBe(`${'+PONG\r\n'.repeat(6)}-ERR Protocol error: invalid multibulk length\r\n`)
  })

  test('goes on behind a command that blocks', async () => {
    const sent = 'DEL list\r\nPING\r\nPING\r\nPING\r\nBLPOP list 0.05\r\nRPUSH list a\r\nBLPOP list 0\r\nQUIT\r\n'
    const received = await talk(sent)
    expect(received).toBe(':0\r\n+PONG\r\n+PONG\r\n+PONG\r\n*-1\r\n:1\r\n*2\r\n$4\r\nlist\r\n$1\r\na\r\n+OK\r\n')
  })

  test('goes on with a command of which a part came before', async () => {
    const received = await new Promise<string>((resolve, reject) => {
      const pieces = ['*3\r\n$3\r\nSET\r\n$5\r\nparts\r\n$10\r\n01', '234', '56789\r\nGET parts\r\nQUIT\r\n']
      const socket = connect(server.port, '127.0.0.1')
      socket.setNoDelay(true)
      const send = (): void => {
        const piece = pieces.shift()
        if (piece === undefined) return
        socket.write(piece)
        setTimeout(send, 20)
      }
      let text = ''
      socket.on('connect', send).on('error', reject)
      socket.on('data', data => {
        text += data
      })
      socket.once('close', () => resolve(text))
    })
    expect(received).toBe('+OK\r\n$10\r\n0123456789\r\n+OK\r\n')
  })
})
