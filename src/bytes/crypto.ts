// Node's cryptography, loaded when it is first used: loading takes each thread some 8 ms, and most never use it.

/** Digest of the bytes. */
export function hashBytes(algorithm: 'sha1' | 'sha256', bytes: Uint8Array): Buffer {
  return process.getBuiltinModule('node:crypto').hash(algorithm, bytes, 'buffer')
}

/** Bytes that nobody can guess. */
export function randomBytes(count: number): Buffer {
  return process.getBuiltinModule('node:crypto').randomBytes(count)
}
