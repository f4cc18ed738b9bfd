// A list of refs that scans, samples and drains fill; reused, so that they make no garbage.

/** A reusable list of refs that scans and picks fill. */
export class RefList {
  refs = new Uint32Array(64)
  count = 0

  push(ref: number): void {
    if (this.count === this.refs.length) {
      const larger = new Uint32Array(this.count * 2)
      larger.set(this.refs)
      this.refs = larger
    }
    this.refs[this.count++] = ref
  }

  clear(): void {
    this.count = 0
  }
}
