// The libraries of functions as threads see them: what one has put there the others find, and while that is being changed
// they go on with what they had.

import { expect, test } from 'vitest'
import { TEXT_BLOCK, textBlockCreate } from '../../src/shared/text-block.ts'
import { Libraries } from '../../src/store/libraries.ts'

const library = (name: string, code: string) => ({
  name,
  code,
  functions: [{ name: `${name}-run`, flags: 0, description: null }],
})

test('what one thread puts there the others find, in any case of the name', () => {
  const buffer = textBlockCreate()
  const [writer, reader] = [new Libraries(buffer), new Libraries(buffer)]
  expect(reader.find('one-run')).toBeUndefined()
  expect(writer.add([library('one', 'first')], false)).toBeUndefined()
  expect(reader.find('ONE-run')?.library.code).toBe('first')
  expect(writer.add([library('one', 'second')], false)).toBe('ERR Library one already exists')
  expect(reader.codes()).toEqual(['first'])
  expect(writer.add([library('one', 'second'), library('two', 'x')], true)).toBeUndefined()
  expect([reader.codes(), reader.functionCount, reader.bytes]).toEqual([['second', 'x'], 2, 7])
})

test('while they are being changed, what was is what holds', () => {
  const buffer = textBlockCreate()
  const [writer, reader] = [new Libraries(buffer), new Libraries(buffer)]
  writer.add([library('one', 'first')], false)
  expect(reader.codes()).toEqual(['first'])
  // A change is under way.
  const version = new Int32Array(buffer, TEXT_BLOCK.VERSION, 1)
  Atomics.add(version, 0, 1)
  expect(reader.codes()).toEqual(['first'])
  Atomics.add(version, 0, -1)
  writer.add([library('one', 'second')], true)
  expect(reader.codes()).toEqual(['second'])
})
