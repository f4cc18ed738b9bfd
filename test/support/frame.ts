// Reads RESP2 and RESP3 as a test wants to see it: every reply as the exact bytes that came, and as a plain value.
//
// A Frame keeps the server's type byte and raw bytes, so two servers can be compared byte for byte;
// `plain` turns it into strings, numbers, arrays, Maps and Sets for ordinary expectations.

/** One reply (or part of one) as it came over the wire. */
export type Frame = {
  /** The type byte: '+', '-', ':', '$', '*' and RESP3's '_', ',', '#', '(', '!', '=', '%', '~', '>', '|'. */
  readonly type: string
  /** All the bytes of this frame, its items included. */
  readonly raw: Buffer
  /** What stands between type byte and line end, or the body of a bulk; undefined for RESP2's nulls and for aggregates. */
  readonly body: Buffer | undefined
  /** The items of an aggregate; keys and values alternate in a map. */
  readonly items: readonly Frame[] | undefined
}

/** An error reply. Its text is the whole line, such as `ERR syntax error`. */
export class ErrorReply {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** A reply as plain JavaScript: bulk and simple strings both are strings. */
export type Value =
  | string
  | number
  | bigint
  | boolean
  | null
  | Buffer
  | ErrorReply
  | Value[]
  | Map<Value, Value>
  | Set<Value>

/** Shorthand for expectations: `expect(await client.call('GET')).toEqual(errorReply('ERR …'))`. */
export function errorReply(text: string): ErrorReply {
  return new ErrorReply(text)
}

const AGGREGATES = '*%~>|'
const BULKS = '$!='

/** Thrown inside the parser when the bytes end before the frame does. */
const INCOMPLETE = new Error('incomplete')

class Cursor {
  readonly bytes: Buffer
  at: number

  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes
    this.at = at
  }

  line(): Buffer {
    const end = this.bytes.indexOf('\r\n', this.at, 'latin1')
    if (end < 0) throw INCOMPLETE
    const line = this.bytes.subarray(this.at, end)
    this.at = end + 2
    return line
  }

  take(length: number): Buffer {
    if (this.at + length + 2 > this.bytes.length) throw INCOMPLETE
    const body = this.bytes.subarray(this.at, this.at + length)
    if (this.bytes[this.at + length] !== 13 || this.bytes[this.at + length + 1] !== 10) {
      throw new Error(`no line end after a body of ${length} bytes`)
    }
    this.at += length + 2
    return body
  }
}

function readFrame(cursor: Cursor): Frame {
  if (cursor.at >= cursor.bytes.length) throw INCOMPLETE
  const start = cursor.at
  const type = String.fromCharCode(cursor.bytes[cursor.at++])
  if (!'+-:_,#('.includes(type) && !AGGREGATES.includes(type) && !BULKS.includes(type)) {
    throw new Error(`not a reply: ${JSON.stringify(cursor.bytes.toString('latin1', start, start + 64))}`)
  }
  const line = cursor.line()
  let body: Buffer | undefined = line
  let items: Frame[] | undefined
  if (BULKS.includes(type) || AGGREGATES.includes(type)) {
    const text = line.toString('latin1')
    if (!/^(-1|\d+)$/.test(text)) throw new Error(`not a length: ${JSON.stringify(type + text)}`)
    const length = Number(text)
    body = undefined
    if (BULKS.includes(type)) {
      if (length >= 0) body = cursor.take(length)
    } else if (length >= 0) {
      items = []
      const count = type === '%' || type === '|' ? 2 * length : length
      for (let i = 0; i < count; i++) items.push(readFrame(cursor))
      // An attribute says something about the reply that follows it: together they are one reply.
      if (type === '|') items.push(readFrame(cursor))
    }
  }
  return { type, raw: cursor.bytes.subarray(start, cursor.at), body, items }
}

/** Reads the frame that starts at `at`; undefined when its bytes have not all come. Throws on what is no RESP. */
export function parseFrame(bytes: Buffer, at: number): Frame | undefined {
  try {
    return readFrame(new Cursor(bytes, at))
  } catch (error) {
    if (error === INCOMPLETE) return undefined
    throw error
  }
}

function plainNumber(text: string): number | bigint {
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : BigInt(text)
}

function plainDouble(text: string): number {
  if (text === 'inf') return Infinity
  if (text === '-inf') return -Infinity
  return text.includes('nan') ? NaN : Number(text)
}

/** The frame as plain JavaScript. With `binary`, bulk strings are Buffers instead of UTF-8 text. */
export function plain(frame: Frame, binary = false): Value {
  const { type, body } = frame
  const items = frame.items
  if (items !== undefined) {
    if (type === '|') return plain(items[items.length - 1], binary)
    const values = items.map(item => plain(item, binary))
    if (type === '~') return new Set(values)
    if (type !== '%') return values
    const map = new Map<Value, Value>()
    for (let i = 0; i < values.length; i += 2) map.set(values[i], values[i + 1])
    return map
  }
  if (body === undefined || type === '_') return null
  if (type === '$' && binary) return Buffer.from(body)
  const text = body.toString('utf8')
  switch (type) {
    case ':':
      return plainNumber(text)
    case ',':
      return plainDouble(text)
    case '(':
      return BigInt(text)
    case '#':
      return text === 't'
    case '-':
    case '!':
      return new ErrorReply(text)
    case '=':
      return text.slice(4)
    default:
      return text
  }
}

/** One line for messages: the raw bytes with everything unprintable escaped, cut after `lengthMax` characters. */
export function showRaw(raw: Buffer, lengthMax = 400): string {
  const text = JSON.stringify(raw.toString('latin1')).slice(1, -1)
  return text.length <= lengthMax ? text : `${text.slice(0, lengthMax)}… (${raw.length} bytes)`
}
