// `skep tree`: the tree of replicas below a server, as INFO replication_tree tells of it.

import { parseArgs, styleText } from 'node:util'
import { REMOTE_HELP, REMOTE_OPTIONS, Remote } from '../remote.ts'

export const help = `${REMOTE_HELP}

Shows the server, its master if it follows one, and every replica below it: how many bytes it is behind, how many seconds
ago it was heard of, and whether its link is up.`

interface Node {
  readonly depth: number
  readonly facts: ReadonlyMap<string, string>
}

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: REMOTE_OPTIONS })
  const remote = await Remote.open(values)
  try {
    const info = await remote.info('replication_tree')
    process.stdout.write(`${describe(info, String(values.host ?? '127.0.0.1'), String(values.port ?? '6379'))}\n`)
    return 0
  } finally {
    remote.close()
  }
}

/** The tree as text, a line a node. */
export function describe(info: ReadonlyMap<string, string>, host: string, port: string): string {
  const parent = info.get('tree_parent') ?? 'none'
  const lines: string[] = []
  if (parent !== 'none') lines.push(`${parent}  ${shownState(info.get('tree_parent_link') ?? '')}`)
  const root = `${host}:${port}  ${styleText('dim', `offset ${info.get('tree_offset')}`)}`
  lines.push(parent === 'none' ? styleText('bold', root) : `└─ ${styleText('bold', root)}`)
  const nodes: Node[] = []
  for (let i = 0; info.has(`node${i}`); i++) {
    const facts = new Map((info.get(`node${i}`) ?? '').split(',').map(pair => pair.split('=', 2) as [string, string]))
    nodes.push({ depth: Number(facts.get('depth')), facts })
  }
  const indent = parent === 'none' ? '' : '   '
  /** Whether the ancestor at each depth has a sibling further down. */
  const goesOn: boolean[] = []
  for (const [i, { depth, facts }] of nodes.entries()) {
    const next = nodes.slice(i + 1).find(each => each.depth <= depth)
    goesOn[depth] = next?.depth === depth
    const trunk = goesOn
      .slice(1, depth)
      .map(each => (each ? '│  ' : '   '))
      .join('')
    lines.push(`${indent}${trunk}${goesOn[depth] ? '├─ ' : '└─ '}${line(facts)}`)
  }
  const known = Number(info.get('tree_nodes') ?? nodes.length)
  if (known > nodes.length) lines.push(styleText('dim', `and ${known - nodes.length} more further down`))
  return lines.join('\n')
}

function line(facts: ReadonlyMap<string, string>): string {
  const behind = Number(facts.get('behind'))
  const lag = Number(facts.get('lag'))
  const text = `${facts.get('ip')}:${facts.get('port')}  ${shownState(facts.get('state') ?? '')}  `
  return text + styleText(behind > 0 || lag > 1 ? 'yellow' : 'dim', `${behind} bytes behind, heard of ${lag} s ago`)
}

function shownState(state: string): string {
  return styleText(state === 'up' || state === 'online' ? 'green' : 'red', state)
}
