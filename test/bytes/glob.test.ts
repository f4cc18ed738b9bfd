import { expect, test } from 'vitest'
import { globMatch } from '../../src/bytes/glob.ts'
import { chooseSeed, randomFrom } from '../support/random.ts'

const matches = (pattern: string, text: string, anyCase = false): boolean => {
  const p = Buffer.from(`]${pattern}]`, 'latin1')
  const t = Buffer.from(`a${text}a`, 'latin1')
  return globMatch(p, 1, p.length - 2, t, 1, t.length - 2, anyCase)
}

// What redis-server answers (SSCAN MATCH over a set of these texts).
test.each([
  ['*', 'anything'],
  ['h?llo', 'hallo'],
  ['h*llo', 'hllo'],
  ['h*o*', 'hello'],
  ['h[ae]llo', 'hello'],
  ['h[^e]llo', 'hallo'],
  ['h[a-c]llo', 'hbllo'],
  ['h[c-a]llo', 'hbllo'],
  ['\\*x', '*x'],
  ['[\\]]', ']'],
  ['[^', 'x'],
  ['[ab', 'b'],
  ['a\\', 'a\\'],
  ['*[0-9]*x', 'a1b2x'],
  ['', ''],
])('%j matches %j', (pattern, text) => {
  expect(matches(pattern, text)).toBe(true)
})

test.each([
  ['*', ''],
  ['?', ''],
  ['h?llo', 'hllo'],
  ['h[^e]llo', 'hello'],
  ['[', '['],
  ['[]', ']'],
  ['hello', 'hell'],
  ['hell', 'hello'],
  ['*a', 'ab'],
  ['[a-', 'b'],
  ['[a-\x80]', 'b'],
])('%j does not match %j', (pattern, text) => {
  expect(matches(pattern, text)).toBe(false)
})

test('any case folds ASCII letters, but not an escaped one inside a class', () => {
  expect(matches('HeL*', 'hello', true)).toBe(true)
  expect(matches('HeL*', 'hello')).toBe(false)
  expect(matches('[A-C]x', 'bX', true)).toBe(true)
  expect(matches('[\\A]', 'a', true)).toBe(false)
  expect(matches('[Z-a]', 'z', true)).toBe(false)
})

test('ranges compare bytes as signed chars', () => {
  expect(matches('[\x80-\x01]', '\xff')).toBe(true)
  expect(matches('[\x80-\x01]', 'a')).toBe(false)
})

test('many stars take no more than pattern times text', () => {
  expect(matches(`${'a*'.repeat(500)}b`, 'a'.repeat(5000))).toBe(false)
  expect(matches('*'.repeat(10000), 'a'.repeat(10000))).toBe(true)
})

test('patterns of stars and letters match like the regular expression of the same meaning', () => {
  const random = randomFrom(chooseSeed())
  let hits = 0
  for (let i = 0; i < 5000; i++) {
    const pattern = Array.from({ length: random.int(1, 7) }, () =>
      random.pick(['a', 'b', '*', '?', '[ab]', '[^b]']),
    ).join('')
    const text = Array.from({ length: random.int(1, 8) }, () => random.pick(['a', 'b', 'c'])).join('')
    const source = pattern.replace(/\*/g, '.*').replace(/\?/g, '.')
    const expected = new RegExp(`^${source}$`).test(text)
    if (expected) hits++
    expect(matches(pattern, text), `seed ${random.seed}: ${pattern} ${text}`).toBe(expected)
  }
  expect(hits).toBeGreaterThan(100)
})
