// A client's part in the shared buffers: it follows what passes, by Redis's rules.

import { expect, test } from 'vitest'
import { replyRoomRules, Share } from '../../src/router/share.ts'

const KIB = 1024

test('the room for reading begins with the first command, and ends when nothing has come for more than two seconds', () => {
  const share = new Share(0)
  expect(share.inputRoom).toBe(0)
  share.received(30)
  expect(share.inputRoom).toBe(16 * KIB)
  share.adapt(2000, 2000, replyRoomRules())
  expect(share.inputRoom).toBe(16 * KIB)
  share.adapt(2001, 2001, replyRoomRules())
  expect(share.inputRoom).toBe(0)
})

test('a long argument makes the room for reading as large, until less has been enough', () => {
  const share = new Share(0)
  share.received(400_000)
  share.adapt(100, 0, replyRoomRules())
  expect(share.inputRoom).toBe(400_000)
  share.received(20_000)
  share.adapt(200, 0, replyRoomRules())
  expect(share.inputRoom).toBe(20_000)
})

test('the room for replies shrinks when they were short for a while, not below 1 KiB', () => {
  const share = new Share(0)
  const rules = { ...replyRoomRules(), peakMs: 1000 }
  expect(share.adapt(500, 0, rules)).toBe(0)
  expect(share.replyRoom).toBe(16 * KIB)
  share.adapt(1001, 0, rules)
  share.replied(3000)
  expect(share.adapt(1100, 0, rules)).toBe(-1)
  expect(share.replyRoom).toBe(3001)
  share.adapt(2100, 0, rules)
  expect(share.adapt(2200, 0, rules)).toBe(-1)
  expect(share.replyRoom).toBe(KIB)
})

test('the room for replies doubles while they fill it, up to 16 KiB', () => {
  const share = new Share(0)
  const rules = { ...replyRoomRules(), peakMs: Number.POSITIVE_INFINITY }
  share.replyRoom = KIB
  share.replyPeak = 0
  for (const size of [2, 4, 8, 16]) {
    share.replied(1_000_000)
    expect(share.adapt(0, 0, rules)).toBe(1)
    expect(share.replyRoom).toBe(size * KIB)
  }
  share.replied(1_000_000)
  expect(share.adapt(0, 0, rules)).toBe(0)
  expect(share.adapt(0, 0, { ...rules, resizes: false })).toBe(0)
})
