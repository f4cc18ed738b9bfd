// Loaded ahead of a server (node --import), in each of its threads: notes in the file SKEP_RECORD_SYNCS what reached the
// disk. A line for every sync that has ended: the file's inode and how long it was when the sync began, which is
// what a loss of power just then would leave of it. A line too, with where and how much, for what is written anywhere but at
// a file's end. Files whose names end in SKEP_FAIL_HEADS cannot have their beginning written anew, as if the disk had a bad
// place there. The server believes that the system has started just now, as it has after a loss of power.

import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import os from 'node:os'

const record = process.env.SKEP_RECORD_SYNCS
if (record !== undefined) {
  const out = fs.openSync(record, 'a')
  const { fsyncSync, fdatasyncSync, fdatasync, readFileSync, writeSync } = fs
  const lineOf = fd => {
    const { ino, size } = fs.fstatSync(fd)
    return `${ino} ${size}\n`
  }
  const note = line => writeSync(out, line)
  const failing = process.env.SKEP_FAIL_HEADS
  const fails = (fd, position) =>
    failing !== undefined &&
    position === 0 &&
    fs.fstatSync(fd).size > 0 &&
    fs.readlinkSync(`/proc/self/fd/${fd}`).endsWith(failing)
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
  fs.writeSync = (fd, bytes, from, length, position) => {
    if (fails(fd, position)) {
      throw Object.assign(new Error('EIO: i/o error, write'), { code: 'EIO', errno: -5 })
    }
    if (typeof position === 'number') note(`${fs.fstatSync(fd).ino} ${position} ${length}\n`)
    return writeSync(fd, bytes, from, length, position)
  }
  // The same in all threads of a process.
  process.env.SKEP_BOOT ??= randomUUID()
  const boot = process.env.SKEP_BOOT
  fs.readFileSync = (path, options) => (path === '/proc/sys/kernel/random/boot_id' ? boot : readFileSync(path, options))
  os.uptime = () => 0
  syncBuiltinESMExports()
}
