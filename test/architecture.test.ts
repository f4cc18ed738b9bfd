// The rules of the house that a machine can check: imports run downward only, Atomics stay in one room,
// and no file lies about that nothing reaches.

import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = new URL('..', import.meta.url).pathname

/** The rooms of src/, highest first: a file may import from its own room and from those below it. */
const ROOMS = [
  'src/cli', // and src/cli.ts
  'src', // index.ts, server.ts and whatever else sits directly in src/
  'src/http',
  'src/router',
  'src/shard',
  'src/replica',
  'src/persist',
  'src/commands',
  'src/scripting',
  'src/store',
  'src/protocol',
  'src/config',
  'src/shared',
  'src/bytes',
]

/** Where programs begin. A worker's file need not be listed: naming it in a string ('./worker.ts') reaches it. */
const ENTRIES = ['src/cli.ts', 'src/index.ts', 'src/memory-server.ts']

const ATOMICS_ROOM = 'src/shared'

interface Source {
  readonly path: string
  /** The code without its comments. */
  readonly code: string
  /** Files of the project that it imports. */
  readonly imports: string[]
  /** Files of the project that it names in any string, imports included. */
  readonly names: string[]
}

const sources = globSync('src/**/*.ts', { cwd: ROOT })
  .sort()
  .map((path): Source => {
    const code = withoutComments(readFileSync(join(ROOT, path), 'utf8'))
    return {
      path,
      code,
      imports: relativeFiles(path, code, /(?:\bfrom|\bimport)\s*\(?\s*'(\.{1,2}\/[^']+)'/g),
      names: relativeFiles(path, code, /'(\.{1,2}\/[^'\n]+\.ts)'/g),
    }
  })

/** Drops block comments and comments that take a line or follow a blank; enough for code as Biome formats it. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1')
}

function relativeFiles(path: string, code: string, pattern: RegExp): string[] {
  return [...code.matchAll(pattern)].map(match => normalize(join(dirname(path), match[1])))
}

function room(path: string): string {
  if (path === 'src/cli.ts') return 'src/cli'
  return path.split('/').slice(0, -1).slice(0, 2).join('/')
}

describe('architecture', () => {
  test('every source file is in a known room', () => {
    expect(sources.map(source => source.path).filter(path => !ROOMS.includes(room(path)))).toEqual([])
  })

  test('relative imports end in .ts and name a file that exists', () => {
    const wrong = sources.flatMap(source =>
      source.imports.filter(file => !file.endsWith('.ts') || !existsSync(join(ROOT, file))).map(f => [source.path, f]),
    )
    expect(wrong).toEqual([])
  })

  test('imports run downward only', () => {
    const upward = sources.flatMap(source =>
      source.imports
        .filter(file => ROOMS.indexOf(room(file)) < ROOMS.indexOf(room(source.path)))
        .map(file => `${source.path} imports ${file}`),
    )
    expect(upward).toEqual([])
  })

  test('an error text that several files send stands in one of them', () => {
    const places = new Map<string, Set<string>>()
    for (const { path, code } of sources) {
      for (const [, single, double] of code.matchAll(
        /'([A-Z]{3,} (?:[^'\\\n]|\\.){12,})'|"([A-Z]{3,} (?:[^"\\\n]|\\.){12,})"/g,
      )) {
        const text = single ?? double
        places.set(text, (places.get(text) ?? new Set()).add(path))
      }
    }
    const repeated = [...places].filter(([, paths]) => paths.size > 1)
    expect(repeated.map(([text, paths]) => `${text}: ${[...paths].join(', ')}`)).toEqual([])
  })

  test('source files import nothing outside src', () => {
    const outside = sources.flatMap(source =>
      source.imports.filter(file => !file.startsWith('src/')).map(file => `${source.path} imports ${file}`),
    )
    expect(outside).toEqual([])
  })

  test(`Atomics appear only in ${ATOMICS_ROOM}`, () => {
    const users = sources.filter(source => /\bAtomics\b/.test(source.code)).map(source => source.path)
    expect(users.filter(path => room(path) !== ATOMICS_ROOM)).toEqual([])
  })

  test('who writes a snapshot loads little: its thread starts while clients are served', () => {
    const loaded = new Set(['src/persist/write-files.ts'])
    for (const path of loaded) {
      const code = sources.find(source => source.path === path)?.code ?? ''
      for (const file of relativeFiles(path, code, /^import (?!type\b)[^']*'(\.{1,2}\/[^']+)'/gm)) loaded.add(file)
    }
    expect(loaded.size).toBeGreaterThan(5)
    expect([...loaded].filter(path => room(path) === 'src/commands' || path === 'src/store/shard.ts')).toEqual([])
    expect(loaded.size).toBeLessThan(30)
  })

  // Begins to hold when the first entry exists.
  test.skipIf(!ENTRIES.some(path => existsSync(join(ROOT, path))))('no source file is dead', () => {
    const reached = new Set<string>()
    // A structure's check and dump may stand in a file of their own, which only tests and fuzzers call.
    const checks = sources.map(source => source.path).filter(path => path.endsWith('-check.ts'))
    const queue = [...ENTRIES, ...checks].filter(path => existsSync(join(ROOT, path)))
    for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
      if (reached.has(path)) continue
      reached.add(path)
      queue.push(...(sources.find(source => source.path === path)?.names ?? []))
    }
    expect(sources.map(source => source.path).filter(path => !reached.has(path))).toEqual([])
  })

  test('tests run on the Node that the project pins', () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    expect(process.versions.node).toBe(manifest.devDependencies.node)
  })
})
