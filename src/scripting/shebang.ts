// The first line of a script that says what it is and what it needs: `#!lua flags=no-writes,allow-stale`.

import { FUNCTION_FLAGS } from '../store/libraries.ts'

const LF = 10

/** What a script says of itself, and the script. */
export interface ScriptHead {
  /** What is to be compiled: lines keep their numbers. */
  readonly body: Uint8Array
  readonly isGiven: boolean
  readonly noWrites: boolean
  readonly allowsOom: boolean
  readonly allowsStale: boolean
}

/** Reads the first line of a script, or says what is wrong with it. */
export function readShebang(script: Uint8Array): ScriptHead | { readonly problem: string } {
  if (script[0] !== 35 || script[1] !== 33) {
    return { body: script, isGiven: false, noWrites: false, allowsOom: false, allowsStale: false }
  }
  const end = script.indexOf(LF)
  if (end < 0) return { problem: 'ERR Invalid script shebang' }
  const [engine, ...options] = Buffer.from(script.subarray(2, end)).toString('latin1').trim().split(/\s+/)
  if (engine !== 'lua') return { problem: `ERR Unexpected engine in script shebang: ${engine}` }
  const given: string[] = []
  for (const option of options) {
    if (!option.startsWith('flags=')) return { problem: `ERR Unknown lua shebang option: ${option}` }
    for (const flag of option.slice(6).split(',')) {
      if (flag !== '' && !FUNCTION_FLAGS.some(known => known === flag))
        return { problem: `ERR Unexpected flag in script shebang: ${flag}` }
      given.push(flag)
    }
  }
  const noWrites = given.includes('no-writes')
  return {
    body: script.subarray(end),
    isGiven: true,
    noWrites,
    allowsOom: noWrites || given.includes('allow-oom'),
    allowsStale: given.includes('allow-stale'),
  }
}
