import { expect, test } from 'vitest'
import { Histogram } from '../../bench/support/histogram.ts'
import { ReplyCounter } from '../../bench/support/load-client.ts'
import { renderTable } from '../../bench/support/report.ts'
import { replaceSection } from '../../bench/support/results.ts'
import { median, showAll } from '../../bench/support/statistics.ts'
import { tagOn } from '../../bench/support/tags.ts'
import { keySlot } from '../../src/bytes/crc16.ts'
import { randomFrom } from '../support/random.ts'

test('replies are counted whole however the stream is cut', () => {
  const replies = [
    '+OK\r\n',
    ':-12\r\n',
    '$5\r\n*1\r\n+\r\n',
    '$-1\r\n',
    '*-1\r\n',
    '*0\r\n',
    '*3\r\n$0\r\n\r\n*2\r\n:1\r\n_\r\n%1\r\n+k\r\n#t\r\n',
    '-ERR no\r\n',
    ',1.5\r\n',
  ]
  const bytes = Buffer.from(replies.join(''))
  const random = randomFrom(1)
  for (let i = 0; i < 200; i++) {
    const counter = new ReplyCounter()
    for (let at = 0; at < bytes.length; ) {
      const size = random.int(1, 12)
      counter.feed(bytes.subarray(at, at + size))
      at += size
    }
    expect([counter.replies, counter.errors]).toEqual([replies.length, 1])
  }
})

test('a reply counts only when its last byte has come', () => {
  const counter = new ReplyCounter()
  counter.feed(Buffer.from('*2\r\n$1\r\na\r\n$1\r\nb\r'))
  expect(counter.replies).toBe(0)
  counter.feed(Buffer.from('\n'))
  expect(counter.replies).toBe(1)
})

test('percentiles are right to a 32nd of a doubling, the worst exactly', () => {
  const histogram = new Histogram()
  for (let i = 1; i <= 10_000; i++) histogram.record(i)
  for (const share of [0.01, 0.5, 0.99]) {
    const ratio = histogram.percentile(share) / (share * 10_000)
    expect(ratio).toBeGreaterThanOrEqual(1)
    expect(ratio).toBeLessThan(2 ** (1.01 / 32))
  }
  expect(histogram.worst).toBe(10_000)
  expect(histogram.percentile(1)).toBe(10_000)
})

test('a median is the middle, and a range shows both ends', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 2, 3])).toBe(2.5)
  expect(showAll([1500, 1400, 1601.4])).toBe('1,500 (1,400–1,601)')
  expect(showAll([0.1234])).toBe('0.123')
  expect(showAll(undefined)).toBe('-')
})

test('a table shows the ratio of the medians, and none where a server was not measured', () => {
  const text = renderTable({
    title: 'speed',
    rows: [
      { what: 'GET', unit: 'ops/s', redis: [100, 200, 300], skep: [300] },
      { what: 'SET', unit: 'ops/s', redis: undefined, skep: [300] },
    ],
  })
  const cells = text.split('\n').map(line => line.split('|').map(cell => cell.trim()))
  expect(cells[2].slice(1, 6)).toEqual(['GET', 'ops/s', '200 (100–300)', '300', '1.50'])
  expect(cells[3].slice(1, 6)).toEqual(['SET', 'ops/s', '-', '300', '-'])
  expect(new Set(text.split('\n').map(line => line.length)).size).toBe(1)
})

test('a section of the results is replaced where it stands, and added when there is none', () => {
  const text = '# Head\n\n## a\n\nold\n\n## b\n\nkept\n'
  expect(replaceSection(text, 'a', 'new')).toBe('# Head\n\n## a\n\nnew\n\n## b\n\nkept\n')
  expect(replaceSection(text, 'b', 'new')).toBe('# Head\n\n## a\n\nold\n\n## b\n\nnew\n')
  expect(replaceSection(text, 'c', 'new')).toBe('# Head\n\n## a\n\nold\n\n## b\n\nkept\n\n## c\n\nnew\n')
})

test('a tag puts keys on the shard that was asked for', () => {
  for (let shard = 0; shard < 4; shard++) {
    const key = Buffer.from(`any{${tagOn(shard, 4)}}key`)
    const slot = keySlot(key, 0, key.length)
    expect(slot).toBeGreaterThanOrEqual(shard * 4096)
    expect(slot).toBeLessThan((shard + 1) * 4096)
  }
})
