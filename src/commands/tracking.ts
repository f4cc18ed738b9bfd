// What CLIENT TRACKING has set for a client. The router keeps the keys and sends the invalidations.

export class Tracking {
  isOn = false
  /** BCAST: told of all keys with its prefixes rather than of those it has read. */
  isBroadcast = false
  isOptIn = false
  isOptOut = false
  noLoop = false
  /** Client id that invalidations go to, 0 = this one. */
  redirect = 0
  /** The client that they should go to is gone. */
  isRedirectBroken = false
  /** Byte strings. */
  prefixes: string[] = []
  /** CLIENT CACHING, for the next command only. */
  caching: 'yes' | 'no' | undefined

  reset(): void {
    this.isOn = false
    this.isBroadcast = false
    this.isOptIn = false
    this.isOptOut = false
    this.noLoop = false
    this.redirect = 0
    this.isRedirectBroken = false
    this.prefixes = []
    this.caching = undefined
  }
}
