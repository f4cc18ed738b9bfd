// Turns an RDB file into the commands that make its keys: the base of a log when `aof-use-rdb-preamble` is off. One key
// after the other is made in a small arena of its own, and freed again.

import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { type SettingsView, viewSettings } from '../config/settings.ts'
import type { Reply } from '../protocol/reply.ts'
import { arenaCreate } from '../store/arena.ts'
import { entryRelease } from '../store/entry.ts'
import { keyspaceCreate } from '../store/keyspace.ts'
import { ARENA_BYTES_MAX } from '../store/memory.ts'
import { decodeEntry } from '../store/rdb/decode.ts'
import { OPCODE } from '../store/rdb/format.ts'
import { RdbString } from '../store/rdb/source.ts'
import { valueRelease } from '../store/value.ts'
import { ByteFeed } from './byte-feed.ts'
import { ValueCommands } from './value-commands.ts'

const HEADER_BYTES = 9

/** Writes to `fd` what makes the keys of the RDB file `path`, behind a line with the time `now` (Unix ms) unless that is 0. */
export function writeCommands(path: string, fd: number, settings: SharedArrayBuffer, now: number): void {
  const write = (bytes: Uint8Array, length: number): void => {
    for (let done = 0; done < length; ) done += writeSync(fd, bytes, done, length - done)
  }
  if (now > 0) {
    const line = Buffer.from(`#TS:${Math.floor(now / 1000)}\r\n`)
    write(line, line.length)
  }
  const from = openSync(path, 'r')
  try {
    let position = 0
    const feed = new ByteFeed((u8, at, length) => {
      const bytes = readSync(from, u8, at, length, position)
      position += bytes
      return bytes
    }, false)
    convert(feed, viewSettings(settings), out => write(out.u8, out.length))
  } finally {
    closeSync(from)
  }
}

function convert(feed: ByteFeed, settings: SettingsView, take: (out: Reply) => void): void {
  const { source } = feed
  const m = arenaCreate(ARENA_BYTES_MAX, 1, 2)
  keyspaceCreate(m, 1)
  const commands = new ValueCommands(take)
  const name = new RdbString()
  const value = new RdbString()
  let expireAt = -1
  source.need(HEADER_BYTES)
  source.at += HEADER_BYTES
  for (;;) {
    const opcode = source.byte()
    if (opcode === OPCODE.EOF) break
    if (opcode === OPCODE.SELECT) commands.select(source.size())
    else if (opcode === OPCODE.EXPIRE_MS) expireAt = Number(source.bigInteger64())
    else if (opcode === OPCODE.FREQ) source.byte()
    else if (opcode === OPCODE.IDLE) source.size()
    else if (opcode === OPCODE.RESIZE) {
      source.size()
      source.size()
    } else if (opcode === OPCODE.AUX) {
      source.string(name)
      source.string(value)
    } else if (opcode === OPCODE.FUNCTION_2) {
      source.string(value)
      commands.library(value)
    } else {
      source.string(name)
      const entry = decodeEntry(m, settings, source, opcode, name.u8, name.at, name.length, expireAt)
      commands.write(m, entry)
      valueRelease(m, entry)
      entryRelease(m, entry)
      feed.settle()
      expireAt = -1
    }
  }
  commands.finish()
}
