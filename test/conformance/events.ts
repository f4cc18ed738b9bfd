// What a unit's test clients report, line by line, becomes the outcome of its tests.
//
// A line is `STATUS CLOCK ELAPSED BASE64(TEXT)`, written by hooks.tcl. Tests may contain tests; one that was begun
// and never ended has failed.

/** One test that ran. */
export type TestResult = { readonly name: string; readonly passed: boolean; readonly why: string }

/** The state of a unit as its events come in. */
export type UnitEvents = {
  readonly results: TestResult[]
  /** Errors that belong to no test: a server that would not start, an exception between tests. */
  readonly outside: string[]
  /** Names of tests begun and not yet ended, outermost first. */
  readonly open: string[]
  /** How often a server was found dead after a failed test, and started again. */
  revived: number
  /** True once the unit's file has been read to its end. */
  done: boolean
  lastClock: number
  longestGapMs: number
}

/** The state before the first event. */
export function noEvents(): UnitEvents {
  return { results: [], outside: [], open: [], revived: 0, done: false, lastClock: 0, longestGapMs: 0 }
}

/** Takes one line in. */
export function takeEvent(unit: UnitEvents, line: string): void {
  const [status, clock, , encoded] = line.split(' ')
  const text = Buffer.from(encoded ?? '', 'base64').toString('utf8')
  if (unit.lastClock > 0) unit.longestGapMs = Math.max(unit.longestGapMs, Number(clock) - unit.lastClock)
  unit.lastClock = Number(clock)
  switch (status) {
    case 'testing':
      unit.open.push(text)
      break
    case 'ok':
      endTest(unit, text, true, '')
      break
    case 'err':
      takeError(unit, text)
      break
    case 'exception':
      // After the last test it is only the closing of the connection between the suite's processes.
      if (!unit.done) unit.outside.push(text)
      break
    case 'revived':
      unit.revived++
      break
    case 'done':
      unit.done = true
      break
  }
}

/** Counts as failed what was begun and did not end. */
export function closeEvents(unit: UnitEvents, why: string): void {
  while (unit.open.length > 0) endTest(unit, unit.open[unit.open.length - 1], false, why)
}

/** An error's text opens with the name of its test: `NAME in tests/…`. */
function takeError(unit: UnitEvents, text: string): void {
  const name = unit.open.findLast(open => text.startsWith(`${open} in tests/`))
  if (name === undefined) unit.outside.push(text)
  else endTest(unit, name, false, text.slice(text.indexOf('\n', name.length) + 1))
}

function endTest(unit: UnitEvents, name: string, passed: boolean, why: string): void {
  const at = unit.open.lastIndexOf(name)
  if (at >= 0) unit.open.splice(at, 1)
  unit.results.push({ name: name.replaceAll(/\s+/g, ' ').trim(), passed, why })
}
