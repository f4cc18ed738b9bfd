import { describe, expect, test } from 'vitest'
import { describeCommands, describeSelector } from '../../../src/commands/acl/describe.ts'
import { DENIED, RULE_ERROR, Selector } from '../../../src/commands/acl/selector.ts'
import { User } from '../../../src/commands/acl/user.ts'
import { Users } from '../../../src/commands/acl/users.ts'
import { CATEGORIES } from '../../../src/commands/categories.ts'
import { commandByName, entries } from '../../../src/commands/table.ts'
import { requestOf } from '../../../src/protocol/request.ts'
import { chooseSeed, randomFrom } from '../../support/random.ts'

function selectorOf(...rules: string[]): Selector {
  const selector = new Selector()
  for (const rule of rules) expect(selector.rule(rule)).toBeUndefined()
  return selector
}

/** Why a selector denies a command, one of DENIED. */
function denied(selector: Selector, ...args: string[]): number {
  const entry = commandByName(args[0])
  if (entry === undefined) throw new Error(`no command ${args[0]}`)
  const verdict = { denied: 0, argument: 0 }
  return selector.allows(entry, requestOf(args), verdict) ? DENIED.NOTHING : verdict.denied
}

describe('selectors', () => {
  test('a read needs a pattern for reading, a write one for writing', () => {
    const selector = selectorOf('+get', '+set', '%R~r*', '%W~w*')
    expect(denied(selector, 'get', 'r1')).toBe(DENIED.NOTHING)
    expect(denied(selector, 'get', 'w1')).toBe(DENIED.KEY)
    expect(denied(selector, 'set', 'w1', 'v')).toBe(DENIED.NOTHING)
    expect(denied(selector, 'set', 'r1', 'v')).toBe(DENIED.KEY)
    expect(denied(selector, 'del', 'w1')).toBe(DENIED.COMMAND)
  })

  test('a first argument allows a forbidden command with it alone', () => {
    const selector = selectorOf('+select|0')
    expect(denied(selector, 'select', '0')).toBe(DENIED.NOTHING)
    expect(denied(selector, 'select', '1')).toBe(DENIED.COMMAND)
  })

  test.each([
    ['+nosuch', RULE_ERROR.UNKNOWN],
    ['-nosuch', RULE_ERROR.UNKNOWN],
    ['+@nosuch', RULE_ERROR.UNKNOWN],
    ['+config|nosuch', RULE_ERROR.UNKNOWN],
    ['+config|', RULE_ERROR.SYNTAX],
    ['+config|get|port', RULE_ERROR.FIRST_ARG],
    ['%X~a', RULE_ERROR.SYNTAX],
    ['%RR~a', RULE_ERROR.SYNTAX],
    ['%~a', RULE_ERROR.SYNTAX],
    ['~a b', RULE_ERROR.SYNTAX],
    ['nonsense', RULE_ERROR.SYNTAX],
  ])('%j is refused', (rule, reason) => {
    expect(new Selector().rule(rule)).toBe(reason)
  })

  test('patterns behind the one that matches all are refused', () => {
    expect(selectorOf('~*').rule('~a')).toBe(RULE_ERROR.KEY_AFTER_ALL)
    expect(selectorOf('&*').rule('&a')).toBe(RULE_ERROR.CHANNEL_AFTER_ALL)
  })

  test('what describes the commands makes the same commands again', () => {
    const seed = chooseSeed()
    const random = randomFrom(seed)
    for (let round = 0; round < 200; round++) {
      const selector = selectorOf(random.chance(0.5) ? '+@all' : '-@all')
      for (let i = random.int(0, 6); i > 0; i--) {
        const sign = random.chance(0.5) ? '+' : '-'
        const what = random.chance(0.5) ? `@${random.pick(CATEGORIES)}` : random.pick(entries).fullName
        expect(selector.rule(`${sign}${what}`)).toBeUndefined()
      }
      const described = selectorOf(...describeCommands(selector).split(' '))
      expect(described.allowed, `seed ${seed}, round ${round}: ${describeCommands(selector)}`).toEqual(selector.allowed)
      expect(described.futureCommands).toBe(selector.futureCommands)
    }
  })

  test('categories are named where they fit', () => {
    expect(describeCommands(selectorOf('+@all', '-@dangerous'))).toBe('+@all -@dangerous')
    expect(describeSelector(selectorOf('~a', '+get', '+select|0'))).toBe('~a resetchannels -@all +get +select|0')
  })
})

describe('users', () => {
  test('rules are obeyed all or none', () => {
    const users = new Users()
    expect(users.set('u', ['on', '>secret', '+get'], false)).toBeUndefined()
    expect(users.set('u', ['+set', '+nosuch'], false)).toEqual({ rule: '+nosuch', text: RULE_ERROR.UNKNOWN })
    expect(users.get('u')?.root.allowed[commandByName('set')?.id ?? -1]).toBe(0)
  })

  test('a line makes the same user again, without the password in clear', () => {
    const users = new Users()
    users.set('u', ['on', '>secret', '~k*', '&c*', '+@read', '(+set', '%W~w*)'], false)
    const line = users.get('u')?.describe() ?? ''
    expect(line).not.toContain('secret')
    const [name, ...rules] = line.split(' ')
    expect(
      Users.of([[name, rules]])
        .get('u')
        ?.describe(),
    ).toBe(line)
    expect(
      Users.of([[name, rules]])
        .get('u')
        ?.accepts('secret'),
    ).toBe(true)
    expect(
      Users.of([[name, rules]])
        .get('u')
        ?.accepts('other'),
    ).toBe(false)
  })

  test('the default user may do everything, a fresh one nothing', () => {
    expect(User.default().isUnrestricted).toBe(true)
    const users = new Users()
    users.set('fresh', [], false)
    expect(users.get('fresh')?.describe()).toBe('fresh off resetchannels -@all')
  })
})
