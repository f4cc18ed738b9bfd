// The tree of replicas as one node knows it: what its replicas are, and what they say of those below them.
//
// A replica reports once a second, in one word of REPLCONF: `<nodes below>,<node> <node> …`, a node being
// `depth;address;port;offset;lag;state`, depth 1 for the reporter's own replicas. What is too long for its row in the block
// is left out, and only counted.

import type { TreeNode } from '../commands/replication/replication.ts'
import { CAPABILITY, REPLICA_STATE, REPLICA_STATE_NAMES, type ReplicationBlock } from '../shared/replication-block.ts'

/** All nodes below this one, each behind its parent. */
export function treeNodes(block: ReplicationBlock, now: number): TreeNode[] {
  const nodes: TreeNode[] = []
  for (const row of block.rows()) {
    nodes.push({
      depth: 1,
      address: block.address(row),
      port: block.rowWord(row, 'PORT'),
      offset: block.rowNumber(row, 'ACK'),
      lag: Math.max(0, Math.floor((now - block.rowNumber(row, 'ACK_TIME')) / 1000)),
      state: REPLICA_STATE_NAMES[block.state(row)],
    })
    for (const node of parseNodes(block.tree(row))) nodes.push({ ...node, depth: node.depth + 1 })
  }
  return nodes
}

function parseNodes(text: string): TreeNode[] {
  if (text === '') return []
  return text.split(' ').map(word => {
    const [depth, address, port, offset, lag, state] = word.split(';')
    return { depth: Number(depth), address, port: Number(port), offset: Number(offset), lag: Number(lag), state }
  })
}

/** How many nodes are below this one, those included that are only counted. */
export function treeSize(block: ReplicationBlock): number {
  return block.rows().reduce((sum, row) => sum + 1 + block.rowWord(row, 'WORD'), 0)
}

/** What a replica reports of itself. */
export function treeReport(block: ReplicationBlock, now: number): string {
  const nodes = treeNodes(block, now).map(
    ({ depth, address, port, offset, lag, state }) => `${depth};${address};${port};${offset};${lag};${state}`,
  )
  return `${treeSize(block)},${nodes.join(' ')}`
}

/**
 * The replica to which a further one is referred: of those that know referrals and are online, the one with the fewest
 * below it. The row `except` is the asker's own, as may be others of its address. Undefined if there is room here, or
 * nobody to refer to.
 */
export function treeReferral(
  block: ReplicationBlock,
  except: number,
  fanout: number,
): { readonly address: string; readonly port: number } | undefined {
  if (fanout === 0) return undefined
  const isAsker = (row: number): boolean =>
    row === except ||
    (block.address(row) === block.address(except) && block.rowWord(row, 'PORT') === block.rowWord(except, 'PORT'))
  const others = block.rows().filter(row => !isAsker(row))
  if (others.length < fanout) return undefined
  const hosts = others.filter(
    row => block.state(row) === REPLICA_STATE.ONLINE && (block.rowWord(row, 'CAPA') & CAPABILITY.TREE) !== 0,
  )
  if (hosts.length === 0) return undefined
  const least = hosts.reduce((a, b) => (block.rowWord(b, 'WORD') < block.rowWord(a, 'WORD') ? b : a))
  // Several may ask before it reports.
  block.setRowWord(least, 'WORD', block.rowWord(least, 'WORD') + 1)
  return { address: block.address(least), port: block.rowWord(least, 'PORT') }
}
