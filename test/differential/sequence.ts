// Random command sequences: how they are made, run against both servers, and cut down to what still fails.
//
// A group (one file in groups/) says which commands of a family there are and how to make their arguments. The keys
// of a group lie on different shards, and few of them meet many commands, so that values change hands often. Now and
// then some commands make a transaction.
// The same seed makes the same sequence.

import type { Argument } from '../support/client.ts'
import { type Difference, type Pair, type Step, showStep } from '../support/differential.ts'
import { type Random, randomFrom } from '../support/random.ts'

/** Makes one command of a group; `weight` is how often, beside the others. */
export type Maker = {
  /** The command's name as SKEP_LEAVE_OUT gives it. */
  readonly name: string
  readonly weight: number
  /** Never mangled: with an argument lost or replaced it would do something that cannot be compared. */
  readonly whole?: boolean
  make(random: Random, keys: readonly string[]): Step
}

/** A family of commands to be mixed with each other. */
export type Group = {
  readonly name: string
  readonly keys: readonly string[]
  readonly makers: readonly Maker[]
  /** Commands that read all there is to know of a key; run for each key at the end of a sequence. */
  look(key: string): readonly Step[]
}

/** What a seed stands for. */
export type Sequence = {
  /** What makes both servers start alike; never dropped. */
  readonly prelude: readonly Step[]
  readonly steps: readonly Step[]
  /** How many commands are sent in one write. */
  readonly depth: number
}

/** Few keys on purpose. Without a hash tag they spread over the shards; the two tagged ones share a slot. */
export const KEYS: readonly string[] = ['a', 'b', 'c', 'foo', 'bar', 'key:1', '{tag}1', '{tag}2']

/** A maker in short: `command('GET', 5, (r, key) => [key()])`. */
export function command(
  name: string,
  weight: number,
  args: (random: Random, key: () => string) => readonly Argument[],
  compare?: Step['compare'],
  whole = false,
): Maker {
  const words = name.split(' ')
  return {
    name,
    weight,
    whole,
    make(random, keys) {
      return { args: [...words, ...args(random, () => random.pick(keys))], compare }
    },
  }
}

/** The sequence of a seed: between a clean start and a look at every key, `length` random commands. */
export function makeSequence(group: Group, seed: number, length: number): Sequence {
  const random = randomFrom(seed)
  const leftOut = (process.env.SKEP_LEAVE_OUT ?? '').toUpperCase().split(',')
  const makers = group.makers.filter(maker => !leftOut.includes(maker.name))
  const protocol = random.pick([2, 3])
  const depth = random.pick([1, 3, 16, 64])
  const prelude: Step[] = [
    // A sequence cut short may have left a transaction open.
    { args: ['DISCARD'], compare: 'skip' },
    { args: ['FLUSHALL'] },
    { args: ['SELECT', 0] },
    // The reply names the server's version, id and modules.
    { args: ['HELLO', protocol], compare: 'skip' },
  ]
  const steps: Step[] = []
  const one = (): Step => {
    const maker = random.weighted(makers)
    const step = maker.make(random, group.keys)
    return maker.whole !== true && random.chance(0.03) ? mangled(step, random) : step
  }
  while (steps.length < length) {
    const transaction = random.chance(0.02) && !leftOut.includes('MULTI')
    steps.push(...(transaction ? inTransaction(Array.from({ length: random.int(1, 6) }, one)) : [one()]))
  }
  steps.push({ args: ['SELECT', 0] })
  for (const key of group.keys) steps.push(...group.look(key))
  return { prelude, steps, depth }
}

/** The commands between MULTI and EXEC, whose reply holds theirs. */
function inTransaction(steps: readonly Step[]): Step[] {
  const queued = steps.map(step => ({ args: step.args }))
  return [{ args: ['MULTI'] }, ...queued, { args: ['EXEC'], compare: { each: steps.map(step => step.compare) } }]
}

/** The command with an argument lost, doubled or replaced: most of these are errors, whose texts must agree too. */
function mangled(step: Step, random: Random): Step {
  const args = [...step.args]
  const at = random.int(1, Math.max(1, args.length - 1))
  const way = random.int(0, 3)
  if (way === 0) args.splice(at, 1)
  else if (way === 1) args.splice(at, 0, args[Math.min(at, args.length - 1)])
  else if (way === 2) args.splice(at, 1, random.pick(['', 'x', '-1', 'nx', '1.0', 'ch']))
  else args[0] = String(args[0]).toLowerCase()
  return { args, compare: step.compare }
}

/** Undefined when both servers agree on the whole sequence; else the shortest sequence found that still differs. */
export async function compareSequence(pair: Pair, { prelude, steps, depth }: Sequence): Promise<string | undefined> {
  const run = async (some: readonly Step[]): Promise<Difference | undefined> => {
    const differs = (await pair.firstDifference(prelude)) ?? (await pair.firstDifference(some, depth))
    if (differs !== undefined) await pair.renew()
    return differs
  }
  const show = (some: readonly Step[], differs: Difference): string =>
    `${[...prelude, ...some.slice(0, differs.index + 1)].map(showStep).join('\n')}\n    ${differs.text}`

  const first = await run(steps)
  if (first === undefined) return undefined
  const failing = steps.slice(0, first.index + 1)
  const short = await shrink(failing, async some => (await run(some)) !== undefined)
  const again = await run(short)
  const shown = again === undefined ? `${show(failing, first)}\n(not every time)` : show(short, again)
  return `${shown}\n(${short.length} of ${failing.length} commands, sent ${depth} at a time)`
}

/** Drops what can be dropped while `fails` holds: first halves, then ever smaller pieces, at last single items. */
export async function shrink<T>(
  items: readonly T[],
  fails: (items: readonly T[]) => Promise<boolean>,
  attemptsMax = 400,
): Promise<readonly T[]> {
  let current = items
  let attempts = 0
  for (let size = Math.ceil(items.length / 2); size >= 1; ) {
    let dropped = false
    for (let at = 0; at < current.length; ) {
      if (attempts++ >= attemptsMax) return current
      const candidate = [...current.slice(0, at), ...current.slice(at + size)]
      if (candidate.length > 0 && (await fails(candidate))) {
        current = candidate
        dropped = true
      } else at += size
    }
    // One item gone may let others go: single items are tried until none does.
    if (size > 1) size = Math.floor(size / 2)
    else if (!dropped) break
  }
  return current
}
