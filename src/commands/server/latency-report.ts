// LATENCY's texts: the graph of an event, and the report of LATENCY DOCTOR.

/** How long the event took once. */
export interface LatencySample {
  /** Unix seconds. */
  readonly at: number
  readonly ms: number
}

/** A kind of event, with what is kept of it. */
export interface LatencyEvent {
  readonly name: string
  /** The longest ever. */
  readonly max: number
  /** Oldest first; at most one a second. */
  readonly samples: readonly LatencySample[]
}

const GRAPH_ROWS = 4
const GRAPH_COLUMNS_MAX = 80

/** Columns of `#`, one a sample, with how long ago it was written below each, from top to bottom. */
export function latencyGraph({ name, max, samples }: LatencyEvent, now: number): string {
  const shown = samples.slice(-GRAPH_COLUMNS_MAX)
  const high = Math.max(...shown.map(({ ms }) => ms))
  const low = Math.min(...shown.map(({ ms }) => ms))
  const head = `${name} - high ${high} ms, low ${low} ms (all time high ${max} ms)\n${'-'.repeat(80)}\n`
  const levels = shown.map(({ ms }) => (high === low ? GRAPH_ROWS : 1 + ((ms - low) * (GRAPH_ROWS - 1)) / (high - low)))
  let text = head
  for (let row = GRAPH_ROWS; row >= 1; row--) {
    text += `${levels.map(level => (Math.round(level) >= row ? '#' : ' ')).join('')}\n`
  }
  const labels = shown.map(({ at }) => ago(now - at))
  const depth = Math.max(...labels.map(label => label.length))
  text += '\n'
  for (let i = 0; i < depth; i++) text += `${labels.map(label => label[i] ?? ' ').join('')}\n`
  return text
}

function ago(seconds: number): string {
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`
  return seconds < 86400 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86400)}d`
}

const ADVICE: Readonly<Record<string, string | undefined>> = {
  command:
    'Look into SLOWLOG for commands that touch many elements, and use ones that go in steps (SCAN, ranges), or more shards.',
  'fast-command':
    'Commands that are always short took long: the machine itself is busy, swapping, or short of cores for the threads.',
}

/** The report, in words. */
export function latencyReport(events: readonly LatencyEvent[], thresholdMs: number): string {
  if (events.length === 0) {
    return thresholdMs === 0
      ? "I'm sorry, Dave, I can't do that. Latency monitoring is disabled in this Redis instance. " +
          'You may use "CONFIG SET latency-monitor-threshold <milliseconds>." in order to enable it.\n'
      : 'Dave, no latency spike was observed during the lifetime of this Redis instance, not in the slightest bit.\n'
  }
  let text = 'Dave, I have observed latency spikes in this Redis instance.\n\n'
  for (const [i, { name, max, samples }] of events.entries()) {
    const sum = samples.reduce((total, { ms }) => total + ms, 0)
    const average = Math.round(sum / samples.length)
    const span = samples[samples.length - 1].at - samples[0].at
    const period = samples.length > 1 ? (span / (samples.length - 1)).toFixed(2) : '0.00'
    text += `${i + 1}. ${name}: ${samples.length} latency spikes (average ${average}ms, period ${period} sec). `
    text += `Worst all time event ${max}ms.\n`
  }
  const advice = events.map(({ name }) => ADVICE[name]).filter(each => each !== undefined)
  if (advice.length > 0) text += `\nWhat may help:\n\n${advice.map(each => `- ${each}\n`).join('')}`
  return text
}
