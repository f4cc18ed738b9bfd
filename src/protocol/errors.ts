// Error texts that more than one command sends, word for word as Redis 7.0 does.

export const SYNTAX = 'ERR syntax error'
export const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value'
export const NOT_AN_INTEGER = 'ERR value is not an integer or out of range'
export const NOT_A_FLOAT = 'ERR value is not a valid float'
export const NO_SUCH_KEY = 'ERR no such key'
export const OUT_OF_RANGE = 'ERR value is out of range'
export const NOT_POSITIVE = 'ERR value is out of range, must be positive'
export const INDEX_OUT_OF_RANGE = 'ERR index out of range'
export const SAME_OBJECT = 'ERR source and destination objects are the same'
export const OVERFLOW = 'ERR increment or decrement would overflow'
export const NAN_OR_INFINITY = 'ERR increment would produce NaN or Infinity'
export const STRING_TOO_LONG = 'ERR string exceeds maximum allowed size (proto-max-bulk-len)'
export const OUT_OF_MEMORY = "OOM command not allowed when used memory > 'maxmemory'."
export const NO_AUTH = 'NOAUTH Authentication required.'
export const INVALID_CURSOR = 'ERR invalid cursor'
export const MIN_OR_MAX_NOT_FLOAT = 'ERR min or max is not a float'
export const MIN_OR_MAX_NOT_STRING_RANGE = 'ERR min or max not valid string range item'

/** What Redis says when a command got too few or too many arguments; `name` as in `zadd` or `client|kill`. */
export const wrongArguments = (name: string): string => `ERR wrong number of arguments for '${name}' command`

/** What EXPIRE and its family say of a time that does not fit. */
export const invalidExpire = (name: string): string => `ERR invalid expire time in '${name}' command`
