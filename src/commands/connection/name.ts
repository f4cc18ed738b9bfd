// Names that clients give themselves: printable, and without blanks, so that a line of CLIENT LIST stays one line.

export const BAD_NAME = 'ERR Client names cannot contain spaces, newlines or special characters.'

/** Whether a client may be called so. */
export function isName(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    if (code < 0x21 || code > 0x7e) return false
  }
  return true
}
