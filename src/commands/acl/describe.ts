// A selector as rules that make it again: what ACL LIST, ACL GETUSER and the ACL file say.

import { CATEGORIES, categoriesOf } from '../categories.ts'
import { commands, type Entry, entries } from '../table.ts'
import { PERMISSION_READ, PERMISSION_WRITE, Selector } from './selector.ts'

/** The rules for keys. */
export function describeKeys(selector: Selector): string {
  if (selector.allKeys) return '~*'
  return selector.keys.map(({ text, permission }) => `${keySign(permission)}${text}`).join(' ')
}

function keySign(permission: number): string {
  if (permission === PERMISSION_READ) return '%R~'
  return permission === PERMISSION_WRITE ? '%W~' : '~'
}

/** The rules for channels. */
export function describeChannels(selector: Selector): string {
  if (selector.allChannels) return '&*'
  return selector.channels.map(({ text }) => `&${text}`).join(' ')
}

/** Keys, channels and commands, as one line. */
export function describeSelector(selector: Selector): string {
  const keys = describeKeys(selector)
  const channels = describeChannels(selector)
  const parts = [keys, selector.allChannels ? channels : `resetchannels ${channels}`.trim(), describeCommands(selector)]
  return parts.filter(part => part !== '').join(' ')
}

/**
 * The commands as few rules: from all or nothing, first the categories that come closest, then what is left, one by one.
 * The rules are tried on a selector as they are found, so that they add up to exactly the same commands.
 */
export function describeCommands(selector: Selector): string {
  const adds = !selector.futureCommands
  const rules = [adds ? '-@all' : '+@all']
  const made = new Selector()
  made.rule(rules[0])
  // What categories still have to account for: each that is chosen is taken out of it.
  const rest = selector.copy()
  const chosen = new Set<string>()
  for (;;) {
    const category = bestCategory(rest, adds, chosen)
    if (category === undefined) break
    chosen.add(category)
    rules.push(`${adds ? '+' : '-'}@${category}`)
    made.rule(`${adds ? '+' : '-'}@${category}`)
    rest.rule(`${adds ? '-' : '+'}@${category}`)
  }
  for (const entry of commands) singleRules(entry, selector, made, rules)
  return rules.join(' ')
}

/** The category with more commands to gain than to lose, fewest to lose first. */
function bestCategory(rest: Selector, adds: boolean, chosen: ReadonlySet<string>): string | undefined {
  let best: string | undefined
  let bestLost = Number.POSITIVE_INFINITY
  let bestGained = 0
  for (const category of CATEGORIES) {
    if (chosen.has(category)) continue
    let on = 0
    let off = 0
    for (const entry of entries) {
      if (!categoriesOf(entry).includes(category)) continue
      if (rest.allowed[entry.id] === 1) on++
      else off++
    }
    const gained = adds ? on : off
    const lost = adds ? off : on
    if (gained > lost && (lost < bestLost || (lost === bestLost && gained > bestGained))) {
      best = category
      bestLost = lost
      bestGained = gained
    }
  }
  return best
}

function singleRules(entry: Entry, selector: Selector, made: Selector, rules: string[]): void {
  const wanted = selector.allowed[entry.id]
  if (wanted !== made.allowed[entry.id]) {
    rules.push(`${wanted === 1 ? '+' : '-'}${entry.fullName}`)
    made.setCommand(entry, wanted === 1)
  }
  for (const sub of entry.subcommands) singleRules(sub, selector, made, rules)
  if (wanted === 1) return
  for (const word of selector.firstArgs.get(entry.id) ?? []) rules.push(`+${entry.fullName}|${word.toLowerCase()}`)
}
