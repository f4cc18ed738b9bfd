// LATENCY: what took long, and how long commands take. Events are kept on the main thread; the histograms are in the
// statistics that all threads share.

import type { Reply } from '../../protocol/reply.ts'
import { bucketLimit } from '../../shared/statistics.ts'
import { type Client, type Router, replyFromMain, textsFrom } from '../client.ts'
import { ADMIN, type Command, LOADING, NOSCRIPT, type RouterCommand, STALE } from '../command.ts'
import { helpOf } from '../help.ts'
import { commandByName, type Entry, entries } from '../table.ts'
import { InfoFacts } from './info-facts.ts'
import { type LatencyEvent, latencyGraph, latencyReport } from './latency-report.ts'

function withEvents(
  client: Client,
  router: Router,
  write: (out: Reply, events: readonly LatencyEvent[]) => void,
): void {
  replyFromMain(client, router, 'latency-events', null, (out, answer) => write(out, answer as readonly LatencyEvent[]))
}

const latest: RouterCommand = {
  name: 'LATEST',
  group: 'server',
  since: '2.8.13',
  summary: 'Returns the last time of every kind of event, and its longest.',
  complexity: 'O(1)',
  arity: 2,
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  tips: ['nondeterministic_output', 'request_policy:all_nodes', 'response_policy:special'],
  serve(client, _req, _reply, router) {
    withEvents(client, router, (out, events) => {
      out.array(events.length)
      for (const { name, max, samples } of events) {
        const last = samples[samples.length - 1]
        out.array(4)
        out.latin1(name)
        out.integer(last.at)
        out.integer(last.ms)
        out.integer(max)
      }
    })
  },
}

const history: RouterCommand = {
  name: 'HISTORY',
  group: 'server',
  since: '2.8.13',
  summary: 'Returns the times that an event took.',
  complexity: 'O(1)',
  arity: 3,
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  tips: ['nondeterministic_output', 'request_policy:all_nodes', 'response_policy:special'],
  args: [{ name: 'event', type: 'string' }],
  serve(client, req, _reply, router) {
    const name = req.text(2)
    withEvents(client, router, (out, events) => {
      const samples = events.find(event => event.name === name)?.samples ?? []
      out.array(samples.length)
      for (const { at, ms } of samples) {
        out.array(2)
        out.integer(at)
        out.integer(ms)
      }
    })
  },
}

const graph: RouterCommand = {
  name: 'GRAPH',
  group: 'server',
  since: '2.8.13',
  summary: 'Draws the times that an event took.',
  complexity: 'O(1)',
  arity: 3,
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  tips: ['nondeterministic_output', 'request_policy:all_nodes', 'response_policy:special'],
  args: [{ name: 'event', type: 'string' }],
  serve(client, req, _reply, router) {
    const name = req.text(2)
    withEvents(client, router, (out, events) => {
      const event = events.find(each => each.name === name)
      if (event === undefined) out.error(`ERR No samples available for event '${name}'`)
      else out.verbatim('txt', latencyGraph(event, Math.floor(Date.now() / 1000)))
    })
  },
}

const doctor: RouterCommand = {
  name: 'DOCTOR',
  group: 'server',
  since: '2.8.13',
  summary: 'Says in words what took long, and what might help.',
  complexity: 'O(1)',
  arity: 2,
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  tips: ['nondeterministic_output', 'request_policy:all_nodes', 'response_policy:special'],
  serve(client, _req, _reply, router) {
    withEvents(client, router, (out, events) => {
      out.verbatim('txt', latencyReport(events, router.config.number('latency-monitor-threshold')))
    })
  },
}

const reset: RouterCommand = {
  name: 'RESET',
  group: 'server',
  since: '2.8.13',
  summary: 'Forgets the times of some kinds of event, or of all.',
  complexity: 'O(1)',
  arity: -2,
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
  args: [{ name: 'event', type: 'string', flags: ['optional', 'multiple'] }],
  serve(client, req, _reply, router) {
    replyFromMain(client, router, 'latency-reset', textsFrom(req, 2), (out, answer) => out.integer(answer as number))
  },
}

const histogram: RouterCommand = {
  name: 'HISTOGRAM',
  group: 'server',
  since: '7.0.0',
  summary: 'Returns how many calls of commands took how long.',
  complexity: 'O(N), N being the number of commands told of',
  arity: -2,
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  tips: ['nondeterministic_output', 'request_policy:all_nodes', 'response_policy:special'],
  args: [{ name: 'command', type: 'string', flags: ['optional', 'multiple'] }],
  serve(_client, req, reply, router) {
    const facts = new InfoFacts(router)
    const begun = reply.begin()
    let count = 0
    for (const entry of req.argc === 2 ? entries : named(textsFrom(req, 2))) {
      if (replyHistogram(reply, entry, facts.histogram(entry))) count++
    }
    reply.finishMap(begun, count)
  },
}

/** The commands of these names; one with subcommands brings them along. */
function named(names: readonly string[]): Entry[] {
  const found = new Set<Entry>()
  for (const name of names) {
    const entry = commandByName(name)
    if (entry === undefined) continue
    found.add(entry)
    for (const sub of entry.subcommands) found.add(sub)
  }
  return [...found]
}

/** Returns whether there was anything to tell. */
function replyHistogram(reply: Reply, { fullName }: Entry, buckets: readonly number[]): boolean {
  const calls = buckets.reduce((sum, each) => sum + each, 0)
  if (calls === 0) return false
  reply.latin1(fullName)
  reply.map(2)
  reply.latin1('calls')
  reply.integer(calls)
  reply.latin1('histogram_usec')
  const begun = reply.begin()
  let pairs = 0
  let told = 0
  let bucket = 0
  let seen = 0
  // Told by doublings, each with all calls up to it.
  for (let limit = 1; told < calls; limit *= 2) {
    while (bucket < buckets.length && bucketLimit(bucket) <= limit) seen += buckets[bucket++]
    if (bucket === buckets.length) seen = calls
    if (seen === told) continue
    reply.integer(limit)
    reply.integer(seen)
    pairs++
    told = seen
  }
  reply.finishMap(begun, pairs)
  return true
}

export const latency: Command = {
  name: 'LATENCY',
  group: 'server',
  since: '2.8.13',
  summary: 'Is about what takes long.',
  complexity: 'Depends on the subcommand.',
  arity: -2,
  flags: 0,
  subcommands: [
    doctor,
    graph,
    histogram,
    history,
    latest,
    reset,
    helpOf('LATENCY', 'server', '2.8.13', [
      ['DOCTOR', 'Say in words what took long.'],
      ['GRAPH <event>', 'Draw the times of an event.'],
      ['HISTORY <event>', 'Return the times of an event.'],
      ['LATEST', 'Return the last time of every event.'],
      ['RESET [<event> ...]', 'Forget the times of some events, or of all.'],
      ['HISTOGRAM [<command> ...]', 'Return how many calls of some commands, or all, took how long.'],
    ]),
  ],
}
