// CLIENT PAUSE as one router knows it: what is held back, and until when. All routers are told the same.

/** What a pause holds back. */
export const PAUSE = { NONE: 0, WRITES: 1, ALL: 2 } as const

/** The pause of one router. */
export interface Pause {
  /** One of PAUSE. */
  readonly kind: number
  /** Unix ms. */
  readonly until: number
  /** Begins a pause or makes the present one longer and stricter; one is never made shorter or laxer. */
  start(kind: number, until: number): void
  end(): void
}
