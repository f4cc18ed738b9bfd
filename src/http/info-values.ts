// INFO's fields by name, for what the gateway tells: metrics, health, status. INFO's tables are the one source of figures.

import type { InfoFacts } from '../commands/server/info-facts.ts'
import { SECTIONS } from '../commands/server/info-sections.ts'

/** The fields of these sections, by name. */
export function infoValues(facts: InfoFacts, names: readonly string[]): Map<string, string> {
  const values = new Map<string, string>()
  for (const section of SECTIONS) {
    if (!names.includes(section.name)) continue
    for (const line of section.lines(facts)) {
      const colon = line.indexOf(':')
      values.set(line.slice(0, colon), line.slice(colon + 1))
    }
  }
  return values
}

/** A field that is a row of `name=value` pairs behind commas, such as `db0` or `slave0`. */
export function pairsOf(text: string): Map<string, string> {
  return new Map(
    text.split(',').map(pair => {
      const equals = pair.indexOf('=')
      return [pair.slice(0, equals), pair.slice(equals + 1)]
    }),
  )
}
