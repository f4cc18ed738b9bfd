// The two ends of the ring's stress test: what message n is follows from n, so that the reader needs no list.

import { RingConsumer, RingProducer } from '../../src/shared/ring.ts'

export type RingStress = {
  readonly buffer: SharedArrayBuffer
  readonly messages: number
  readonly seed: number
}

/** Turns of a spinning wait before the other thread gets the core. */
const SPINS = 1000
const napWord = new Int32Array(new SharedArrayBuffer(4))
const nap = (): void => {
  Atomics.wait(napWord, 0, 0, 0.1)
}

const mix = (n: number, seed: number): number => {
  let x = Math.imul(n ^ seed, 0x9e3779b1)
  x = Math.imul(x ^ (x >>> 15), 0x85ebca6b)
  return (x ^ (x >>> 13)) >>> 0
}

/** Payload of message n: mostly short, now and then the largest or none. */
export function sizeOf(n: number, seed: number, payloadMax: number): number {
  const x = mix(n, seed)
  if ((x & 0xff) === 0) return payloadMax
  if ((x & 0xff) === 1) return (x >>> 8) % payloadMax
  return (x >>> 8) % 80
}

const kindOf = (n: number): number => 1 + (n % 0x7fffffff)

/** Sends all messages, publishing now and then. */
export function sendAll({ buffer, messages, seed }: RingStress): void {
  const producer = new RingProducer(buffer)
  for (let n = 0; n < messages; n++) {
    const size = sizeOf(n, seed, producer.payloadMax)
    let at = producer.begin(kindOf(n), size)
    for (let spins = 0; at < 0; spins++) {
      producer.publish()
      if (spins > SPINS) nap()
      at = producer.begin(kindOf(n), size)
    }
    // First and last bytes tell a torn message; long ones are not filled wholly, for time.
    for (let i = 0; i < size && i < 16; i++) producer.u8[at + i] = n + i
    if (size > 0) producer.u8[at + size - 1] = n ^ 0x5a
    if ((mix(n, seed + 1) & 7) === 0) producer.publish()
  }
  producer.publish()
}

/** Receives all messages. Returns what was wrong with the first bad one, or an empty text. */
export function receiveAll({ buffer, messages, seed }: RingStress): string {
  const consumer = new RingConsumer(buffer)
  const payloadMax = consumer.u8.length / 4 - 8
  for (let n = 0; n < messages; n++) {
    let at = consumer.next()
    for (let spins = 0; at < 0; spins++) {
      consumer.release()
      if (spins > SPINS) nap()
      at = consumer.next()
    }
    const size = sizeOf(n, seed, payloadMax)
    if (consumer.kind !== kindOf(n)) return `message ${n} has kind ${consumer.kind}`
    if (consumer.length !== size) return `message ${n} has ${consumer.length} bytes, not ${size}`
    if (size > 0 && consumer.u8[at + size - 1] !== ((n ^ 0x5a) & 255)) return `message ${n} ends wrong`
    for (let i = 0; i < size - 1 && i < 16; i++) {
      if (consumer.u8[at + i] !== ((n + i) & 255)) return `message ${n} is torn at ${i}`
    }
    if ((mix(n, seed + 2) & 7) === 0) consumer.release()
  }
  consumer.release()
  return consumer.next() < 0 ? '' : 'a message too many'
}
