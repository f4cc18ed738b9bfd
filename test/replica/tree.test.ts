// A tree of 1 + 2 + 4 nodes that forms itself, under random writes, with links cut and nodes killed at random: in the end all
// are equal, and nobody took a full copy but who had lost everything. SKEP_SOAK_MS makes it last longer (600000 for ten
// minutes).

import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { type Random, randomFrom } from '../support/random.ts'
import { agreed, info, linked, type Node, startNode, until, writeRandomly } from './nodes.ts'

const SOAK_MS = Number(process.env.SKEP_SOAK_MS ?? 15_000)
const TEST_MS = SOAK_MS + 600_000
const seed = Number(process.env.SEED ?? Date.now())
const FANOUT = 2
const NODES = 7
const ARGS = ['--repl-fanout', String(FANOUT), '--repl-backlog-size', '32mb', '--repl-timeout', '60']

const nodes: Node[] = []
/** Full copies that each node loaded which is no more. */
const copiesOfDead: number[] = []

/** Full copies that a node has loaded in its life. One is due: it began with nothing. */
const copiesLoaded = (node: Node): number => node.server.output().split('sync: Finished with success').length - 1

afterEach(async () => {
  await Promise.all(nodes.splice(0).map(node => node.stop('SIGKILL')))
}, TEST_MS)

async function join(root: Node, port?: number): Promise<Node> {
  const node = await startNode('skep', { shards: 1, args: ARGS, ...(port === undefined ? {} : { port }) })
  await node.redis.call('REPLICAOF', '127.0.0.1', String(root.server.port))
  return node
}

/** Kills a node other than the root, and brings it back empty. */
async function killOne(root: Node, random: Random): Promise<void> {
  const i = random.int(1, NODES - 1)
  const { port } = nodes[i].server
  await nodes[i].stop('SIGKILL')
  copiesOfDead.push(copiesLoaded(nodes[i]))
  nodes[i] = await join(root, port)
}

test(
  `a tree of replicas stays whole while links break and nodes die (seed ${seed})`,
  async () => {
    const random = randomFrom(seed)
    const root = await startNode('skep', { shards: 2, args: ARGS })
    nodes.push(root)
    for (let i = 1; i < NODES; i++) {
      nodes.push(await join(root))
      await linked(nodes[i])
    }
    await until('the root knows of all', async () => (await info(root, 'tree_nodes')) === String(NODES - 1))
    // Nodes tell of those below them now and then. A node that is full itself refers to one below it.
    await until('the tree is told whole', async () => {
      const depths = (await root.redis.info('replication_tree')).match(/depth=\d/g) ?? []
      return depths.length === NODES - 1 && depths.filter(each => each === 'depth=1').length === FANOUT
    })

    let isOver = false
    const writer = (async () => {
      while (!isOver) {
        await writeRandomly(root, random, 100)
        await sleep(20)
      }
    })()
    for (const end = Date.now() + SOAK_MS; Date.now() < end; ) {
      await sleep(random.int(200, 1500))
      if (random.chance(0.25)) await killOne(root, random)
      else
        await nodes[random.int(0, NODES - 1)].redis.call('CLIENT', 'KILL', 'TYPE', random.pick(['replica', 'master']))
    }
    for (const node of nodes.slice(1)) await linked(node)
    isOver = true
    await writer
    await root.redis.set('last', 'write')
    expect(new Set(await agreed(nodes)).size, `seed ${seed}`).toBe(1)
    await until('all nodes are linked', async () => (await info(root, 'tree_nodes')) === String(NODES - 1))
    const copies = [...copiesOfDead, ...nodes.map(copiesLoaded)]
    if (process.env.SKEP_SOAK_MS !== undefined) console.log('full copies that the nodes loaded in their lives:', copies)
    for (const count of copies) expect(count, `seed ${seed}`).toBeLessThanOrEqual(1)
  },
  TEST_MS,
)
