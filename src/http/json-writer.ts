// JSON out of replies in RESP2: what a shard or the router has replied becomes the body of a response without a string or
// an object in between, wherever the bytes are plain.

const PLUS = 43
const MINUS = 45
const COLON = 58
const DOLLAR = 36
const STAR = 42
const CR = 13
const QUOTE = 34
const BACKSLASH = 92

/** A reply's bytes end before the reply does. */
export const NOT_WHOLE = -1

const BUFFER_BYTES = 16 * 1024
const KEPT_BYTES_MAX = 1024 * 1024

export class JsonWriter {
  #bytes: Buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES)
  length = 0
  /** Strings are written in base64, as a client asks that keeps bytes which are no text. */
  base64 = false
  /** Whether everything so far is ASCII. */
  isAscii = true
  #lineEnd = 0

  /** Starts a new text. */
  begin(base64: boolean): void {
    this.length = 0
    this.base64 = base64
    this.isAscii = true
    if (this.#bytes.length > KEPT_BYTES_MAX) this.#bytes = Buffer.allocUnsafeSlow(BUFFER_BYTES)
  }

  /** What has been written: a string where that is cheap, which Node sends in one piece with the head. */
  text(): string | Buffer {
    return this.isAscii && this.length < BUFFER_BYTES ? this.#bytes.toString('latin1', 0, this.length) : this.copy()
  }

  copy(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.length))
  }

  /** JSON's own signs, in ASCII. */
  raw(text: string): void {
    this.#reserve(text.length)
    this.length += this.#bytes.write(text, this.length, 'latin1')
  }

  /** A text of the gateway's own, such as an error, always readable. */
  string(text: string): void {
    this.#utf8(JSON.stringify(text))
  }

  /** The reply at `at` as a JSON value. Returns the index behind it or NOT_WHOLE; then nothing is written. */
  reply(bytes: Buffer, at: number): number {
    const before = this.length
    const end = this.#value(bytes, at)
    if (end === NOT_WHOLE) this.length = before
    return end
  }

  #value(bytes: Buffer, at: number): number {
    const sign = bytes[at]
    const end = this.#line(bytes, at)
    if (end === NOT_WHOLE) return NOT_WHOLE
    if (sign === DOLLAR) return this.#bulk(bytes, end, integerAt(bytes, at + 1))
    if (sign === COLON) {
      this.#copy(bytes, at + 1, this.#lineEnd - at - 1)
      return end
    }
    if (sign === STAR) return this.#array(bytes, end, integerAt(bytes, at + 1))
    if (sign === PLUS && isOk(bytes, at)) this.raw('"OK"')
    else if (sign === MINUS) this.#plain(bytes, at + 1, this.#lineEnd - at - 1)
    else this.#string(bytes, at + 1, this.#lineEnd - at - 1)
    return end
  }

  /** Finds the end of the line at `at`, for #lineEnd. Returns the index behind it. */
  #line(bytes: Buffer, at: number): number {
    const { length } = bytes
    for (let i = at; i + 1 < length; i++) {
      if (bytes[i] !== CR) continue
      this.#lineEnd = i
      return i + 2
    }
    return NOT_WHOLE
  }

  #bulk(bytes: Buffer, at: number, length: number): number {
    if (length < 0) {
      this.raw('null')
      return at
    }
    if (at + length + 2 > bytes.length) return NOT_WHOLE
    this.#string(bytes, at, length)
    return at + length + 2
  }

  #array(bytes: Buffer, at: number, count: number): number {
    if (count < 0) {
      this.raw('null')
      return at
    }
    this.raw('[')
    for (let i = 0; i < count; i++) {
      if (i > 0) this.raw(',')
      at = this.#value(bytes, at)
      if (at === NOT_WHOLE) return NOT_WHOLE
    }
    this.raw(']')
    return at
  }

  #string(bytes: Buffer, at: number, length: number): void {
    if (this.base64) this.raw(`"${bytes.toString('base64', at, at + length)}"`)
    else this.#plain(bytes, at, length)
  }

  /** A string as JSON writes it. What is no UTF-8 is lost: who needs it asks for base64. */
  #plain(bytes: Buffer, at: number, length: number): void {
    this.#reserve(length + 2)
    const target = this.#bytes
    let to = this.length
    target[to++] = QUOTE
    for (let i = at; i < at + length; i++) {
      const byte = bytes[i]
      if (byte < 32 || byte > 126 || byte === QUOTE || byte === BACKSLASH) {
        this.#utf8(JSON.stringify(bytes.toString('utf8', at, at + length)))
        return
      }
      target[to++] = byte
    }
    target[to++] = QUOTE
    this.length = to
  }

  #utf8(text: string): void {
    this.#reserve(text.length * 3)
    const written = this.#bytes.write(text, this.length, 'utf8')
    if (written !== text.length) this.isAscii = false
    this.length += written
  }

  #copy(bytes: Buffer, at: number, length: number): void {
    this.#reserve(length)
    bytes.copy(this.#bytes, this.length, at, at + length)
    this.length += length
  }

  #reserve(bytes: number): void {
    if (this.length + bytes <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.length + bytes, this.#bytes.length * 2))
    this.#bytes.copy(larger, 0, 0, this.length)
    this.#bytes = larger
  }
}

/** The number of a line, which ends in a CR. */
function integerAt(bytes: Buffer, at: number): number {
  if (bytes[at] === MINUS) return -1
  let value = 0
  for (let i = at; bytes[i] !== CR; i++) value = value * 10 + bytes[i] - 48
  return value
}

const isOk = (bytes: Buffer, at: number): boolean =>
  bytes[at + 1] === 79 && bytes[at + 2] === 75 && bytes[at + 3] === CR

/** The text of the error reply at `at`; undefined if it is none. */
export function errorAt(bytes: Buffer, at: number): string | undefined {
  return bytes[at] === MINUS ? bytes.toString('utf8', at + 1, bytes.indexOf(CR, at)) : undefined
}
