// What is thrown when bytes that were to be a value are none. They come from files and from clients, so this is no
// failure of the server: whoever asked for decoding catches it, and all that had been built is freed by then.

export class RdbDamage extends Error {
  override name = 'RdbDamage'
  /** The bytes are sound, but the value has no elements: no key holds such a value. */
  readonly isEmpty: boolean

  constructor(text: string, isEmpty = false) {
    super(text)
    this.isEmpty = isEmpty
  }
}

/** Throws RdbDamage unless `condition` holds. The text names what is damaged, for the log. */
export function sound(condition: boolean, text: string): asserts condition {
  if (!condition) throw new RdbDamage(text)
}

/** Throws for a value without elements. */
export function notEmpty(condition: boolean): void {
  if (!condition) throw new RdbDamage('a value has no elements', true)
}
