import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type JournalRecord, LISTENER } from '../../src/commands/journal.ts'
import { APPENDFSYNC, defaultSettings, SETTING } from '../../src/config/settings.ts'
import { syncLogs } from '../../src/persist/sync-task.ts'
import { ThreadLog } from '../../src/persist/thread-log.ts'
import { CONTROL, controlCreate } from '../../src/shared/control.ts'
import { LOG, LOGS, LogBlock, LogsBlock, logCreate, logsCreate } from '../../src/shared/log-block.ts'
import { Engine } from '../../src/store/engine.ts'
import { expectLayout, layoutTables } from '../support/layout.ts'
import { chooseSeed, randomFrom } from '../support/random.ts'

test('the tables in the comment of log-block.ts are the layout', () => {
  const [log, logs] = layoutTables('shared/log-block.ts')
  const { DATA, ...fields } = LOG
  expectLayout(log, fields)
  expect(DATA).toBe(64)
  expectLayout(logs, LOGS)
})

const RING_BYTES = 1024
const seed = chooseSeed()
let dir = ''

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'skep-log-'))
})

afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** A record of commands whose bytes are these texts. */
function recordOf(shards: readonly number[], texts: readonly string[], db = 0): JournalRecord {
  const u8 = new Uint8Array(Buffer.from(texts.join('')))
  const starts = texts.map((_, i) => texts.slice(0, i).join('').length)
  return {
    u8,
    count: texts.length,
    isTransaction: texts.length > 1,
    shards: Int32Array.from(shards),
    shardCount: shards.length,
    stays: false,
    start: i => starts[i],
    end: i => starts[i] + texts[i].length,
    db: () => db,
  }
}

function newLogs(shards: number, threads: number) {
  const control = new Int32Array(controlCreate({ shards: 2, routers: 1 }))
  const logs = logsCreate()
  const buffers = Array.from({ length: shards }, () => logCreate(RING_BYTES))
  const blocks = buffers.map(buffer => new LogBlock(buffer))
  const fds = blocks.map((_, shard) => openSync(join(dir, `${shard}`), 'a'))
  for (const [shard, block] of blocks.entries()) block.fd = fds[shard]
  const settings = defaultSettings()
  const engines = Array.from({ length: threads }, () => new Engine(settings, []))
  const memory = { logs, control: control.buffer as SharedArrayBuffer }
  const syncTask = { ...memory, blocks: buffers, settings: settings.buffer, shape: { shards, routers: 1 }, stem: 'log' }
  return {
    control,
    blocks,
    logs: new LogsBlock(logs),
    memory,
    settings,
    syncTask,
    engines,
    threads: engines.map(engine => new ThreadLog(engine, control, logs, blocks)),
    file: (shard: number) => readFileSync(join(dir, `${shard}`), 'latin1'),
    close: () => fds.forEach(closeSync),
  }
}

const SELECT_0 = '*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n'

test(`what threads append is in the file after commit, whole and in order, whatever its size (SKEP_SEED=${seed})`, () => {
  const random = randomFrom(seed)
  const { threads, blocks, file, close } = newLogs(2, 3)
  const expected = ['', '']
  for (let i = 0; i < 3000; i++) {
    const shard = random.int(0, 1)
    const size = random.pick([1, 20, 100, 500, RING_BYTES, 5 * RING_BYTES])
    const text = `<${i}:${'x'.repeat(random.int(0, size))}>`
    random.pick(threads).append(recordOf([shard], [text]))
    expected[shard] += expected[shard] === '' ? SELECT_0 + text : text
    if (random.chance(0.3)) random.pick(threads).commit()
  }
  for (const thread of threads) thread.commit()
  expect(blocks.map(block => block.pending)).toEqual([0, 0])
  expect(file(0) === expected[0] && file(1) === expected[1]).toBe(true)
  expect(blocks.map(block => block.size)).toEqual(expected.map(text => text.length))
  close()
})

