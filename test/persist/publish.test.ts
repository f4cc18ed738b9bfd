import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findSnapshot, layoutFingerprint, manifestPath, readManifest, slotLayout } from '../../src/persist/manifest.ts'
import { publishSnapshot } from '../../src/persist/publish.ts'
import { shardOfSlotOf } from './slots.ts'

let folder = ''
let snapshot = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skep-test-publish-'))
  snapshot = join(folder, 'dump.rdb')
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Publishes a snapshot of so many shards. */
function publish(shards: number): string[] {
  const files = Array.from({ length: shards }, (_, shard) => {
    const path = join(folder, `temp-1.${shard}.rdb`)
    writeFileSync(path, `data of ${shard} of ${shards}`)
    return { path, bytes: 14, keys: shard, checksum: '' }
  })
  return publishSnapshot({ snapshot, files, now: 1 })
}

const names = (): string[] => readdirSync(folder).sort()
const found = (): string[] => findSnapshot(snapshot).paths.map(path => basename(path))

test('a single shard has its snapshot under its own name and no manifest', () => {
  publish(1)
  publish(1)
  expect(names()).toEqual(['dump.rdb'])
  expect(found()).toEqual(['dump.rdb'])
})

test('several shards have a file each and a manifest; the files of before go', () => {
  publish(2)
  expect(names()).toEqual(['dump.1.0.rdb', 'dump.1.1.rdb', 'dump.rdb.manifest'])
  publish(2)
  expect(names()).toEqual(['dump.2.0.rdb', 'dump.2.1.rdb', 'dump.rdb.manifest'])
  expect(found()).toEqual(['dump.2.0.rdb', 'dump.2.1.rdb'])
  expect(readManifest(snapshot)).toMatchObject({ epoch: 2, shards: 2, fingerprint: layoutFingerprint(2) })
})

test('the number of shards may change, either way', () => {
  for (const shards of [1, 3, 1, 2, 4, 1]) {
    publish(shards)
    expect(findSnapshot(snapshot).paths).toHaveLength(shards)
    expect(names()).toHaveLength(shards === 1 ? 1 : shards + 1)
  }
})

test('a plain file that is newer than the manifest counts, an older one does not', () => {
  publish(2)
  writeFileSync(snapshot, 'from elsewhere')
  utimesSync(snapshot, new Date(1000), new Date(1000))
  expect(found()).toEqual(['dump.1.0.rdb', 'dump.1.1.rdb'])
  utimesSync(manifestPath(snapshot), new Date(500), new Date(500))
  expect(found()).toEqual(['dump.rdb'])
})

test('a damaged manifest is refused by name, and the next snapshot replaces it', () => {
  publish(2)
  writeFileSync(manifestPath(snapshot), '{"format":1,')
  expect(() => findSnapshot(snapshot)).toThrow(/dump\.rdb\.manifest is damaged/)
  publish(2)
  expect(found()).toEqual(['dump.2.0.rdb', 'dump.2.1.rdb'])
})

test('files of other programs are left alone', () => {
  writeFileSync(join(folder, 'dump.old.rdb'), '')
  writeFileSync(join(folder, 'dump.1.rdb'), '')
  publish(2)
  publish(2)
  expect(names()).toContain('dump.old.rdb')
  expect(names()).toContain('dump.1.rdb')
})

test.each([1, 2, 3, 7, 16])('the layout of %i shards is the one that keys go by', shards => {
  for (const [shard, [first, last]] of slotLayout(shards).entries()) {
    expect(shardOfSlotOf(first, shards)).toBe(shard)
    expect(shardOfSlotOf(last, shards)).toBe(shard)
  }
})
