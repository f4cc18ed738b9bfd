import { expect, test } from 'vitest'
import { equalsAnyCase, escapeForLog, upperConstant } from '../../src/bytes/text.ts'

test('constants match in any case, whole, and letters only fold to letters', () => {
  const matches = (text: string, constant: string): boolean => {
    const bytes = Buffer.from(`-${text}-`, 'latin1')
    return equalsAnyCase(bytes, 1, bytes.length - 2, upperConstant(constant))
  }
  for (const text of ['MATCH', 'match', 'MaTcH']) expect(matches(text, 'MATCH')).toBe(true)
  for (const text of ['', 'MATC', 'MATCHX', 'MATCX', '\x2d\x21\x34\x23\x28']) expect(matches(text, 'MATCH')).toBe(false)
  expect(matches('keep-ttl', 'KEEP-TTL')).toBe(true)
  expect(matches('x[', 'X{')).toBe(false)
  expect(matches('x{', 'X[')).toBe(false)
})

test('logs show printable ASCII as it is and the rest escaped', () => {
  const bytes = Buffer.from('-a "b" \\ \n\r\t\x07\x08 \x00\x1f\x7f\xe9~-', 'latin1')
  expect(escapeForLog(bytes, 1, bytes.length - 2)).toBe('"a \\"b\\" \\\\ \\n\\r\\t\\a\\b \\x00\\x1f\\x7f\\xe9~"')
})
