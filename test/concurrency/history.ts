// Checks histories of transactions that append to lists and read them for strict serializability: is there one order of
// all transactions that explains every reply and in which a transaction that ended before another began comes first?
//
// Appending makes that easy to decide (Kingsbury and Alvaro, "Elle"): the length that RPUSH returns is the element's
// place for ever, so the order of appends is known, and a read tells exactly which append it follows and which it
// precedes. What is left is to look for a cycle.

/** One command of a transaction and what it replied. */
export type Step =
  | { readonly kind: 'append'; readonly key: string; readonly element: string; readonly length: number }
  | { readonly kind: 'read'; readonly key: string; readonly elements: readonly string[] }

/** A transaction that has run; the times are of the client's clock. */
export interface Transaction {
  readonly begun: number
  readonly ended: number
  readonly steps: readonly Step[]
}

/** Says what is wrong with a history, undefined if nothing is. */
export function violation(history: readonly Transaction[]): string | undefined {
  const places = placesOf(history)
  if (typeof places === 'string') return places
  for (const transaction of history) {
    const wrong = wrongRead(transaction, places)
    if (wrong !== undefined) return wrong
  }
  return hasCycle(history, places) ? 'no order of the transactions explains what they saw' : undefined
}

interface Append {
  readonly element: string
  /** Index of the transaction. */
  readonly by: number
}

type Places = ReadonlyMap<string, readonly Append[]>

/** By key, the appends in their order; or why there is none. */
function placesOf(history: readonly Transaction[]): Places | string {
  const places = new Map<string, Append[]>()
  for (const [by, { steps }] of history.entries()) {
    for (const step of steps) {
      if (step.kind !== 'append') continue
      const appends = places.get(step.key) ?? []
      places.set(step.key, appends)
      if (appends[step.length - 1] !== undefined) return `two appends to ${step.key} returned ${step.length}`
      appends[step.length - 1] = { element: step.element, by }
    }
  }
  for (const [key, appends] of places) {
    for (let i = 0; i < appends.length; i++)
      if (appends[i] === undefined) return `nobody appended element ${i} of ${key}`
  }
  return places
}

/** What one transaction read that can't be, whatever the order: not a prefix, or not with its own appends. */
function wrongRead({ steps }: Transaction, places: Places): string | undefined {
  for (const [at, step] of steps.entries()) {
    if (step.kind !== 'read') continue
    const appends = places.get(step.key) ?? []
    for (const [i, element] of step.elements.entries()) {
      if (appends[i]?.element !== element) return `element ${i} of ${step.key} was read as ${element}`
    }
    for (const [otherAt, other] of steps.entries()) {
      if (other.kind !== 'append' || other.key !== step.key) continue
      const sees = other.length <= step.elements.length
      if (sees !== otherAt < at) return `a transaction ${sees ? 'saw' : 'did not see'} its own append to ${step.key}`
    }
  }
  return undefined
}

/** Whether what must come before what goes round in a circle. */
function hasCycle(history: readonly Transaction[], places: Places): boolean {
  // Nodes: the transactions, and behind them one for each end of a transaction, chained in time.
  const count = history.length
  const after: number[][] = Array.from({ length: 2 * count }, () => [])
  const before = new Int32Array(2 * count)
  const edge = (from: number, to: number): void => {
    if (from === to) return
    after[from].push(to)
    before[to]++
  }
  for (const appends of places.values()) for (let i = 1; i < appends.length; i++) edge(appends[i - 1].by, appends[i].by)
  for (const [by, { steps }] of history.entries()) {
    for (const step of steps) {
      if (step.kind !== 'read') continue
      const appends = places.get(step.key) ?? []
      const seen = step.elements.length
      if (seen > 0) edge(appends[seen - 1].by, by)
      if (seen < appends.length) edge(by, appends[seen].by)
    }
  }
  const byEnd = history.map((_, index) => index).sort((a, b) => history[a].ended - history[b].ended)
  const byBegin = history.map((_, index) => index).sort((a, b) => history[a].begun - history[b].begun)
  for (const [place, index] of byEnd.entries()) {
    edge(index, count + place)
    if (place > 0) edge(count + place - 1, count + place)
  }
  let ended = 0
  for (const index of byBegin) {
    while (ended < count && history[byEnd[ended]].ended < history[index].begun) ended++
    if (ended > 0) edge(count + ended - 1, index)
  }
  // Takes away what nothing comes before; what cannot be taken away is in a circle.
  const free: number[] = []
  for (let node = 0; node < 2 * count; node++) if (before[node] === 0) free.push(node)
  let taken = 0
  for (let node = free.pop(); node !== undefined; node = free.pop()) {
    taken++
    for (const next of after[node]) if (--before[next] === 0) free.push(next)
  }
  return taken < 2 * count
}
