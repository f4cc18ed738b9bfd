import { expect, test } from 'vitest'
import { difference } from './differential.ts'
import { ErrorReply, errorReply, type Frame, parseFrame, plain } from './frame.ts'
import { randomFrom } from './random.ts'

const frame = (text: string): Frame => {
  const parsed = parseFrame(Buffer.from(text, 'latin1'), 0)
  if (parsed === undefined) throw new Error(`incomplete: ${text}`)
  return parsed
}

const ALL_TYPES =
  '*14\r\n+OK\r\n-ERR no\r\n:-7\r\n:9223372036854775807\r\n$3\r\na\r\n\r\n$-1\r\n*-1\r\n_\r\n,-inf\r\n,1.5\r\n#t\r\n' +
  '(123456789012345678901234567890\r\n=7\r\ntxt:abc\r\n%1\r\n$1\r\nk\r\n~2\r\n:1\r\n:2\r\n'

test('a frame of every type reads as a plain value', () => {
  const big = 123456789012345678901234567890n
  expect(plain(frame(ALL_TYPES))).toEqual([
    'OK',
    new ErrorReply('ERR no'),
    -7,
    9223372036854775807n,
    'a\r\n',
    null,
    null,
    null,
    -Infinity,
    1.5,
    true,
    big,
    'abc',
    new Map([['k', new Set([1, 2])]]),
  ])
})

test('a frame is incomplete until its last byte has come', () => {
  const bytes = Buffer.from(ALL_TYPES, 'latin1')
  for (let length = 0; length < bytes.length; length++) {
    expect(parseFrame(bytes.subarray(0, length), 0)).toBeUndefined()
  }
  expect(parseFrame(bytes, 0)?.raw.length).toBe(bytes.length)
})

test('an attribute belongs to the reply behind it', () => {
  const bytes = Buffer.from('|1\r\n+ttl\r\n:3600\r\n$1\r\nv\r\n+next\r\n')
  const first = parseFrame(bytes, 0)
  expect(first && plain(first)).toBe('v')
  expect(first && bytes.toString('latin1', first.raw.length)).toBe('+next\r\n')
})

test('bytes that are no reply throw instead of waiting for more', () => {
  for (const text of ['hello\r\n', '$x\r\n', '$1\r\nabc\r\n', '*-2\r\n']) {
    expect(() => frame(text), text).toThrow(/not a|no line end/)
  }
})

test('errors compare by their text', () => {
  expect(plain(frame('-ERR a\r\n'))).toEqual(errorReply('ERR a'))
  expect(plain(frame('-ERR a\r\n'))).not.toEqual(errorReply('ERR b'))
})

test('a comparison forgives what it was told to forgive and nothing else', () => {
  const cases: [string, string, Parameters<typeof difference>[2], boolean][] = [
    ['*2\r\n:1\r\n:2\r\n', '*2\r\n:2\r\n:1\r\n', 'exact', false],
    ['*2\r\n:1\r\n:2\r\n', '*2\r\n:2\r\n:1\r\n', 'unordered', true],
    ['*2\r\n:1\r\n:2\r\n', '*2\r\n:2\r\n:2\r\n', 'unordered', false],
    ['*4\r\n:1\r\n:2\r\n:3\r\n:4\r\n', '*4\r\n:3\r\n:4\r\n:1\r\n:2\r\n', 'pairs', true],
    ['*4\r\n:1\r\n:2\r\n:3\r\n:4\r\n', '*4\r\n:3\r\n:2\r\n:1\r\n:4\r\n', 'pairs', false],
    [':100\r\n', ':99\r\n', { near: 1 }, true],
    ['*2\r\n:100\r\n+a\r\n', '*2\r\n:99\r\n+a\r\n', { each: [{ near: 1 }, undefined] }, true],
    ['*2\r\n:100\r\n+a\r\n', '*2\r\n:99\r\n+b\r\n', { each: [{ near: 1 }, undefined] }, false],
    ['*2\r\n:100\r\n+a\r\n', '*1\r\n:99\r\n', { each: [{ near: 1 }, undefined] }, false],
    [':100\r\n', ':98\r\n', { near: 1 }, false],
    [':-1\r\n', ':-2\r\n', { near: 1 }, false],
    ['$1\r\na\r\n', '$1\r\nb\r\n', 'type', true],
    ['$1\r\na\r\n', '$-1\r\n', 'type', false],
    ['*1\r\n:1\r\n', '*2\r\n:1\r\n:2\r\n', 'type', false],
    ['-ERR a\r\n', '-ERR b\r\n', 'type', false],
    ['-ERR a\r\n', '-ERR b\r\n', 'unordered', false],
    ['$1\r\n1\r\n', ':1\r\n', 'type', false],
  ]
  for (const [a, b, compare, agree] of cases) {
    const seen = difference(frame(a), frame(b), compare) === undefined
    expect(seen, `${JSON.stringify(a)} ${JSON.stringify(b)} ${JSON.stringify(compare)}`).toBe(agree)
  }
})

test('the same seed gives the same sequence, another seed another', () => {
  const draw = (seed: number): string => {
    const random = randomFrom(seed)
    return [
      random.int(0, 1e9),
      random.fraction(),
      random.pick('abcdef'.split('')),
      random.bytes(8).toString('hex'),
    ].join()
  }
  expect(draw(7)).toBe(draw(7))
  expect(draw(7)).not.toBe(draw(8))
})
