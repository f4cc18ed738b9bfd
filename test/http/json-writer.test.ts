// Random replies become JSON: what JSON.parse reads from it must be what the replies say.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JsonWriter, NOT_WHOLE } from '../../src/http/json-writer.ts'
import { Reply } from '../../src/protocol/reply.ts'

type Value = string | number | null | Value[]

const value: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string({ maxLength: 5000 }),
    fc.maxSafeInteger(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 6 }),
  ),
})).value

function write(reply: Reply, what: Value): void {
  if (what === null) reply.nil()
  else if (typeof what === 'number') reply.integer(what)
  else if (typeof what === 'string') reply.text(what)
  else {
    reply.array(what.length)
    for (const each of what) write(reply, each)
  }
}

function bytesOf(what: Value): Buffer {
  const reply = new Reply(16)
  write(reply, what)
  return Buffer.from(reply.u8.slice(0, reply.length))
}

const inBase64 = (what: Value): Value =>
  typeof what === 'string' ? Buffer.from(what).toString('base64') : Array.isArray(what) ? what.map(inBase64) : what

/** As UTF-8 has it, where a lone surrogate is lost. */
const asText = (what: Value): Value =>
  typeof what === 'string' ? Buffer.from(what).toString() : Array.isArray(what) ? what.map(asText) : what

describe('replies as JSON', () => {
  test('say the same, with strings plain or in base64', () => {
    const writer = new JsonWriter()
    fc.assert(
      fc.property(value, fc.boolean(), (what, base64) => {
        const bytes = bytesOf(what)
        writer.begin(base64)
        expect(writer.reply(bytes, 0)).toBe(bytes.length)
        const body = writer.text()
        const text = typeof body === 'string' ? body : body.toString()
        // A string goes out as latin1: it has to be ASCII.
        if (typeof body === 'string') expect(Buffer.from(body, 'latin1').toString()).toBe(text)
        expect(JSON.parse(text)).toEqual(base64 ? inBase64(what) : asText(what))
      }),
    )
  })

  test('that are not whole leave nothing behind', () => {
    const writer = new JsonWriter()
    fc.assert(
      fc.property(value, fc.nat(), (what, cut) => {
        const bytes = bytesOf(what)
        writer.begin(false)
        writer.raw('{')
        expect(writer.reply(bytes.subarray(0, cut % bytes.length), 0)).toBe(NOT_WHOLE)
        expect(writer.length).toBe(1)
      }),
    )
  })

  test('keep the digits of integers beyond 2^53', () => {
    const writer = new JsonWriter()
    writer.begin(true)
    writer.reply(Buffer.from(':-9223372036854775808\r\n'), 0)
    expect(writer.text()).toBe('-9223372036854775808')
  })

  test('show bytes that are no text as what stands for them', () => {
    const writer = new JsonWriter()
    writer.begin(false)
    writer.reply(Buffer.from('$3\r\na\xffb\r\n', 'latin1'), 0)
    expect(JSON.parse(writer.text().toString())).toBe('a\ufffdb')
  })
})
