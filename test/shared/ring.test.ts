import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { MESSAGE, RING, RingConsumer, RingProducer, ringCreate } from '../../src/shared/ring.ts'
import { chooseSeed, randomFrom } from '../support/random.ts'
import { type RingStress, receiveAll, sizeOf } from './ring-stress.ts'

/** SKEP_RING_MESSAGES=300000000 for the long run. */
const MESSAGES = Number(process.env.SKEP_RING_MESSAGES ?? 2_000_000)
/** Some 2 million messages a second on two cores; a tenth of that before the test gives up. */
const STRESS_MS_MAX = 60_000 + MESSAGES / 200

const pair = (bytes: number): [RingProducer, RingConsumer, SharedArrayBuffer] => {
  const buffer = ringCreate(bytes)
  return [new RingProducer(buffer), new RingConsumer(buffer), buffer]
}

/** Writes a message whose bytes are all `mark`; false if the ring is too full. */
function send(producer: RingProducer, kind: number, length: number, mark: number): boolean {
  const at = producer.begin(kind, length)
  if (at < 0) return false
  producer.u8.fill(mark, at, at + length)
  return true
}

describe('ring', () => {
  test('what is published is read, in order, and not before', () => {
    const [producer, consumer] = pair(1024)
    expect(consumer.next()).toBe(-1)
    expect(producer.publish()).toBe(false)
    send(producer, 3, 5, 7)
    send(producer, 4, 0, 0)
    expect(consumer.next()).toBe(-1)
    expect(consumer.isEmpty()).toBe(true)
    expect(producer.publish()).toBe(true)
    expect(consumer.isEmpty()).toBe(false)
    const at = consumer.next()
    expect([consumer.kind, consumer.length]).toEqual([3, 5])
    expect([...consumer.u8.subarray(at, at + 5)]).toEqual([7, 7, 7, 7, 7])
    expect(consumer.next()).not.toBe(-1)
    expect([consumer.kind, consumer.length]).toEqual([4, 0])
    expect(consumer.next()).toBe(-1)
    expect(producer.isDrained()).toBe(false)
    consumer.release()
    expect(producer.isDrained()).toBe(true)
  })

  test('a full ring says so, and has room again once messages are released', () => {
    const [producer, consumer] = pair(1024)
    let sent = 0
    while (send(producer, 1, 56, sent)) sent++
    expect(sent).toBe(1024 / 64)
    producer.publish()
    expect(send(producer, 1, 0, 0)).toBe(false)
    expect(consumer.next()).not.toBe(-1)
    expect(send(producer, 1, 56, 0)).toBe(false)
    consumer.release()
    expect(send(producer, 1, 56, 99)).toBe(true)
    expect(send(producer, 1, 0, 0)).toBe(false)
    producer.publish()
    for (let i = 1; i < sent; i++) {
      const at = consumer.next()
      expect(consumer.u8[at]).toBe(i)
    }
    expect(consumer.u8[consumer.next()]).toBe(99)
    expect(consumer.next()).toBe(-1)
  })

  test('the largest message goes through at every place of the ring; a larger one stops the process', () => {
    const [producer, consumer] = pair(4096)
    expect(producer.payloadMax).toBe(1024 - MESSAGE.PAYLOAD)
    for (let i = 0; i < 4096; i += 8) {
      expect(send(producer, 1, producer.payloadMax, i & 255)).toBe(true)
      send(producer, 2, 0, 0)
      producer.publish()
      const at = consumer.next()
      expect(consumer.length).toBe(producer.payloadMax)
      expect(at + consumer.length).toBeLessThanOrEqual(4096)
      expect(consumer.u8.subarray(at, at + consumer.length).every(byte => byte === (i & 255))).toBe(true)
      consumer.next()
      expect(consumer.kind).toBe(2)
      consumer.release()
    }
    expect(() => producer.begin(1, producer.payloadMax + 1)).toThrow('a message is at most a quarter of the ring')
    expect(() => producer.begin(0, 0)).toThrow('own')
    expect(() => ringCreate(1000)).toThrow('a ring is a power of two')
  })

  test('positions wrap around 2^32', () => {
    const buffer = ringCreate(1024)
    const words = new Int32Array(buffer, 0, RING.DATA / 4)
    // A multiple of the ring below 2^32, as after four billion bytes.
    words[RING.TAIL / 4] = -2048
    words[RING.HEAD / 4] = -2048
    const producer = new RingProducer(buffer)
    const consumer = new RingConsumer(buffer)
    for (let i = 0; i < 500; i++) {
      expect(send(producer, 1, i % 200, i & 255)).toBe(true)
      producer.publish()
      const at = consumer.next()
      expect(consumer.length).toBe(i % 200)
      if (consumer.length > 0) expect(consumer.u8[at + consumer.length - 1]).toBe(i & 255)
      consumer.release()
    }
    expect(words[RING.TAIL / 4]).toBeGreaterThan(0)
  })

  const seed = chooseSeed()
  test(`batches of any size arrive whole (SKEP_SEED=${seed})`, () => {
    const random = randomFrom(seed)
    const [producer, consumer, buffer] = pair(8192)
    const sent: number[] = []
    let received = 0
    for (let round = 0; round < 20_000; round++) {
      for (let i = random.int(0, 8); i > 0; i--) {
        const length = random.chance(0.05) ? random.int(0, producer.payloadMax) : random.int(0, 100)
        if (!send(producer, 1 + (sent.length % 1000), length, sent.length & 255)) break
        sent.push(length)
      }
      if (random.chance(0.7)) producer.publish()
      for (let i = random.int(0, 8); i > 0; i--) {
        const at = consumer.next()
        if (at < 0) break
        expect([consumer.length, consumer.kind]).toEqual([sent[received], 1 + (received % 1000)])
        if (consumer.length > 0) expect(consumer.u8[at + consumer.length - 1]).toBe(received & 255)
        received++
      }
      if (random.chance(0.7)) consumer.release()
    }
    expect(received).toBeGreaterThan(10_000)
    // Ends made anew go on where the old ones were.
    producer.publish()
    consumer.release()
    const again = new RingConsumer(buffer)
    for (; received < sent.length; received++) {
      again.next()
      expect(again.length).toBe(sent[received])
    }
    expect(again.next()).toBe(-1)
  })

  test(
    `${MESSAGES} messages from thread to thread, none lost, doubled, torn or out of order`,
    async () => {
      for (const bytes of [4096, 1024 * 1024]) {
        const data: RingStress = { buffer: ringCreate(bytes), messages: MESSAGES / 2, seed }
        // The positions pass 2^32 early on.
        new Int32Array(data.buffer, RING.TAIL, 1)[0] = -16 * 1024 * 1024
        new Int32Array(data.buffer, RING.HEAD, 1)[0] = -16 * 1024 * 1024
        const worker = new Worker(new URL('./ring-producer.ts', import.meta.url), { workerData: data })
        const failed = new Promise<never>((_, reject) => worker.on('error', reject))
        await Promise.race([new Promise(resolve => worker.once('online', resolve)), failed])
        expect(receiveAll(data)).toBe('')
        await worker.terminate()
      }
    },
    STRESS_MS_MAX,
  )

  test('the sizes of the stress are of all sorts', () => {
    const sizes = Array.from({ length: 10_000 }, (_, i) => sizeOf(i, 1, 1016))
    expect(Math.max(...sizes)).toBe(1016)
    expect(Math.min(...sizes)).toBe(0)
    expect(sizes.filter(size => size < 100).length).toBeGreaterThan(8000)
  })
})
