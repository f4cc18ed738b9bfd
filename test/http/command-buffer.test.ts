import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CommandBuffer } from '../../src/http/command-buffer.ts'
import { PARSED, Parser } from '../../src/protocol/parser.ts'
import { Request } from '../../src/protocol/request.ts'

/** What a router would read from it. */
function read(commands: CommandBuffer): Buffer[][] {
  const parser = new Parser(new Request())
  const found: Buffer[][] = []
  parser.begin(0)
  while (parser.parse(commands.u8, commands.length) === PARSED.COMMAND) {
    const { req } = parser
    found.push(Array.from({ length: req.argc }, (_, i) => Buffer.from(req.copy(i))))
    parser.begin(parser.at)
  }
  expect(parser.start).toBe(commands.length)
  return found
}

const word = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ minLength: 1000, maxLength: 200_000 }),
  fc.double({ noNaN: true }),
  fc.boolean(),
  fc.uint8Array({ maxLength: 300 }),
)

const bytesOf = (each: string | number | boolean | Uint8Array): Buffer =>
  typeof each === 'object' ? Buffer.from(each) : Buffer.from(String(each))

describe('commands from JSON', () => {
  test('are what the router reads, one behind the other', () => {
    const commands = new CommandBuffer()
    fc.assert(
      fc.property(fc.array(fc.array(word, { minLength: 1, maxLength: 20 }), { maxLength: 5 }), lists => {
        commands.begin()
        for (const words of lists) expect(commands.push(['echo', ...words])).toBeUndefined()
        expect(read(commands)).toEqual(lists.map(words => [Buffer.from('echo'), ...words.map(bytesOf)]))
        expect(commands.count).toBe(lists.length)
      }),
      { numRuns: 50 },
    )
  })

  test('that are refused leave no bytes behind', () => {
    const commands = new CommandBuffer()
    commands.begin()
    expect(commands.push(['SET', 'a', 'b'])).toBeUndefined()
    for (const words of [[], [null], ['SET', {}], ['GET', ['a']], ['SubScribe', 'a'], ['client', 'REPLY', 'off']]) {
      expect(commands.push(words)).toMatch(/^ERR /)
    }
    expect(commands.push(['GET', 'a'])).toBeUndefined()
    expect(read(commands).map(words => words.map(String))).toEqual([
      ['SET', 'a', 'b'],
      ['GET', 'a'],
    ])
  })
})
