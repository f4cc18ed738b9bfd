// The status page: asks /status.json once a second and shows what has happened since. Sums come from the server,
// differences are made here, and the last two minutes are kept for the charts.

import { drawTree } from './tree.js'
import uPlot from './uplot.js'

const PERIOD_MS = 1000
const SAMPLES = 120
const MIB = 1024 * 1024

const element = id => document.getElementById(id)
const show = (id, text) => {
  element(id).textContent = text
}
const count = value => Math.round(value).toLocaleString('en-US')
const bytes = value => {
  for (const [unit, size] of [
    ['GiB', MIB * 1024],
    ['MiB', MIB],
    ['KiB', 1024],
  ]) {
    if (value >= size) return `${(value / size).toFixed(1)} ${unit}`
  }
  return `${value} B`
}
const duration = microseconds =>
  microseconds < 1000 ? `${Math.round(microseconds)} µs` : `${(microseconds / 1000).toFixed(1)} ms`

// ---- charts

function chart(id, labels) {
  const colours = ['#d9950f', '#3f8f5b']
  const axis = { stroke: '#8a8f96', grid: { stroke: '#8a8f9633', width: 1 } }
  const width = () => Math.max(240, element(id).clientWidth)
  const plot = new uPlot(
    {
      width: width(),
      height: 180,
      cursor: { show: false },
      legend: { show: labels.length > 1, live: false },
      axes: [
        { ...axis, values: (_, ticks) => ticks.map(t => `${t}s`) },
        { ...axis, size: 60, values: (_, ticks) => ticks.map(count) },
      ],
      scales: { x: { time: false }, y: { range: (_, __, max) => [0, Math.max(1, max * 1.1)] } },
      series: [{}, ...labels.map((label, i) => ({ label, stroke: colours[i], width: 2, points: { show: false } }))],
    },
    [[], ...labels.map(() => [])],
    element(id),
  )
  addEventListener('resize', () => plot.setSize({ width: width(), height: 180 }))
  const rows = labels.map(() => [])
  return values => {
    for (const [i, value] of values.entries()) {
      rows[i].push(value)
      if (rows[i].length > SAMPLES) rows[i].shift()
    }
    const ages = rows[0].map((_, i) => i - rows[0].length + 1)
    plot.setData([ages, ...rows])
  }
}

let plots
const makePlots = () => ({
  ops: chart('opsChart', ['operations']),
  latency: chart('latencyChart', ['p50', 'p99']),
  memory: chart('memoryChart', ['used', 'resident']),
})

// ---- figures

/** The time that `share` of the calls between two samples stayed within, µs. */
function percentile(before, now, share) {
  const calls = now.map(([limit, sum], i) => [limit, sum - (before[i]?.[1] ?? 0)])
  const total = calls.reduce((sum, [, n]) => sum + n, 0)
  if (total <= 0) return undefined
  let seen = 0
  for (const [limit, n] of calls) {
    seen += n
    if (seen >= total * share) return limit
  }
  return undefined
}

const row = cells => {
  const tr = document.createElement('tr')
  for (const cell of cells) {
    const td = document.createElement('td')
    td.append(cell)
    tr.append(td)
  }
  return tr
}

const meter = (value, max) => {
  const bar = document.createElement('meter')
  bar.max = Math.max(max, 1)
  bar.value = value
  return bar
}

function showShards(status, before, seconds) {
  const most = Math.max(...status.shards.map(shard => shard.usedBytes))
  const lookups = status.shards.map((shard, i) => {
    const last = before?.shards[i]
    return last === undefined ? 0 : (shard.hits + shard.misses - last.hits - last.misses) / seconds
  })
  const busiest = Math.max(...lookups)
  element('shards').replaceChildren(
    ...status.shards.map((shard, i) =>
      row([
        String(i),
        count(shard.keys),
        bytes(shard.usedBytes),
        meter(shard.usedBytes, most),
        count(lookups[i]),
        meter(lookups[i], busiest),
      ]),
    ),
  )
}

