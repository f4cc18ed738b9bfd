// What the manual shows works: every command and program in it is run, page by page.

import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { freePort, redisVersion } from '../support/server.ts'
import { blocksOf } from './blocks.ts'
import { Workshop } from './workshop.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PAGES = ['README.md', ...globSync('docs/*.md', { cwd: ROOT }).sort()]
const read = (page: string): string => readFileSync(join(ROOT, page), 'utf8')

describe('blocksOf', () => {
  test('finds blocks with their file and their mark', () => {
    const page = 'text\n<!-- background -->\n```sh\nskep\n```\n```js file=a.js\n1\n```\n```\nno language\n```\n'
    expect(blocksOf(page)).toEqual([
      { language: 'sh', file: undefined, mark: 'background', text: 'skep\n', line: 3 },
      { language: 'js', file: 'a.js', mark: undefined, text: '1\n', line: 6 },
    ])
  })

  test('a block without an end is a mistake', () => {
    expect(() => blocksOf('```sh\nskep\n')).toThrow(/line 1/)
  })
})

describe.each(PAGES)('%s', page => {
  const blocks = blocksOf(read(page))

  test('says why of every block that is not run', () => {
    for (const { mark, line } of blocks) {
      if (mark !== undefined) expect(`${line}: ${mark}`).toMatch(/: (background$|not run: .{5,})/)
    }
  })

  test('names files that exist', () => {
    const links = [...read(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(match => match[1])
    expect(links.filter(link => !existsSync(join(ROOT, dirname(page), link)))).toEqual([])
  })

  const toRun = blocks.filter(({ mark }) => mark === undefined || mark === 'background')
  // Pages talk to servers by redis-cli.
  test.skipIf(toRun.length === 0 || redisVersion() === undefined)(
    'does what it shows (needs redis-cli)',
    async () => {
      const workshop = new Workshop(await freePort(), await freePort())
      try {
        for (const block of toRun) {
          await workshop.run(block).catch(error => {
            throw new Error(`${page}, line ${block.line}: ${(error as Error).message}`)
          })
        }
      } finally {
        await workshop.close()
      }
    },
    300_000,
  )
})
