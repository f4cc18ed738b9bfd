// Loaded ahead of a server (node --import), in each of its threads: notes in the file SKEP_RECORD_SYNCS what reached the
// disk. A line for every sync that has ended: the file's inode and how long it was when the sync began, which is
// what a loss of power just then would leave of it.

import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const record = process.env.SKEP_RECORD_SYNCS
if (record !== undefined) {
  const out = fs.openSync(record, 'a')
  const { fsyncSync, fdatasyncSync, fdatasync } = fs
  const lineOf = fd => {
    const { ino, size } = fs.fstatSync(fd)
    return `${ino} ${size}\n`
  }
  const note = line => fs.writeSync(out, line)
  fs.fsyncSync = fd => {
    const line = lineOf(fd)
    fsyncSync(fd)
    note(line)
  }
  fs.fdatasyncSync = fd => {
    const line = lineOf(fd)
    fdatasyncSync(fd)
    note(line)
  }
  fs.fdatasync = (fd, done) => {
    const line = lineOf(fd)
    fdatasync(fd, error => {
      if (error === null) note(line)
      done(error)
    })
  }
  syncBuiltinESMExports()
}
