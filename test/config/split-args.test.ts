import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromByteString, quote, splitArgs, toByteString } from '../../src/config/split-args.ts'

const byteString = fc.array(fc.integer({ min: 0, max: 255 })).map(bytes => String.fromCharCode(...bytes))

describe('splitting a line', () => {
  test.each([
    ['', []],
    ['  \t ', []],
    ['save 900 1', ['save', '900', '1']],
    ['\v a\f b ', ['a\f', 'b']],
    ['a "b c" \'d e\'', ['a', 'b c', 'd e']],
    ['x ""', ['x', '']],
    ["x ''", ['x', '']],
    ['"\\n\\r\\t\\a\\b\\x41\\q\\""', ['\n\r\t\x07\bAq"']],
    ["'it\\'s \\n'", ["it's \\n"]],
    ['ab"c d"', ['abc d']],
    ['"\\xZZ"', ['xZZ']],
  ])('%j gives %j', (line, args) => {
    expect(splitArgs(line)).toEqual(args)
  })

  test.each(['"a', "'a", '"a"b', "'a'b", '"a\\"', "'a\\'"])('%j is unbalanced', line => {
    expect(splitArgs(line)).toBeUndefined()
  })

  test('quoting keeps every byte', () => {
    fc.assert(
      fc.property(fc.array(byteString), values => {
        expect(splitArgs(values.map(quote).join(' '))).toEqual(values)
      }),
    )
  })

  test('quoting writes printable text as it is and other bytes in hex', () => {
    expect(quote('a "b"\\\n\x00é')).toBe('"a \\"b\\"\\\\\\n\\x00\\xe9"')
  })

  test('byte strings hold the bytes of UTF-8', () => {
    expect(toByteString('é')).toBe('\xc3\xa9')
    expect(fromByteString(toByteString('schlüssel')).toString()).toBe('schlüssel')
  })
})
