// A set of refs or indexes, for picking things at random without picking one twice; reused, so that it makes no garbage.

/** Random picks of more than this many are rare enough to give their memory back. */
const SLOTS_KEPT = 2 ** 16

export class RefSet {
  #slots = new Uint32Array(64)
  #mask = 63

  /** Empties it and makes room for `count` refs. */
  start(count: number): void {
    let slots = 64
    while (slots < count * 2) slots *= 2
    if (slots > this.#slots.length || this.#slots.length > SLOTS_KEPT) this.#slots = new Uint32Array(slots)
    else this.#slots.fill(0, 0, slots)
    this.#mask = slots - 1
  }

  /** Adds a ref, which is not 0; false if it was there. */
  add(ref: number): boolean {
    const slots = this.#slots
    let at = Math.imul(ref, 0x9e3779b1) >>> 7
    for (;;) {
      at &= this.#mask
      if (slots[at] === ref) return false
      if (slots[at] === 0) {
        slots[at] = ref
        return true
      }
      at++
    }
  }
}