test('a transaction over two shards stands in the files of both under one number, greater each time', () => {
  const { threads, file, logs, close } = newLogs(3, 1)
  logs.numbersFrom(10n)
  threads[0].append(recordOf([0, 2], ['<a>', '<b>']))
  threads[0].append(recordOf([1], ['<c>'], 3))
  threads[0].append(recordOf([1, 2], ['<d>']))
  threads[0].commit()
  expect(file(0)).toBe(`#X:a:5\r\n${SELECT_0}*1\r\n$5\r\nMULTI\r\n<a><b>*1\r\n$4\r\nEXEC\r\n`)
  expect(file(2)).toBe(`${file(0)}#X:b:6\r\n<d>`)
  expect(file(1)).toBe(`*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n<c>#X:b:6\r\n${SELECT_0}<d>`)
  close()
})

test('the time is noted once a second where that is asked for', () => {
  const { threads, engines, file, close } = newLogs(1, 1)
  engines[0].settings[SETTING.aofTimestampEnabled] = 1
  for (const now of [5_000_100, 5_000_900, 5_001_000]) {
    engines[0].now = now
    threads[0].append(recordOf([0], [`<${now}>`]))
  }
  threads[0].commit()
  expect(file(0)).toBe(`#TS:5000\r\n${SELECT_0}<5000100><5000900>#TS:5001\r\n<5001000>`)
  close()
})

test('a file that cannot be written makes writes be refused until it can; nothing is lost meanwhile', () => {
  const { threads, blocks, control, logs, file, close } = newLogs(1, 1)
  const [thread] = threads
  const [block] = blocks
  const good = block.fd
  // A descriptor that is open for reading only.
  const bad = openSync(join(dir, '0'), 'r')
  block.fd = bad
  thread.append(recordOf([0], ['<a>']))
  thread.commit()
  expect(block.error).toBeGreaterThan(0)
  expect(control[CONTROL.LOG_ERROR / 4]).toBe(block.error)
  expect(logs.get(LOGS.FAILING)).toBe(1)
  thread.append(recordOf([0], ['<b>']))
  thread.commit()
  block.fd = good
  thread.commitAll()
  expect([block.error, control[CONTROL.LOG_ERROR / 4], logs.get(LOGS.FAILING)]).toEqual([0, 0, 0])
  expect(file(0)).toBe(`${SELECT_0}<a><b>`)
  expect(block.isLost).toBe(false)
  // What finds no room while nothing can be written makes a gap.
  block.fd = bad
  thread.append(recordOf([0], ['x'.repeat(RING_BYTES - 10)]))
  thread.commit()
  thread.append(recordOf([0], ['y'.repeat(RING_BYTES)]))
  expect(block.isLost).toBe(true)
  closeSync(bad)
  close()
})

/** The log is on, with `appendfsync always`. */
function syncAlways({ settings, control, engines }: ReturnType<typeof newLogs>): void {
  settings[SETTING.appendfsync] = APPENDFSYNC.ALWAYS
  control[CONTROL.JOURNAL / 4] = LISTENER.LOG
  for (const { effects } of engines) effects.listen(control, CONTROL.JOURNAL / 4)
}

/** Has the syncer do what is to be done, and end. */
async function syncOnce({ logs, syncTask }: ReturnType<typeof newLogs>): Promise<void> {
  logs.set(LOGS.STOPPING, 1)
  await syncLogs(syncTask)
}

