// Wakes the routers that feed replicas, once a batch of commands has added to the stream.

import { routerBellWord, type Shape } from '../shared/control.ts'
import { doorbellRing } from '../shared/doorbell.ts'
import type { ReplicationStream } from './stream.ts'

export class StreamWaker {
  readonly #stream: ReplicationStream
  readonly #control: Int32Array
  readonly #shape: Shape
  #toldEnd = 0

  constructor(stream: ReplicationStream, control: Int32Array, shape: Shape) {
    this.#stream = stream
    this.#control = control
    this.#shape = shape
  }

  /** Rings at the routers named by a field's bits, but for `except`, if the stream has grown since the last time. */
  wake(except = -1): void {
    const { end } = this.#stream
    if (end === this.#toldEnd) return
    this.#toldEnd = end
    this.ring('FEEDS', except)
  }

  /** Whether the stream has grown since the last time, and somebody must be told. */
  get hasNews(): boolean {
    return this.#stream.end !== this.#toldEnd && this.#stream.block.word('FEEDS') !== 0
  }

  /** Rings at these routers in any case. */
  ring(field: 'FEEDS' | 'WAITS', except: number): void {
    const bits = this.#stream.block.word(field)
    for (let router = 0; bits >>> router !== 0; router++) {
      if (router !== except && ((bits >>> router) & 1) === 1) {
        doorbellRing(this.#control, routerBellWord(this.#shape, router))
      }
    }
  }
}
