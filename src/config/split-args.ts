// Splitting a line into arguments and quoting a value, as redis.conf and redis-server's command line do it.
//
// Configuration text is bytes: here, as everywhere in src/config, a string's character codes are bytes ('latin1').
// Always: splitArgs(quote(value)) is [value] for every value.

/** Turns what Node decoded as UTF-8 (process.argv, say) into the byte strings that src/config works with. */
export function toByteString(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** The bytes of a byte string: for paths handed to the file system, and for replies. */
export function fromByteString(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

/** The arguments on a line, or undefined when a quote is not closed or something sticks to a closing quote. */
export function splitArgs(line: string): string[] | undefined {
  const args: string[] = []
  let at = 0
  for (;;) {
    while (at < line.length && isBlank(line[at])) at++
    if (at === line.length) return args
    let arg = ''
    while (at < line.length && !endsWord(line[at])) {
      const char = line[at++]
      if (char !== '"' && char !== "'") {
        arg += char
        continue
      }
      const end = closingQuote(line, at, char)
      if (end < 0 || (end + 1 < line.length && !isBlank(line[end + 1]))) return undefined
      const inside = line.slice(at, end)
      arg += char === '"' ? unescapeDouble(inside) : inside.replaceAll("\\'", "'")
      at = end + 1
      break
    }
    args.push(arg)
  }
}

/** The value in double quotes, escaped so that every byte comes back. */
export function quote(value: string): string {
  let quoted = '"'
  for (const char of value) quoted += ESCAPED[char] ?? (isPrintable(char) ? char : `\\x${hexByte(char)}`)
  return `${quoted}"`
}

const ESCAPED: Readonly<Record<string, string | undefined>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\x07': '\\a',
  '\b': '\\b',
}

const UNESCAPED: Readonly<Record<string, string | undefined>> = { n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' }

// Blanks between words are C's isspace; a word itself ends only at four of them.
function isBlank(char: string): boolean {
  return ' \t\n\v\f\r'.includes(char)
}

function endsWord(char: string): boolean {
  return ' \t\n\r'.includes(char)
}

function closingQuote(line: string, from: number, mark: string): number {
  for (let at = from; at < line.length; at++) {
    if (line[at] === mark) return at
    // A backslash takes any next character along in double quotes, but only a quote in single ones.
    if (line[at] === '\\' && at + 1 < line.length && (mark === '"' || line[at + 1] === mark)) at++
  }
  return -1
}

function unescapeDouble(text: string): string {
  return text.replace(/\\x([0-9a-fA-F]{2})|\\([\s\S])/g, (_, hex: string | undefined, char: string) =>
    hex === undefined ? (UNESCAPED[char] ?? char) : String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

function isPrintable(char: string): boolean {
  return char >= ' ' && char <= '~'
}

function hexByte(char: string): string {
  return char.charCodeAt(0).toString(16).padStart(2, '0')
}
