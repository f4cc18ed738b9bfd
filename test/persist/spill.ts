// A file without a name, as a snapshot gets one for old values.

import { openSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

let count = 0

/** Opens one; it goes with the process. */
export function openSpill(): number {
  const path = join(tmpdir(), `skep-test-${process.pid}-${count++}.old`)
  const fd = openSync(path, 'w+')
  unlinkSync(path)
  return fd
}
