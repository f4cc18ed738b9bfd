// The request parser: whole commands, commands in pieces, and bytes that are no commands at all.

import { describe, expect, test } from 'vitest'
import { PARSED, Parser } from '../../src/protocol/parser.ts'
import { Request } from '../../src/protocol/request.ts'
import { chooseSeed, randomFrom } from '../support/random.ts'

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))

/** Parses all commands in the bytes, given in pieces of these lengths (the last one repeats). */
function parseAll(bytes: Uint8Array, pieces: number[]): { commands: string[][]; error: string; left: number } {
  const parser = new Parser(new Request())
  const commands: string[][] = []
  let end = 0
  parser.begin(0)
  for (let piece = 0; ; piece++) {
    const grown = Math.min(bytes.length, end + (pieces[Math.min(piece, pieces.length - 1)] ?? bytes.length))
    end = grown
    for (;;) {
      const parsed = parser.parse(bytes, end)
      if (parsed === PARSED.ERROR) return { commands, error: parser.error, left: end - parser.start }
      if (parsed === PARSED.MORE) break
      if (parsed === PARSED.COMMAND) {
        commands.push(Array.from({ length: parser.req.argc }, (_, i) => parser.req.text(i)))
      }
      parser.begin(parser.at)
    }
    if (end === bytes.length) return { commands, error: '', left: end - parser.start }
  }
}

describe('parser', () => {
  test('reads an array of bulk strings', () => {
    const { commands, left } = parseAll(bytesOf('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n'), [])
    expect(commands).toEqual([['SET', 'k', '']])
    expect(left).toBe(0)
  })

  test('reads inline commands, with quotes', () => {
    expect(parseAll(bytesOf("PING\r\nset k \"a b\\x41\\n\"\nget 'it\\'s'\r\n\r\n"), []).commands).toEqual([
      ['PING'],
      ['set', 'k', 'a bA\n'],
      ['get', "it's"],
    ])
  })

  test('passes over empty lines, empty arrays and null arrays', () => {
    expect(parseAll(bytesOf('\r\n*0\r\n*-1\r\nPING\r\n'), []).commands).toEqual([['PING']])
  })

  test.each([
    ['*x\r\n', 'invalid multibulk length'],
    ['*99999999999999999999\r\n', 'invalid multibulk length'],
    ['*2147483648\r\n', 'invalid multibulk length'],
    ['*1\r\n$-1\r\n', 'invalid bulk length'],
    ['*1\r\n$abc\r\n', 'invalid bulk length'],
    ['*1\r\n$2147483648\r\n', 'invalid bulk length'],
    ['*1\r\n:1\r\n', "expected '$', got ':'"],
    ['set k "unbalanced\r\n', 'unbalanced quotes in request'],
  ])('refuses %j', (text, reason) => {
    expect(parseAll(bytesOf(text), []).error).toBe(`ERR Protocol error: ${reason}`)
  })

  test('refuses heads and inline lines without end', () => {
    const long = '1'.repeat(70_000)
    expect(parseAll(bytesOf(`*${long}`), []).error).toBe('ERR Protocol error: too big mbulk count string')
    expect(parseAll(bytesOf(`*1\r\n$${long}`), []).error).toBe('ERR Protocol error: too big bulk count string')
    expect(parseAll(bytesOf(`x${long}`), []).error).toBe('ERR Protocol error: too big inline request')
  })

  test('narrows the limits for strangers', () => {
    const parser = new Parser(new Request())
    parser.stranger = true
    const eleven = bytesOf('*11\r\n')
    parser.begin(0)
    expect(parser.parse(eleven, eleven.length)).toBe(PARSED.ERROR)
    expect(parser.error).toBe('ERR Protocol error: unauthenticated multibulk length')
    const large = bytesOf('*1\r\n$16385\r\n')
    parser.begin(0)
    expect(parser.parse(large, large.length)).toBe(PARSED.ERROR)
    expect(parser.error).toBe('ERR Protocol error: unauthenticated bulk length')
  })

  test('finds the same commands however the bytes are cut', () => {
    const seed = chooseSeed()
    const random = randomFrom(seed)
    for (let round = 0; round < 300; round++) {
      const expected: string[][] = []
      let text = ''
      const count = 1 + random.int(0, 5 - 1)
      for (let i = 0; i < count; i++) {
        const args = Array.from({ length: 1 + random.int(0, 6 - 1) }, () =>
          Array.from({ length: random.int(0, 20 - 1) }, () => String.fromCharCode(random.int(0, 256 - 1))).join(''),
        )
        expected.push(args)
        text += `*${args.length}\r\n${args.map(arg => `$${arg.length}\r\n${arg}\r\n`).join('')}`
      }
      const bytes = bytesOf(text)
      const pieces = Array.from({ length: 50 }, () => 1 + random.int(0, 8 - 1))
      const { commands, error, left } = parseAll(bytes, pieces)
      expect({ commands, error, left, seed, round }).toEqual({ commands: expected, error: '', left: 0, seed, round })
    }
  })

  test('survives any bytes: a command, an error or the wish for more, and never a read outside', () => {
    const seed = chooseSeed()
    const random = randomFrom(seed)
    const alphabet = '*$\r\n0123456789-"\'\\xPINGget \0\xff'
    for (let round = 0; round < 20_000; round++) {
      const length = random.int(0, 40 - 1)
      let text = ''
      for (let i = 0; i < length; i++) text += alphabet[random.int(0, alphabet.length - 1)]
      const bytes = bytesOf(text)
      const whole = parseAll(bytes, [])
      const cut = parseAll(bytes, [1])
      expect({ ...cut, left: 0, seed, text }).toEqual({ ...whole, left: 0, seed, text })
      for (const command of whole.commands) for (const arg of command) expect(typeof arg).toBe('string')
    }
  })

  test('goes on after its bytes have moved', () => {
    const bytes = bytesOf('xxxxx*2\r\n$4\r\nECHO\r\n$5\r\nhello\r\n')
    const first = new Parser(new Request())
    first.begin(5)
    expect(first.parse(bytes, 22)).toBe(PARSED.MORE)
    const second = new Parser(new Request())
    second.resume(first, -5)
    const moved = bytes.slice(5)
    expect(second.parse(moved, moved.length)).toBe(PARSED.COMMAND)
    expect([second.req.text(0), second.req.text(1)]).toEqual(['ECHO', 'hello'])
  })
})