test('with `always` the syncer writes what threads have committed, and nobody hears of it before', async () => {
  for (const last of [APPENDFSYNC.ALWAYS, APPENDFSYNC.EVERYSEC, APPENDFSYNC.NO]) {
    const made = newLogs(2, 2)
    const { threads, settings, blocks, file, close } = made
    syncAlways(made)
    threads[0].append(recordOf([0], ['<a>']))
    threads[1].append(recordOf([0, 1], ['<b>']))
    const positions = new Int32Array(2)
    for (const thread of threads) thread.commit()
    expect(threads[0].mustWait).toBe(true)
    threads[0].noteAppended(positions)
    expect([...positions]).toEqual(blocks.map(({ appended }) => appended))
    settings[SETTING.appendfsync] = last
    expect([file(0), file(1), threads[0].isOnDisk(positions)]).toEqual(['', '', false])
    await syncOnce(made)
    expect(file(0)).toMatch(/<a>#X:0:3\r\n<b>$/)
    expect(file(1)).toMatch(/^#X:0:3\r\n.*<b>$/s)
    expect([threads[0].isOnDisk(positions), threads[0].mustWait]).toEqual([true, false])
    close()
    for (const shard of blocks.keys()) rmSync(join(dir, `${shard}`))
  }
})

test('with `always` what another thread has taken down is waited for, though only that thread commits it', async () => {
  const made = newLogs(2, 2)
  const { threads, file, close } = made
  const [reader, writer] = threads
  syncAlways(made)
  writer.append(recordOf([1], ['<a>']))
  const positions = new Int32Array(2)
  reader.noteAppended(positions)
  reader.commit()
  await syncOnce(made)
  expect([reader.mustWait, reader.isOnDisk(positions), file(1)]).toEqual([true, false, ''])
  writer.commit()
  await syncOnce(made)
  expect([reader.mustWait, reader.isOnDisk(positions), file(1)]).toEqual([false, true, `${SELECT_0}<a>`])
  close()
})

test('with `always` records gather until no more come, or for a while', () => {
  const made = newLogs(1, 1)
  const { threads, settings, blocks, close } = made
  const [thread] = threads
  const [block] = blocks
  syncAlways(made)
  expect(thread.gathers()).toBe(false)
  thread.append(recordOf([0], ['<a>']))
  thread.commitForReplies()
  expect([thread.gathers(), thread.mustWait, block.wanted]).toEqual([true, true, 0])
  expect([thread.gathers(), thread.mustWait, block.wanted]).toEqual([false, true, block.appended])
  const before = block.wanted
  do thread.append(recordOf([0], ['']))
  while (thread.gathers())
  expect(block.wanted).toBe(before)
  thread.append(recordOf([0], ['<b>']))
  expect(thread.gathers()).toBe(true)
  // Nobody waits for the disk any more.
  settings[SETTING.appendfsync] = APPENDFSYNC.NO
  thread.commitForReplies()
  expect([thread.gathers(), block.wanted, block.written]).toEqual([false, 0, block.appended])
  close()
})

test('with `always`, a syncer that cannot write ends before anybody hears of the change', async () => {
  const made = newLogs(1, 1)
  const { threads, blocks, settings, close } = made
  settings[SETTING.appendfsync] = APPENDFSYNC.ALWAYS
  const bad = openSync(join(dir, '0'), 'r')
  blocks[0].fd = bad
  threads[0].append(recordOf([0], ['<a>']))
  threads[0].commit()
  await expect(syncOnce(made)).rejects.toThrow(/Can't recover from AOF write error/)
  expect(made.logs.get(LOGS.FAILING)).toBe(1)
  closeSync(bad)
  close()
})

test('while a file cannot be synced writes are refused, and with `always` the syncer ends at once', async () => {
  const settings = defaultSettings()
  const { control, logs, memory } = newLogs(0, 0)
  const buffers = [logCreate(RING_BYTES), logCreate(RING_BYTES)]
  const blocks = buffers.map(buffer => new LogBlock(buffer))
  const [good, other] = ['good', 'other'].map(name => openSync(join(dir, name), 'a'))
  // What is no file has nothing to sync.
  const device = openSync('/dev/null', 'a')
  const shape = { shards: 2, routers: 1 }
  const task = { ...memory, blocks: buffers, settings: settings.buffer, shape, stem: 'log' }
  /** One round: the syncer finds that it is to end, and does what is left. */
  const round = async (): Promise<number[]> => {
    logs.set(LOGS.STOPPING, 1)
    for (const block of blocks) block.wrote(10)
    await syncLogs(task)
    return [logs.get(LOGS.SYNC_ERROR), logs.get(LOGS.FAILING), control[CONTROL.LOG_ERROR / 4]]
  }
  blocks[0].fd = good
  blocks[1].fd = other
  expect(await round()).toEqual([0, 0, 0])
  blocks[1].fd = device
  const EINVAL = 22
  expect(await round()).toEqual([EINVAL, 1, EINVAL])
  settings[SETTING.appendfsync] = 1
  await expect(round()).rejects.toThrow(/Can't persist AOF for fsync error when the AOF fsync policy is 'always'/)
  for (const fd of [good, other, device]) closeSync(fd)
})
