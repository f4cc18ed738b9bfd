// Node's cryptography, loaded when it is first used: loading takes each thread some 8 ms, and most never use it.

/** Digest of the bytes. */
export function hashBytes(algorithm: 'sha1' | 'sha256', bytes: Uint8Array): Buffer {
  return process.getBuiltinModule('node:crypto').hash(algorithm, bytes, 'buffer')
}

/** Bytes that nobody can guess. From the kernel's device where there is one, since every server needs some at its start. */
export function randomBytes(count: number): Buffer {
  return fromDevice(count) ?? process.getBuiltinModule('node:crypto').randomBytes(count)
}

function fromDevice(count: number): Buffer | undefined {
  const { closeSync, openSync, readSync } = process.getBuiltinModule('node:fs')
  try {
    const device = openSync('/dev/urandom', 'r')
    const bytes = Buffer.alloc(count)
    const read = readSync(device, bytes)
    closeSync(device)
    return read === count ? bytes : undefined
  } catch {
    return undefined
  }
}