const when = seconds => (Number(seconds) > 0 ? new Date(Number(seconds) * 1000).toLocaleTimeString() : 'never')

function showDisk({ info }) {
  const rows = [
    ['last snapshot', `${when(info.rdb_last_save_time)}, ${info.rdb_last_bgsave_status}`],
    ['changes since', count(Number(info.rdb_changes_since_last_save))],
    ['snapshot being written', info.rdb_bgsave_in_progress === '1' ? 'yes' : 'no'],
    ['append-only file', info.aof_enabled === '1' ? 'on' : 'off'],
  ]
  if (info.aof_enabled === '1') {
    rows.push(
      ['its last write', info.aof_last_write_status],
      ['its last rewrite', info.aof_last_bgrewrite_status],
      ['being rewritten', info.aof_rewrite_in_progress === '1' ? 'yes' : 'no'],
    )
    if (info.aof_current_size !== undefined) rows.push(['its size', bytes(Number(info.aof_current_size))])
  }
  if (info.loading === '1') rows.unshift(['loading', `${info.loading_loaded_perc ?? ''} %`])
  element('disk').replaceChildren(...rows.map(row))
}

function showFigures(status, before, seconds) {
  const { info } = status
  const change = name => Number(info[name]) - Number(before?.info[name] ?? info[name])
  const ops = seconds > 0 ? Math.max(0, change('total_commands_processed') / seconds) : 0
  const [p50, p99] = [0.5, 0.99].map(share => before && percentile(before.latency, status.latency, share))
  const hits = change('keyspace_hits')
  const lookups = hits + change('keyspace_misses')
  show('ops', count(ops))
  show('p50', p50 === undefined ? '–' : duration(p50))
  show('p99', p99 === undefined ? '–' : duration(p99))
  show('hitRate', lookups > 0 ? `${((100 * hits) / lookups).toFixed(1)} %` : '–')
  show('clients', count(Number(info.connected_clients)))
  show('keys', count(status.shards.reduce((sum, { keys }) => sum + keys, 0)))
  show('memory', bytes(Number(info.used_memory)))
  if (before === undefined) return
  plots.ops([ops])
  plots.latency([p50 ?? 0, p99 ?? 0])
  plots.memory([Number(info.used_memory) / MIB, Number(info.used_memory_rss) / MIB])
}

const uptime = seconds => {
  const [d, h, m, s] = [86400, 3600, 60, 1].map((unit, i, all) =>
    Math.floor((seconds % (all[i - 1] ?? Infinity)) / unit),
  )
  return d > 0 ? `${d} d ${h} h` : h > 0 ? `${h} h ${m} min` : m > 0 ? `${m} min ${s} s` : `${s} s`
}

// ---- asking

let last
let token = new URLSearchParams(location.hash.slice(1)).get('token') ?? sessionStorage.getItem('token')

function showState(text, isBad) {
  show('state', text)
  element('state').classList.toggle('bad', isBad)
}

async function refresh() {
  const headers = token === null ? {} : { authorization: `Bearer ${token}` }
  const response = await fetch('/status.json', { headers, signal: AbortSignal.timeout(5000) })
  element('login').hidden = response.status !== 401
  if (!response.ok) {
    showState((await response.json()).error, true)
    return
  }
  const status = await response.json()
  plots ??= makePlots()
  const { info } = status
  show(
    'about',
    `${info.skep_version}, port ${info.tcp_port}, ${info.role}, up ${uptime(Number(info.uptime_in_seconds))}`,
  )
  const seconds = last === undefined ? 0 : (status.at - last.at) / 1000
  showFigures(status, last, seconds)
  showShards(status, last, seconds)
  showDisk(status)
  element('tree').replaceChildren(drawTree(status))
  last = status
  showState('live', false)
}

async function run() {
  for (;;) {
    try {
      await refresh()
    } catch {
      showState('no answer', true)
    }
    await new Promise(resolve => setTimeout(resolve, PERIOD_MS))
  }
}

element('login').addEventListener('submit', event => {
  event.preventDefault()
  token = element('token').value
  sessionStorage.setItem('token', token)
})

run()
