// The scripts that have been seen lately, found by their text: who runs a script again and again need not work out its
// name, a SHA-1, nor read its first line each time.

import { byteArray } from '../bytes/byte-array.ts'
import { copyBytes } from '../bytes/copy.ts'
import { hashBytes } from '../bytes/hash.ts'
import type { Request } from '../protocol/request.ts'
import { reachingPlace } from '../shared/reaching.ts'
import { scriptName } from './machine.ts'
import { readShebang, type ScriptHead } from './shebang.ts'

export interface KnownScript {
  /** The hexadecimal SHA-1 of the text. */
  readonly name: string
  readonly text: Uint8Array
  /** What its first line says, or what is wrong with that. */
  readonly head: ScriptHead | { readonly problem: string }
  /** Of the name, as reachingPlace tells. */
  readonly place: number
}

/** A power of two. Two scripts that share a place take turns in it. */
const PLACES = 256
/** Bytes hashed at the beginning and at the end of a text. */
const HASHED_BYTES = 32

export class KnownScripts {
  readonly #places: (KnownScript | undefined)[] = new Array(PLACES).fill(undefined)

  /** The script that argument `i` of `req` is. */
  of(req: Request, i: number): KnownScript {
    const { u8 } = req
    const at = req.at[i]
    const length = req.length[i]
    const place = placeOf(u8, at, length)
    const known = this.#places[place]
    if (known !== undefined && known.text.length === length && isText(known.text, u8, at)) return known
    const text = byteArray(length)
    copyBytes(text, 0, u8, at, length)
    const name = scriptName(text)
    const script = { name, text, head: readShebang(text), place: reachingPlace(name) }
    this.#places[place] = script
    return script
  }
}

function placeOf(u8: Uint8Array, at: number, length: number): number {
  const hashed = Math.min(length, HASHED_BYTES)
  const first = hashBytes(u8, at, hashed, length, 0)
  return hashBytes(u8, at + length - hashed, hashed, first, length) & (PLACES - 1)
}

/** Native code is faster for texts as long as scripts are. */
const compare = Buffer.prototype.compare as (
  this: Uint8Array,
  other: Uint8Array,
  otherStart: number,
  otherEnd: number,
) => number

const isText = (text: Uint8Array, u8: Uint8Array, at: number): boolean =>
  compare.call(text, u8, at, at + text.length) === 0
