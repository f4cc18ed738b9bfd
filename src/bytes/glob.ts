// Glob matching with Redis's meaning: * ? [abc] [a-z] [^a-z] and \ for the next byte as it is.
//
// Always: at most pattern x text steps and no recursion. Only the last * met is ever retried: every other item takes
// exactly one byte, so if the rest fails behind a later star it fails behind an earlier one too.
// The odd corners are Redis's: a class without its ] reaches to the end of the pattern, ranges compare signed chars and
// may be written backwards, and nothing but an empty pattern matches an empty text.

const STAR = 0x2a
const QUESTION = 0x3f
const OPEN = 0x5b
const CLOSE = 0x5d
const CARET = 0x5e
const BACKSLASH = 0x5c
const DASH = 0x2d

/** Whether the whole text matches the pattern; `anyCase` folds ASCII letters. */
export function globMatch(
  pattern: Uint8Array,
  patternAt: number,
  patternLength: number,
  text: Uint8Array,
  textAt: number,
  textLength: number,
  anyCase: boolean,
): boolean {
  const patternEnd = patternAt + patternLength
  const textEnd = textAt + textLength
  if (textLength === 0) return patternLength === 0
  let p = patternAt
  let t = textAt
  let starNext = -1 // what follows the last star
  let starText = 0 // where its rest was last tried

  while (t < textEnd) {
    let matched = false
    if (p < patternEnd) {
      const item = pattern[p]
      if (item === STAR) {
        while (p < patternEnd && pattern[p] === STAR) p++
        if (p === patternEnd) return true
        starNext = p
        starText = t
        continue
      }
      if (item === QUESTION) {
        matched = true
        p++
      } else if (item === OPEN) {
        const close = classEnd(pattern, p, patternEnd)
        matched = classMatches(pattern, p, patternEnd, text[t], anyCase)
        p = close
      } else {
        if (item === BACKSLASH && p + 1 < patternEnd) p++
        matched = anyCase ? lower(pattern[p]) === lower(text[t]) : pattern[p] === text[t]
        p++
      }
    }
    if (matched) {
      t++
    } else {
      if (starNext < 0) return false
      t = ++starText
      p = starNext
    }
  }
  // A text that ran out behind a star would only run out sooner if the star took more.
  if (t !== textEnd || (starNext >= 0 && starText >= textEnd)) return false
  while (p < patternEnd && pattern[p] === STAR) p++
  return p === patternEnd
}

/** Where the pattern goes on after the class that opens at `p`. */
function classEnd(pattern: Uint8Array, p: number, end: number): number {
  let i = p + 1
  if (i < end && pattern[i] === CARET) i++
  while (i < end) {
    if (pattern[i] === BACKSLASH && end - i >= 2) i += 2
    else if (pattern[i] === CLOSE) return i + 1
    else i += end - i >= 3 && pattern[i + 1] === DASH ? 3 : 1
  }
  return end
}

function classMatches(pattern: Uint8Array, p: number, end: number, byte: number, anyCase: boolean): boolean {
  let i = p + 1
  const inverted = i < end && pattern[i] === CARET
  if (inverted) i++
  const folded = anyCase ? lower(byte) : byte
  let found = false
  while (i < end && !found) {
    if (pattern[i] === BACKSLASH && end - i >= 2) {
      found = pattern[i + 1] === byte // an escaped byte of a class is compared as it is, even with anyCase
      i += 2
    } else if (pattern[i] === CLOSE) {
      break
    } else if (end - i >= 3 && pattern[i + 1] === DASH) {
      found = inRange(signed(pattern[i]), signed(pattern[i + 2]), signed(folded), anyCase)
      i += 3
    } else {
      found = (anyCase ? lower(pattern[i]) : pattern[i]) === folded
      i++
    }
  }
  return found !== inverted
}

/** The ends are put in order before they are folded, so [Z-a] in any case is empty. */
function inRange(first: number, second: number, byte: number, anyCase: boolean): boolean {
  const low = first < second ? first : second
  const high = first < second ? second : first
  return anyCase ? byte >= lower(low) && byte <= lower(high) : byte >= low && byte <= high
}

const lower = (byte: number): number => (byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte)
const signed = (byte: number): number => (byte << 24) >> 24
