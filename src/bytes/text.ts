// Bytes as words: comparing option names, and quoting for logs.

/** Whether the bytes are the constant, which is in upper case, in any case of their ASCII letters. */
export function equalsAnyCase(bytes: Uint8Array, at: number, length: number, upper: Uint8Array): boolean {
  if (length !== upper.length) return false
  for (let i = 0; i < length; i++) {
    const byte = bytes[at + i]
    const expected = upper[i]
    if (byte === expected) continue
    if (expected < 0x41 || expected > 0x5a || byte !== expected + 32) return false
  }
  return true
}

/** An ASCII constant for equalsAnyCase. */
export function upperConstant(text: string): Uint8Array {
  return Uint8Array.from(text.toUpperCase(), c => c.charCodeAt(0))
}

const SHORT_ESCAPES = new Map([
  [0x5c, '\\\\'],
  [0x22, '\\"'],
  [0x0a, '\\n'],
  [0x0d, '\\r'],
  [0x09, '\\t'],
  [0x07, '\\a'],
  [0x08, '\\b'],
])

/** The bytes in double quotes with everything but printable ASCII escaped, as MONITOR, SLOWLOG and logs show them. */
export function escapeForLog(bytes: Uint8Array, at: number, length: number): string {
  let text = '"'
  for (let i = at; i < at + length; i++) {
    const byte = bytes[i]
    const short = SHORT_ESCAPES.get(byte)
    if (short !== undefined) text += short
    else if (byte >= 0x20 && byte <= 0x7e) text += String.fromCharCode(byte)
    else text += `\\x${byte.toString(16).padStart(2, '0')}`
  }
  return `${text}"`
}
