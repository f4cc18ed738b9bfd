// Where a full copy ends, however its bytes are cut.

import { describe, expect, test } from 'vitest'
import { Handshake, type Introduction } from '../../src/replica/handshake.ts'
import { Payload } from '../../src/replica/payload.ts'
import { BytePipe, PIPE, pipeCreate } from '../../src/shared/byte-pipe.ts'
import { NO_ID } from '../../src/shared/replication-block.ts'
import { randomFrom } from '../support/random.ts'

const MARK = 'f'.repeat(39).concat('0')

/** Feeds the pieces. Returns what was taken, and how many bytes were left behind the end. */
function feed(header: string, pieces: readonly Buffer[]): { taken: Buffer; left: number } {
  const taken: Buffer[] = []
  const payload = new Payload(header, (u8, at, length) => taken.push(Buffer.from(u8.subarray(at, at + length))))
  for (const [i, piece] of pieces.entries()) {
    const end = payload.feed(piece, 0, piece.length)
    if (end < 0) continue
    const behind = pieces.slice(i + 1).reduce((sum, each) => sum + each.length, 0)
    return { taken: Buffer.concat(taken), left: piece.length - end + behind }
  }
  throw new Error('it did not end')
}

test.each(['$EOF', '$length'])('a copy with %s ends where it ends, cut into any pieces', kind => {
  const random = randomFrom(Number(process.env.SEED ?? Date.now()))
  for (let round = 0; round < 100; round++) {
    // Much of the mark's own bytes, to tempt.
    const body = Buffer.concat(
      Array.from({ length: random.int(0, 6) }, () =>
        random.chance(0.5) ? Buffer.from(MARK.slice(0, random.int(0, 39))) : random.bytes(random.int(0, 200)),
      ),
    )
    const isMarked = kind === '$EOF'
    const whole = isMarked ? Buffer.concat([body, Buffer.from(MARK)]) : Buffer.concat([body, Buffer.from('stream')])
    const pieces: Buffer[] = []
    for (let at = 0; at < whole.length; ) {
      const end = Math.min(whole.length, at + random.int(1, 90))
      pieces.push(whole.subarray(at, end))
      at = end
    }
    if (pieces.length === 0) pieces.push(whole)
    const { taken, left } = feed(isMarked ? `$EOF:${MARK}` : `$${body.length}`, pieces)
    expect(taken.equals(body), `seed ${random.seed}, round ${round}`).toBe(true)
    expect(left).toBe(isMarked ? 0 : 6)
  }
})

test('a header that is none is refused', () => {
  expect(() => new Payload('+OK', () => undefined)).toThrow('bad protocol')
  expect(() => new Payload('$-1', () => undefined)).toThrow('bad protocol')
})

test('a pipe gives what was put in, in order, and then its end', () => {
  const buffer = pipeCreate(64)
  const writer = new BytePipe(buffer)
  const reader = new BytePipe(buffer)
  const random = randomFrom(Number(process.env.SEED ?? Date.now()))
  const sent: number[] = []
  const got: number[] = []
  const u8 = new Uint8Array(100)
  for (let i = 0; i < 500; i++) {
    const bytes = random.bytes(random.int(1, 40))
    const taken = writer.write(bytes, 0, bytes.length)
    sent.push(...bytes.subarray(0, taken))
    if (writer.room < 64) got.push(...u8.subarray(0, reader.read(u8, 0, random.int(1, 60))))
  }
  writer.end(PIPE.COMPLETE)
  for (let n = reader.read(u8, 0, 100); n > 0; n = reader.read(u8, 0, 100)) got.push(...u8.subarray(0, n))
  expect(got).toEqual(sent)
  expect(reader.state).toBe(PIPE.COMPLETE)
})

describe('handshake', () => {
  const introduction: Introduction = {
    user: '',
    password: '',
    port: 7000,
    address: '',
    id: NO_ID,
    offset: 1,
    takesOver: false,
  }
  const lines = (text: string): string[] => text.split('\r\n').filter(line => /^[a-zA-Z?0-9-]/.test(line))

  test('introduces itself, then asks for a full copy if it knows no history', () => {
    const handshake = new Handshake(introduction)
    expect(lines(handshake.begin())).toEqual(['PING'])
    const first = handshake.line('+PONG')
    expect(first.what).toBe('more')
    if (first.what === 'more') expect(lines(first.send)).toContain('listening-port')
    for (const _ of ['port', 'capa']) expect(handshake.line('+OK')).toEqual({ what: 'more', send: '' })
    const asked = handshake.line('-ERR Unrecognized REPLCONF option')
    if (asked.what === 'more') expect(lines(asked.send)).toEqual(['PSYNC', '?', '-1'])
    expect(handshake.knowsTrees).toBe(false)
    expect(handshake.line('')).toEqual({ what: 'more', send: '' })
    const id = 'a'.repeat(40)
    expect(handshake.line(`+FULLRESYNC ${id} 17`)).toEqual({ what: 'full', id, offset: 17 })
  })

  test('goes on with the history that it knows, under the id that it is told', () => {
    const id = 'b'.repeat(40)
    const handshake = new Handshake({ ...introduction, id, offset: 100, password: 'secret', user: 'u' })
    const first = handshake.line('+PONG')
    if (first.what === 'more') expect(lines(first.send).slice(0, 3)).toEqual(['AUTH', 'u', 'secret'])
    for (const _ of ['auth', 'port', 'capa']) handshake.line('+OK')
    const asked = handshake.line('+10.0.0.1 7001')
    expect(handshake.grandparent).toEqual({ host: '10.0.0.1', port: 7001 })
    if (asked.what === 'more') expect(lines(asked.send)).toEqual(['PSYNC', id, '100'])
    expect(handshake.line(`+CONTINUE ${'c'.repeat(40)}`)).toEqual({ what: 'continue', id: 'c'.repeat(40) })
  })

  test('says why it failed', () => {
    const wrong = new Handshake({ ...introduction, password: 'x' })
    wrong.line('-NOAUTH Authentication required.')
    expect(wrong.line('-WRONGPASS no')).toMatchObject({
      what: 'failed',
      log: 'Unable to AUTH to MASTER: -WRONGPASS no',
    })
    const busy = new Handshake(introduction)
    for (const line of ['+PONG', '+OK', '+OK', '+none']) busy.line(line)
    expect(busy.line('-NOMASTERLINK no')).toMatchObject({ what: 'failed', refused: false })
  })
})
