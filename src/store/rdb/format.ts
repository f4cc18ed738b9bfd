// Numbers of the RDB format, version 10: value types, string encodings, lengths.
//
// A length, high bits first:
//
//   00xxxxxx                  6 bits
//   01xxxxxx b                14 bits
//   10000000 b b b b          32 bits
//   10000001 b×8              64 bits
//   11xxxxxx                  no length: a string in encoding x
//
// Fixed-size numbers elsewhere are little-endian.

/** The version written, and the newest read. */
export const RDB_VERSION = 10

/** Value types. The server writes the newest form that Redis 7.0 has for a value, and reads all; from 20 on they are later ones. */
export const RDB_TYPE = {
  STRING: 0,
  LIST: 1,
  SET: 2,
  ZSET: 3,
  HASH: 4,
  ZSET_2: 5,
  HASH_ZIPMAP: 9,
  LIST_ZIPLIST: 10,
  SET_INTSET: 11,
  ZSET_ZIPLIST: 12,
  HASH_ZIPLIST: 13,
  LIST_QUICKLIST: 14,
  STREAM_LISTPACKS: 15,
  HASH_LISTPACK: 16,
  ZSET_LISTPACK: 17,
  LIST_QUICKLIST_2: 18,
  STREAM_LISTPACKS_2: 19,
  SET_LISTPACK: 20,
  STREAM_LISTPACKS_3: 21,
  HASH_METADATA: 24,
  HASH_LISTPACK_EX: 25,
} as const

/** What stands where a value's type would, and says something else. */
export const OPCODE = {
  FUNCTION_2: 245,
  FUNCTION_OLD: 246,
  MODULE_AUX: 247,
  IDLE: 248,
  FREQ: 249,
  AUX: 250,
  RESIZE: 251,
  EXPIRE_MS: 252,
  EXPIRE_SECONDS: 253,
  SELECT: 254,
  EOF: 255,
} as const

/** How a string that is no plain run of bytes is written. */
export const STRING_ENCODING = { INT8: 0, INT16: 1, INT32: 2, LZF: 3 } as const

/** The first byte of a length of 32 or 64 bits, and the bits that mark an encoded string. */
export const LENGTH_32 = 0x80
export const LENGTH_64 = 0x81
export const ENCODED = 0xc0

/** The container of a list node of type 18. */
export const NODE_PLAIN = 1
export const NODE_PACKED = 2

/** The length bytes of scores in type 3 that stand for no text. */
export const SCORE_NAN = 253
export const SCORE_INFINITY = 254
export const SCORE_MINUS_INFINITY = 255
