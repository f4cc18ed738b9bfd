// What `skep top` shows: the lines of a screen, from what the server told now and the time before.

/** What the server told at one time. */
export interface Sample {
  /** ms on a clock that only goes forward. */
  readonly at: number
  /** INFO's fields. */
  readonly info: ReadonlyMap<string, string>
  /** CLIENT LIST, a client each. */
  readonly clients: readonly ReadonlyMap<string, string>[]
}

/** The parts of `name=value,name=value` or, for a client, `name=value name=value`. */
export function pairs(text: string, separator: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const part of text.split(separator)) {
    const equals = part.indexOf('=')
    if (equals > 0) found.set(part.slice(0, equals), part.slice(equals + 1))
  }
  return found
}

const MIB = 2 ** 20
const number = (value: number): string => Math.round(value).toLocaleString('en-US')

function bytes(value: number): string {
  if (value >= 1024 * MIB) return `${(value / MIB / 1024).toFixed(2)} GiB`
  if (value >= MIB) return `${(value / MIB).toFixed(1)} MiB`
  return `${(value / 1024).toFixed(1)} KiB`
}

const percent = (part: number, whole: number): string => (whole > 0 ? `${((100 * part) / whole).toFixed(1)} %` : '-')

function span(seconds: number): string {
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`
}

/** A figure of one sample, and how fast it has grown between two. */
class Figures {
  readonly #now: Sample
  readonly #before: Sample
  readonly #seconds: number

  constructor(now: Sample, before: Sample) {
    this.#now = now
    this.#before = before
    this.#seconds = Math.max(0.001, (now.at - before.at) / 1000)
  }

  text(name: string): string {
    return this.#now.info.get(name) ?? ''
  }

  value(name: string): number {
    return Number(this.text(name)) || 0
  }

  /** Growth a second, of a field or of one of a field's parts. */
  rate(name: string, part?: string): number {
    const read = ({ info }: Sample): number => {
      const text = info.get(name) ?? '0'
      return Number(part === undefined ? text : (pairs(text, ',').get(part) ?? 0)) || 0
    }
    // What is smaller than before has been reset.
    return Math.max(0, read(this.#now) - read(this.#before)) / this.#seconds
  }
}

/** Cells in columns; the first column reads from the left, the others from the right. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, i) => Math.max(...rows.map(row => row[i].length)))
  return rows.map(row => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '))
}

const BAR_CELLS = 20
const bar = (value: number, most: number): string => {
  const full = most > 0 ? Math.round((BAR_CELLS * value) / most) : 0
  return `${'█'.repeat(full)}${'·'.repeat(BAR_CELLS - full)}`
}

/** The lines of a screen of `height` rows. `where` is the server's address. */
export function screen(now: Sample, before: Sample, where: string, height: number): string[] {
  const figures = new Figures(now, before)
  const lines = [...summary(figures, where), '', ...shards(now, figures)]
  const left = Math.max(6, height - lines.length - 2)
  lines.push('', ...commands(now, figures, Math.floor(left / 2)))
  lines.push('', ...clients(now, Math.max(2, height - lines.length - 1)))
  return lines.slice(0, height)
}

function summary(figures: Figures, where: string): string[] {
  const info = (name: string): string => figures.text(name)
  const hits = figures.rate('keyspace_hits')
  const limit = figures.value('maxmemory')
  const role = info('role') === 'slave' ? `replica of ${info('master_host')}:${info('master_port')}` : 'master'
  const aof = info('aof_enabled') === '1' ? `on, last write ${info('aof_last_write_status')}` : 'off'
  return [
    `skep ${info('skep_version')}  ${where}  ${role}  up ${span(figures.value('uptime_in_seconds'))}`,
    `operations ${number(figures.rate('total_commands_processed'))}/s   ` +
      `in ${bytes(figures.rate('total_net_input_bytes'))}/s   out ${bytes(figures.rate('total_net_output_bytes'))}/s   ` +
      `hit rate ${percent(hits, hits + figures.rate('keyspace_misses'))}`,
    `memory ${bytes(figures.value('used_memory'))} of ${limit > 0 ? bytes(limit) : 'no limit'}, ` +
      `${bytes(figures.value('used_memory_rss'))} resident   ` +
      `clients ${info('connected_clients')}, ${info('blocked_clients')} blocked   replicas ${info('connected_slaves')}`,
    `snapshot ${info('rdb_last_bgsave_status')}, ${number(figures.value('rdb_changes_since_last_save'))} changes since   ` +
      `append-only file ${aof}`,
  ]
}

function shards(now: Sample, figures: Figures): string[] {
  const found = [...now.info].filter(([name]) => /^skep_shard\d+$/.test(name))
  const loads = found.map(([name]) => figures.rate(name, 'hits') + figures.rate(name, 'misses'))
  const busiest = Math.max(...loads)
  const rows = found.map(([name, text], i) => {
    const shard = pairs(text, ',')
    const hits = figures.rate(name, 'hits')
    return [
      name.slice('skep_shard'.length),
      number(Number(shard.get('keys'))),
      bytes(Number(shard.get('used_memory'))),
      percent(hits, loads[i]),
      number(loads[i]),
      bar(loads[i], busiest),
    ]
  })
  return columns([['SHARD', 'KEYS', 'MEMORY', 'HIT RATE', 'LOOKUPS/S', ''.padEnd(BAR_CELLS)], ...rows])
}

function commands(now: Sample, figures: Figures, count: number): string[] {
  const rows = [...now.info.keys()]
    .filter(name => name.startsWith('cmdstat_'))
    .map(name => ({ name, calls: figures.rate(name, 'calls'), time: figures.rate(name, 'usec') }))
    .filter(({ calls }) => calls > 0)
    .sort((a, b) => b.calls - a.calls)
    .slice(0, Math.max(1, count - 1))
    .map(({ name, calls, time }) => [
      name.slice('cmdstat_'.length),
      number(calls),
      (time / calls).toFixed(1),
      number(figures.rate(name, 'failed_calls')),
    ])
  return columns([['COMMAND', 'CALLS/S', 'µS EACH', 'FAILED/S'], ...rows])
}

function clients(now: Sample, count: number): string[] {
  const rows = [...now.clients]
    .sort(
      (a, b) => Number(a.get('idle')) - Number(b.get('idle')) || Number(b.get('tot-mem')) - Number(a.get('tot-mem')),
    )
    .slice(0, Math.max(0, count - 1))
    .map(client => {
      const text = (name: string): string => client.get(name) ?? ''
      return [
        text('addr'),
        text('name'),
        text('user'),
        text('db'),
        span(Number(text('age'))),
        span(Number(text('idle'))),
        bytes(Number(text('tot-mem'))),
        text('cmd'),
      ]
    })
  return columns([['CLIENT', 'NAME', 'USER', 'DB', 'AGE', 'IDLE', 'MEMORY', 'LAST COMMAND'], ...rows])
}
