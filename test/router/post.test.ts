// The router's side of the mail: it sleeps only when there is nothing left to do, and wakes when there is something again.

import { expect, test } from 'vitest'
import { Post } from '../../src/router/post.ts'
import type { RouterData } from '../../src/shard/thread-data.ts'
import { controlCreate, routerBellWord } from '../../src/shared/control.ts'
import { DOORBELL, doorbellRing } from '../../src/shared/doorbell.ts'
import { ringCreate } from '../../src/shared/ring.ts'
import { until } from '../support/until.ts'

/** The post of a router beside one shard that says nothing. */
function start() {
  const shape = { shards: 1, routers: 1 }
  const memory = { shape, control: controlCreate(shape), requests: [[ringCreate(4096)]], replies: [[ringCreate(4096)]] }
  const data = { index: 0, memory, ports: [] } as unknown as RouterData
  const nobody = (): void => undefined
  let wakes = 0
  const post = new Post(data, nobody, nobody, () => {
    wakes++
  })
  const control = new Int32Array(memory.control)
  const bell = routerBellWord(shape, 0)
  return { post, control, bell, wakes: () => wakes, isAsleep: () => control[bell + DOORBELL.ASLEEP / 4] === 1 }
}

test('who expects word sleeps until the bell rings', async () => {
  const { post, control, bell, wakes, isAsleep } = start()
  expect([post.listen(), isAsleep()]).toEqual([true, false])
  post.expect(1)
  expect([post.listen(), isAsleep()]).toEqual([true, true])
  doorbellRing(control, bell)
  await until('it is awake', async () => wakes() === 1)
  expect(isAsleep()).toBe(false)
})

test('what is due by the time that it could be rung for keeps it awake', () => {
  const { post, isAsleep } = start()
  post.expect(1)
  // The disk may be done just before anybody would ring: what it did is looked for after that moment.
  post.isDue = isAsleep
  expect([post.listen(), isAsleep()]).toEqual([false, false])
  post.isDue = () => false
  expect([post.listen(), isAsleep()]).toEqual([true, true])
})
