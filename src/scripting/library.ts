// Reads a library of functions: its first line says what it is, and its code, run once with nothing to act on, registers
// its functions.

import { splitArgs } from '../config/split-args.ts'
import type { Libraries, Library } from '../store/libraries.ts'
import { BAD_NAME, LIBRARY_NAME, noHost, ScriptMachine } from './machine.ts'

const LF = 10
/** How long the code may run. */
const LOAD_MS_MAX = 500

export interface Refused {
  readonly problem: string
}

/** Reads libraries for the thread; it never runs a command. */
let reader: ScriptMachine | undefined

/** The name that a library's first line gives it, and what is behind that line: lines keep their numbers. */
function readHead(code: Uint8Array): { readonly name: string; readonly body: Uint8Array } | Refused {
  const refuse = (problem: string): Refused => ({ problem: `ERR ${problem}` })
  if (code[0] !== 35 || code[1] !== 33) return refuse('Missing library metadata')
  const end = code.indexOf(LF)
  const words = end < 0 ? undefined : splitArgs(Buffer.from(code.subarray(0, end)).toString('latin1'))
  if (words === undefined || words.length === 0) return refuse('Invalid library metadata')
  const engine = words[0].slice(2)
  let name: string | undefined
  for (const word of words.slice(1)) {
    if (!word.toLowerCase().startsWith('name=')) return refuse(`Invalid metadata value given: ${word}`)
    if (name !== undefined) return refuse('Invalid metadata value, name argument was given multiple times')
    name = word.slice(5)
  }
  if (name === undefined) return refuse('Library name was not given')
  if (!LIBRARY_NAME.test(name)) return refuse(BAD_NAME)
  if (engine.toLowerCase() !== 'lua') return refuse(`Engine '${engine}' not found`)
  return { name, body: code.subarray(end) }
}

/** The library that this code makes, or what is wrong with it. */
export function readLibrary(code: Uint8Array): Library | Refused {
  const head = readHead(code)
  if ('problem' in head) return head
  if (reader === undefined || reader.isBroken)
    reader = new ScriptMachine(noHost('libraries call no commands while they are loaded'))
  const text = Buffer.from(code.buffer, code.byteOffset, code.length).toString('latin1')
  const functions = reader.loadLibrary(head.name, text, head.body, LOAD_MS_MAX)
  if (typeof functions === 'string') return { problem: functions }
  reader.dropLibrary(head.name)
  return { name: head.name, code: text, functions }
}

/** Sees to it that a machine that is to call a library's functions has it as it is now, and none that is gone. Returns why that cannot be. */
export function loadKnown(machine: ScriptMachine, libraries: Libraries, { name, code }: Library): string | undefined {
  if (machine.librariesVersion !== libraries.version) {
    for (const loaded of [...machine.loaded]) if (!libraries.all.has(loaded)) machine.dropLibrary(loaded)
    machine.librariesVersion = libraries.version
  }
  if (machine.codeOf(name) === code) return undefined
  const bytes = Buffer.from(code, 'latin1')
  const functions = machine.loadLibrary(name, code, bytes.subarray(bytes.indexOf(LF)))
  return typeof functions === 'string' ? functions : undefined
}
