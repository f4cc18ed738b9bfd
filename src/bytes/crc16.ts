// CRC-16/XMODEM and the Redis Cluster slot of a key.
//
// Always: keySlot() is in 0..SLOTS-1, depends on nothing but the key's bytes, and equals what CLUSTER KEYSLOT says;
// keys that share a non-empty {hash tag} share a slot.

export const SLOTS = 16384

const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const POLYNOMIAL = 0x1021

const TABLE = new Uint16Array(256)
for (let byte = 0; byte < 256; byte++) {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ POLYNOMIAL : crc << 1
  TABLE[byte] = crc
}

/** CRC-16/XMODEM of `length` bytes from `at`: 0..65535. */
export function crc16(bytes: Uint8Array, at: number, length: number): number {
  let crc = 0
  for (let i = at, end = at + length; i < end; i++) crc = ((crc << 8) & 0xffff) ^ TABLE[(crc >> 8) ^ bytes[i]]
  return crc
}

/** The cluster slot of a key. Only what stands between the first `{` and the next `}` counts, unless that is nothing. */
export function keySlot(bytes: Uint8Array, at: number, length: number): number {
  const end = at + length
  let open = at
  while (open < end && bytes[open] !== OPEN_BRACE) open++
  if (open < end) {
    let close = open + 1
    while (close < end && bytes[close] !== CLOSE_BRACE) close++
    if (close < end && close > open + 1) return crc16(bytes, open + 1, close - open - 1) & (SLOTS - 1)
  }
  return crc16(bytes, at, length) & (SLOTS - 1)
}
