import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { renderCommands } from '../../scripts/command-manual.ts'
import { CATEGORIES, categoriesOf } from '../../src/commands/categories.ts'
import { BRIEF, FLAG_NAMES, READONLY, RUNS_SCRIPT, WRITE } from '../../src/commands/command.ts'
import { commandByName, commands, entries, findCommand, findSubcommand } from '../../src/commands/table.ts'

const find = (name: string) => {
  const bytes = Buffer.from(name, 'latin1')
  return findCommand(bytes, 0, bytes.length)
}

describe('command table', () => {
  test('finds every command by its name in any case, and nothing by another', () => {
    for (const entry of commands) {
      expect(find(entry.fullName)).toBe(entry)
      expect(find(entry.fullName.toUpperCase())).toBe(entry)
      expect(find(`${entry.fullName}x`)).not.toBe(entry)
      for (const subcommand of entry.subcommands) {
        const name = Buffer.from(subcommand.command.name.toLowerCase(), 'latin1')
        expect(findSubcommand(entry, name, 0, name.length)).toBe(subcommand)
        expect(commandByName(subcommand.fullName.toUpperCase())).toBe(subcommand)
        expect(find(subcommand.fullName)).toBe(undefined)
      }
    }
    for (const name of ['', 'nosuch', 'get\0', 'ge', 'x'.repeat(1000), '\xff']) expect(find(name)).toBe(undefined)
  })

  test('every entry runs somewhere, has known flags, and does not both read and write', () => {
    const known = FLAG_NAMES.reduce((bits, [flag]) => bits | flag, RUNS_SCRIPT | BRIEF)
    for (const { fullName, command, shard, router } of entries) {
      expect(command.subcommands !== undefined || shard !== undefined || router !== undefined, fullName).toBe(true)
      expect(command.flags & ~known, fullName).toBe(0)
      expect((command.flags & WRITE) !== 0 && (command.flags & READONLY) !== 0, fullName).toBe(false)
      expect(command.arity, fullName).not.toBe(0)
    }
  })

  test('names no category that does not exist', () => {
    const names: readonly string[] = CATEGORIES
    for (const { fullName, command } of entries) {
      for (const category of command.categories ?? []) expect(names, fullName).toContain(category.replace(/^-/, ''))
    }
    for (const entry of entries) expect(categoriesOf(entry).length, entry.fullName).toBeGreaterThan(0)
  })

  test('the manual is current: run `npm run docs`', () => {
    expect(readFileSync(new URL('../../docs/commands.md', import.meta.url), 'utf8')).toBe(renderCommands())
  })
})
