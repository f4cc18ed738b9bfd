// The programs and commands that a page of the manual shows.
//
// A fenced block in sh, js or ts is run, in the order of the page. `file=NAME` behind the language only writes it to that
// file. A comment on the line before says what is special: `<!-- not run: WHY -->`, `<!-- background -->` for a server that
// the rest of the page talks to.

/** A block of a page. */
export interface Block {
  readonly language: string
  /** The file it is, if it says so. */
  readonly file: string | undefined
  /** What the comment before it says. */
  readonly mark: string | undefined
  readonly text: string
  /** The line of the page where it begins. */
  readonly line: number
}

const LANGUAGES = ['sh', 'js', 'ts']

/** The blocks of a page that are commands or programs. */
export function blocksOf(page: string): Block[] {
  const lines = page.split('\n')
  const blocks: Block[] = []
  for (let at = 0; at < lines.length; at++) {
    const fence = /^```(\w+)(?: file=(\S+))?$/.exec(lines[at])
    if (fence === null) continue
    const end = lines.indexOf('```', at + 1)
    if (end < 0) throw new Error(`the block at line ${at + 1} has no end`)
    if (LANGUAGES.includes(fence[1])) {
      const mark = /^<!-- (.+) -->$/.exec(lines[at - 1] ?? '')?.[1]
      const text = `${lines.slice(at + 1, end).join('\n')}\n`
      blocks.push({ language: fence[1], file: fence[2], mark, text, line: at + 1 })
    }
    at = end
  }
  return blocks
}
