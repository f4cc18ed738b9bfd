import { expect, test } from 'vitest'
import { MEET, meetingCreate, Rendezvous } from '../../src/shared/rendezvous.ts'
import { chooseSeed, randomFrom } from '../support/random.ts'

test('a change is applied by one, once all have come to it, and then the others go on', () => {
  const meeting = new Rendezvous(meetingCreate(3))
  meeting.arrive(2, 5n, 0b101n)
  expect(meeting.ask(2, 5n, 0b101n)).toBe(MEET.WAIT)
  meeting.arrive(0, 5n, 0b101n)
  expect(meeting.ask(2, 5n, 0b101n)).toBe(MEET.WAIT)
  expect(meeting.ask(0, 5n, 0b101n)).toBe(MEET.APPLY)
  expect(meeting.applied(5n, 0b101n)).toEqual([])
  expect(meeting.ask(2, 5n, 0b101n)).toBe(MEET.GO_ON)
})

test('a change that one log has lost waits for those who may still have a lower one, and is then applied', () => {
  const meeting = new Rendezvous(meetingCreate(3))
  meeting.end(1)
  meeting.arrive(2, 9n, 0b110n)
  expect(meeting.ask(2, 9n, 0b110n)).toBe(MEET.WAIT)
  meeting.arrive(0, 4n, 0b011n)
  expect(meeting.ask(2, 9n, 0b110n)).toBe(MEET.WAIT)
  expect(meeting.ask(0, 4n, 0b011n)).toBe(MEET.APPLY)
  expect(meeting.applied(4n, 0b011n)).toEqual([1])
  expect(meeting.ask(2, 9n, 0b110n)).toBe(MEET.WAIT)
  meeting.end(0)
  expect(meeting.ask(2, 9n, 0b110n)).toBe(MEET.APPLY)
  expect(meeting.applied(9n, 0b110n)).toEqual([1])
})

test('nobody waits for a log that has gone beyond the change, or says that it concerns other shards', () => {
  const meeting = new Rendezvous(meetingCreate(3))
  meeting.arrive(0, 5n, 0b011n)
  meeting.arrive(1, 6n, 0b110n)
  expect(meeting.ask(0, 5n, 0b011n)).toBe(MEET.NEVER)
  meeting.arrive(1, 5n, 0b111n)
  expect(meeting.ask(0, 5n, 0b011n)).toBe(MEET.NEVER)
  meeting.arrive(1, 5n, 0b011n)
  expect(meeting.ask(0, 5n, 0b011n)).toBe(MEET.APPLY)
})

const seed = chooseSeed()

test(`logs cut anywhere: every change is applied once, in order on each of its shards (SKEP_SEED=${seed})`, () => {
  const random = randomFrom(seed)
  for (let round = 0; round < 300; round++) {
    const logs = random.int(2, 5)
    // All changes in their order, then each log with those that concern it, cut at the end.
    const changes = Array.from({ length: random.int(0, 12) }, (_, i) => {
      let mask = 0
      while (mask.toString(2).replaceAll('0', '').length < 2) mask |= 1 << random.int(0, logs - 1)
      return { number: BigInt(i + 1), mask: BigInt(mask) }
    })
    const files = Array.from({ length: logs }, (_, log) => {
      const own = changes.filter(({ mask }) => ((mask >> BigInt(log)) & 1n) === 1n)
      return own.slice(0, own.length - random.int(0, Math.min(3, own.length)))
    })
    const kept = changes.filter(change => files.some(file => file.includes(change)))
    const meeting = new Rendezvous(meetingCreate(logs))
    const at = files.map(() => 0)
    const arrived = files.map(() => false)
    const done = files.map(() => false)
    const applied: bigint[] = []
    for (let steps = 0; done.includes(false); steps++) {
      expect(steps, 'somebody waits for ever').toBeLessThan(10_000)
      const log = random.int(0, logs - 1)
      if (done[log]) continue
      const change = files[log][at[log]]
      if (change === undefined) {
        meeting.end(log)
        done[log] = true
        continue
      }
      if (!arrived[log]) {
        meeting.arrive(log, change.number, change.mask)
        arrived[log] = true
        continue
      }
      const answer = meeting.ask(log, change.number, change.mask)
      if (answer === MEET.WAIT) continue
      if (answer === MEET.APPLY) {
        applied.push(change.number)
        meeting.applied(change.number, change.mask)
      }
      at[log]++
      arrived[log] = false
    }
    expect([...applied].sort((a, b) => Number(a - b))).toEqual(kept.map(({ number }) => number))
    for (let log = 0; log < logs; log++) {
      const own = applied.filter(number => ((changes[Number(number) - 1].mask >> BigInt(log)) & 1n) === 1n)
      expect(own, `on shard ${log}`).toEqual([...own].sort((a, b) => Number(a - b)))
    }
  }
})
