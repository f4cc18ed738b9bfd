// The directives whose values have a grammar of their own, and the readers that give code their values in parts.

import { accessSync, constants, realpathSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { formatEventClasses, parseEventClasses } from './keyspace-events.ts'
import {
  accepted,
  formatMemory,
  type Kind,
  parseLooseDecimal,
  parseMemory,
  refused,
  rewriteWord,
  text,
} from './kinds.ts'
import { quote } from './split-args.ts'

/** Save when `changes` or more happened and `seconds` have passed. */
export type SavePoint = { readonly seconds: number; readonly changes: number }

/** How much may wait to be sent to a client of one class; 0 is no limit. */
export type OutputBufferLimit = { readonly hard: number; readonly soft: number; readonly softSeconds: number }

/** The classes of client that have limits, by Redis's names. */
export type OutputBufferLimits = Readonly<Record<'normal' | 'slave' | 'pubsub', OutputBufferLimit>>

/** save: pairs of seconds and changes; a file may name it several times, and '' means never. */
export const SAVE: Kind = {
  form: 'pairs: seconds changes',
  multiple: true,
  parse(args, current, again) {
    if (args.length === 1 && args[0] === '') return accepted('')
    if (args.length % 2 !== 0) return refused('Invalid save parameters')
    const numbers: string[] = []
    for (const [at, arg] of args.entries()) {
      const n = parseLooseDecimal(arg)
      if (n === undefined || n < (at % 2 === 0 ? 1n : 0n)) return refused('Invalid save parameters')
      numbers.push(`${at % 2 === 0 ? n : BigInt.asIntN(32, n)}`)
    }
    const before = again && current !== '' ? [current] : []
    return accepted([...before, ...numbers].join(' '))
  },
  rewrite(name, value) {
    if (value === '') return [{ text: `${name} ""`, force: true }]
    return readSavePoints(value).map(({ seconds, changes }) => ({ text: `${name} ${seconds} ${changes}`, force: true }))
  },
}

/** The save points in a value of `save`. */
export function readSavePoints(value: string): SavePoint[] {
  const numbers = value === '' ? [] : value.split(' ').map(Number)
  const points: SavePoint[] = []
  for (let at = 0; at < numbers.length; at += 2) points.push({ seconds: numbers[at], changes: numbers[at + 1] })
  return points
}

const CLIENT_CLASSES: Readonly<Record<string, number | undefined>> = { normal: 0, slave: 1, replica: 1, pubsub: 2 }

/** client-output-buffer-limit: class, hard limit, soft limit, seconds; classes that are not named stay as they are. */
export const OUTPUT_BUFFER_LIMIT: Kind = {
  form: 'groups: class hard soft seconds',
  multiple: true,
  parse(args, current) {
    if (args.length % 4 !== 0) return refused('Wrong number of arguments in buffer limit configuration.')
    const words = current.split(' ')
    for (let at = 0; at < args.length; at += 4) {
      const index = CLIENT_CLASSES[args[at].toLowerCase()]
      if (index === undefined) return refused('Invalid client class specified in buffer limit configuration.')
      const hard = parseMemory(args[at + 1])
      const soft = parseMemory(args[at + 2])
      const seconds = parseLooseDecimal(args[at + 3])
      if (hard === undefined || soft === undefined || seconds === undefined || BigInt.asIntN(32, seconds) < 0n) {
        return refused('Error in hard, soft or soft_seconds setting in buffer limit configuration.')
      }
      words.splice(index * 4 + 1, 3, `${hard}`, `${soft}`, `${BigInt.asIntN(32, seconds)}`)
    }
    return accepted(words.join(' '))
  },
  rewrite(name, value, initial) {
    const words = value.split(' ')
    const before = initial.split(' ')
    return [0, 4, 8].map(at => {
      const [kept, hard, soft, seconds] = words.slice(at, at + 4)
      const className = kept === 'slave' ? 'replica' : kept
      const line = `${name} ${className} ${formatMemory(BigInt(hard))} ${formatMemory(BigInt(soft))} ${seconds}`
      return { text: line, force: words.slice(at, at + 4).join() !== before.slice(at, at + 4).join() }
    })
  },
}

/** The limits in a value of `client-output-buffer-limit`. */
export function readOutputBufferLimits(value: string): OutputBufferLimits {
  const words = value.split(' ')
  const limit = (at: number): OutputBufferLimit => ({
    hard: Number(words[at + 1]),
    soft: Number(words[at + 2]),
    softSeconds: Number(words[at + 3]),
  })
  return { normal: limit(0), slave: limit(4), pubsub: limit(8) }
}

/** oom-score-adj-values: for the master, a replica, a saving child. */
export const OOM_SCORE_ADJ_VALUES: Kind = {
  form: 'three integers -2000–2000',
  multiple: true,
  parse(args) {
    if (args.length !== 3) return refused('wrong number of arguments')
    const numbers = args.map(parseLooseDecimal)
    if (numbers.some(n => n === undefined || n < -2000n || n > 2000n)) {
      return refused('Invalid oom-score-adj-values, elements must be between -2000 and 2000.')
    }
    return accepted(numbers.join(' '))
  },
  rewrite: rewriteWord,
}

/** notify-keyspace-events: letters, kept in Redis's order. */
export const KEYSPACE_EVENTS: Kind = {
  form: 'letters of Ag$lshzxeKEtmdn',
  multiple: false,
  parse([arg]) {
    const bits = parseEventClasses(arg)
    if (bits === undefined) return refused("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")
    return accepted(formatEventClasses(bits))
  },
  rewrite: (name, value, initial) => [{ text: `${name} ${quote(value)}`, force: value !== initial }],
  toNumber: value => parseEventClasses(value) ?? 0,
}

const BIND_ADDRESSES_MAX = 16

/** bind: addresses to listen on; one that begins with - may be missing on this machine. */
export const BIND: Kind = {
  form: 'addresses',
  multiple: true,
  parse(args) {
    if (args.length > BIND_ADDRESSES_MAX) return refused('Too many bind addresses specified.')
    return accepted(args.join(' '))
  },
  rewrite(name, value, initial) {
    return value === initial ? [] : [{ text: `${name} ${value === '' ? '""' : value}`, force: true }]
  },
}

/** replicaof: host and port of the master, or `no one`. */
export const REPLICAOF: Kind = {
  form: 'host port, or no one',
  multiple: true,
  parse(args) {
    if (args.length !== 2) return refused('wrong number of arguments')
    const [host, port] = args
    if (host.toLowerCase() === 'no' && port.toLowerCase() === 'one') return accepted('')
    const n = parseLooseDecimal(port)
    if (n === undefined || n < 0n || n > 65535n) return refused('Invalid master port')
    return accepted(`${host} ${n}`)
  },
  rewrite: (name, value) => (value === '' ? [] : [{ text: `${name} ${value}`, force: true }]),
}

/** latency-tracking-info-percentiles: numbers from 0 to 100, six digits kept behind the point. */
export const PERCENTILES: Kind = {
  form: 'numbers 0–100',
  multiple: true,
  parse(args) {
    if (args.length === 1 && args[0] === '') return accepted('')
    const values: string[] = []
    for (const arg of args) {
      const n = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/.test(arg) ? Number(arg) : Number.NaN
      if (Number.isNaN(n)) return refused('Invalid latency-tracking-info-percentiles parameters')
      if (n < 0 || n > 100) {
        return refused('latency-tracking-info-percentiles parameters should sit between [0.0,100.0]')
      }
      values.push(`${Number(n.toFixed(6))}`)
    }
    return accepted(values.join(' '))
  },
  rewrite: (name, value, initial) => [{ text: `${name} ${value === '' ? '""' : value}`, force: value !== initial }],
}

/** dir: a folder that exists and may be entered, kept as an absolute path. Entering it is the server's part. */
export const DIRECTORY: Kind = {
  form: 'folder',
  multiple: false,
  parse([arg], current) {
    try {
      if (arg === '') return refused('No such file or directory')
      const path = resolve(Buffer.from(current, 'latin1').toString(), Buffer.from(arg, 'latin1').toString())
      if (!statSync(path).isDirectory()) return refused('Not a directory')
      accessSync(path, constants.X_OK)
      return accepted(Buffer.from(realpathSync(path)).toString('latin1'))
    } catch (error) {
      return refused(systemErrorText(error))
    }
  },
  rewrite: (name, value) => [{ text: `${name} ${quote(value)}`, force: true }],
}

/** A file name without folders in it. */
export function fileName(name: string, what: string, mayBeEmpty: boolean): Kind {
  return text({
    form: what,
    refuse(value) {
      if (value === '' && !mayBeEmpty) return `${name} can't be empty`
      return value.includes('/') || value.includes('\\') ? `${name} can't be a path, just a ${what}` : undefined
    },
  })
}

/** A host name as the cluster would announce it. */
export const HOST_NAME: Kind = text({
  form: 'host name',
  emptyIsNone: true,
  refuse(value) {
    if (value.length >= 256) return 'Hostnames must be less than 256 characters'
    if (/^[A-Za-z0-9.-]*$/.test(value)) return undefined
    return 'Hostnames may only contain alphanumeric characters, hyphens or dots'
  },
})

/** What a process title may name in braces. */
export type TitleVariable = 'title' | 'listen-addr' | 'server-mode' | 'port' | 'tls-port' | 'config-file' | 'unixsocket'

// A template is tried out without a title, as Redis does: the title alone is not enough of one.
const TITLE_VARIABLES: Readonly<Record<TitleVariable, string>> = {
  title: '',
  'listen-addr': '*:6379',
  'server-mode': '',
  port: '6379',
  'tls-port': '0',
  'config-file': '',
  unixsocket: '',
}

/** proc-title-template: text with variables in braces; `{{` is a brace. */
export const TITLE_TEMPLATE: Kind = text({
  form: 'template',
  refuse(value) {
    const title = expandTitle(value, TITLE_VARIABLES)
    return title ? undefined : 'template format is invalid or contains unknown variables'
  },
})

/** The process title that a template gives, or undefined when the template is wrong. */
export function expandTitle(template: string, variables: Readonly<Record<TitleVariable, string>>): string | undefined {
  let title = ''
  for (let at = 0; at < template.length; at++) {
    if (template[at] !== '{' || template[at + 1] === '{') {
      if (template[at] === '{') at++
      title += template[at]
      continue
    }
    const end = template.indexOf('}', at)
    const name = template.slice(at + 1, end)
    if (end < 0 || !Object.hasOwn(variables, name)) return undefined
    title += variables[name as TitleVariable]
    at = end
  }
  return title.trim()
}

const SYSTEM_ERRORS: Readonly<Record<string, string | undefined>> = {
  ENOENT: 'No such file or directory',
  ENOTDIR: 'Not a directory',
  EACCES: 'Permission denied',
  EISDIR: 'Is a directory',
  ELOOP: 'Too many levels of symbolic links',
  ENAMETOOLONG: 'File name too long',
  EROFS: 'Read-only file system',
  ENOSPC: 'No space left on device',
  EPERM: 'Operation not permitted',
  EIO: 'Input/output error',
  EMFILE: 'Too many open files',
}

/** The C library's words for a system error, which are the ones Redis prints. */
export function systemErrorText(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return SYSTEM_ERRORS[code] ?? (error instanceof Error ? error.message : String(error))
}
