// Rules of a selector come in several arguments, the first of which begins with ( and the last ends with ): as one rule
// they are easier to obey.

export function mergeSelectors(
  rules: readonly string[],
): { readonly rules: readonly string[] } | { readonly unmatched: string } {
  const merged: string[] = []
  let open: string | undefined
  let first = ''
  for (const rule of rules) {
    if (open !== undefined) {
      open += ` ${rule}`
    } else if (rule.startsWith('(')) {
      open = rule
      first = rule
    } else {
      merged.push(rule)
      continue
    }
    if (!rule.endsWith(')')) continue
    merged.push(open)
    open = undefined
  }
  return open === undefined ? { rules: merged } : { unmatched: first }
}
