// Commands as blocks of bytes, and rows of replies taken apart.

import { expect, test } from 'vitest'
import { frameBytes, frameRead, frameWrite } from '../../src/protocol/frame.ts'
import { replyEnd } from '../../src/protocol/reply-end.ts'
import { Request, requestOf } from '../../src/protocol/request.ts'

test('a frame gives back the arguments, wherever it lies', () => {
  const req = requestOf(['SET', 'key', '', 'a\0b', 'x'.repeat(1000)])
  const bytes = frameBytes(req)
  expect(bytes % 8).toBe(0)
  const u8 = new Uint8Array(bytes + 64)
  frameWrite(u8, new Uint32Array(u8.buffer), 24, req)
  expect(u8.subarray(24 + bytes).every(byte => byte === 0)).toBe(true)
  const moved = new Uint8Array(bytes + 64)
  moved.set(u8.subarray(24, 24 + bytes), 8)
  const read = new Request()
  frameRead(moved, new Uint32Array(moved.buffer), 8, read)
  expect(Array.from({ length: read.argc }, (_, i) => read.text(i))).toEqual([
    'SET',
    'key',
    '',
    'a\0b',
    'x'.repeat(1000),
  ])
})

test.each([
  '+OK\r\n',
  '-ERR 5\r\n',
  ':-17\r\n',
  '$-1\r\n',
  '$0\r\n\r\n',
  '$5\r\na\r\nb\n\r\n',
  '*-1\r\n',
  '*0\r\n',
  '*2\r\n$1\r\na\r\n*2\r\n:1\r\n$-1\r\n',
  '_\r\n',
  '#t\r\n',
  ',1.5\r\n',
  '(123456789012345678901234567890\r\n',
  '=7\r\ntxt:abc\r\n',
  '%2\r\n+a\r\n:1\r\n+b\r\n~2\r\n:1\r\n:2\r\n',
  '>2\r\n+a\r\n:1\r\n',
  '|1\r\n+a\r\n:1\r\n*1\r\n:5\r\n',
])('the end of %j is found', reply => {
  const bytes = Buffer.from(`+before\r\n${reply}+behind\r\n`)
  expect(replyEnd(bytes, 9)).toBe(9 + reply.length)
})
