// The replication tree as a picture: the master above, this server, its replicas below it, and theirs as far as they
// are known.

const SVG = 'http://www.w3.org/2000/svg'
const WIDTH = 180
const HEIGHT = 44
const GAP = 24

/** The tree's root: `{ name, note, isHere, isDown, below }`. */
function rootOf({ info, replicas }) {
  const here = {
    name: `port ${info.tcp_port}`,
    note: `${info.role === 'slave' ? 'replica' : 'master'}, offset ${info.slave_repl_offset ?? info.master_repl_offset}`,
    isHere: true,
    isDown: false,
    below: nested(replicas),
  }
  if (info.role !== 'slave') return here
  const isDown = info.master_link_status !== 'up'
  return {
    name: `${info.master_host}:${info.master_port}`,
    note: isDown ? 'master, link down' : 'master',
    isHere: false,
    isDown,
    below: [here],
  }
}

/** Nodes that come each behind its parent, with their depth, as a tree. */
function nested(replicas) {
  const levels = [[]]
  for (const { depth, address, port, state, lag } of replicas) {
    const node = {
      name: `${address}:${port}`,
      note: `${state}, lag ${lag} s`,
      isHere: false,
      isDown: state !== 'online',
      below: [],
    }
    levels[depth - 1].push(node)
    levels[depth] = node.below
  }
  return levels[0]
}

/** Gives every node its place, children side by side below their parent. Returns the width used. */
function place(node, left, depth) {
  let right = left
  for (const child of node.below) right = place(child, right, depth + 1) + GAP
  const width = Math.max(WIDTH, right - GAP - left)
  node.x = left + width / 2
  node.y = depth * (HEIGHT + 36)
  return left + width
}

const make = (name, attributes, ...children) => {
  const element = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  element.append(...children)
  return element
}

function drawNode(node) {
  const all = make('g', {})
  for (const child of node.below) {
    const [from, to] = [node.y + HEIGHT, child.y]
    const middle = (from + to) / 2
    const curve = `M${node.x},${from} C${node.x},${middle} ${child.x},${middle} ${child.x},${to}`
    all.append(make('path', { d: curve }), drawNode(child))
  }
  const kind = [node.isHere && 'here', node.isDown && 'down'].filter(Boolean).join(' ')
  all.append(
    make(
      'g',
      { class: kind },
      make('rect', { x: node.x - WIDTH / 2, y: node.y, width: WIDTH, height: HEIGHT, rx: 6 }),
      make('text', { x: node.x, y: node.y + 18, 'text-anchor': 'middle' }, node.name),
      make('text', { x: node.x, y: node.y + 35, 'text-anchor': 'middle', class: 'note' }, node.note),
    ),
  )
  return all
}

const depthOf = node => 1 + Math.max(0, ...node.below.map(depthOf))

/** An SVG of the tree that a status tells of. */
export function drawTree(status) {
  const root = rootOf(status)
  const width = place(root, 2, 0) + 2
  const height = depthOf(root) * (HEIGHT + 36) - 36
  const view = `0 -2 ${width} ${height + 4}`
  const title = make('title', {}, 'Replication tree')
  return make('svg', { viewBox: view, width, height: height + 4, role: 'img' }, title, drawNode(root))
}
