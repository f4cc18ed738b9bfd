// Error texts that more than one command sends, word for word as Redis 7.0 does.

export const SYNTAX = 'ERR syntax error'
export const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value'
export const NOT_AN_INTEGER = 'ERR value is not an integer or out of range'
export const NOT_A_FLOAT = 'ERR value is not a valid float'
export const NO_SUCH_KEY = 'ERR no such key'
export const OUT_OF_RANGE = 'ERR value is out of range'
export const NOT_ZERO_OR_ONE = 'ERR value is out of range, value must between 0 and 1'
export const NOT_POSITIVE = 'ERR value is out of range, must be positive'
export const INDEX_OUT_OF_RANGE = 'ERR index out of range'
export const SAME_OBJECT = 'ERR source and destination objects are the same'
export const OVERFLOW = 'ERR increment or decrement would overflow'
export const NAN_OR_INFINITY = 'ERR increment would produce NaN or Infinity'
export const STRING_TOO_LONG = 'ERR string exceeds maximum allowed size (proto-max-bulk-len)'
export const OUT_OF_MEMORY = "OOM command not allowed when used memory > 'maxmemory'."
export const NO_AUTH = 'NOAUTH Authentication required.'
export const IS_LOADING = 'LOADING Redis is loading the dataset in memory'
export const NO_SCRIPT = 'NOSCRIPT No matching script. Please use EVAL.'
export const NO_FUNCTION = 'ERR Function not found'
export const NOT_A_TIMEOUT = 'ERR timeout is not an integer or out of range'
export const NEGATIVE_TIMEOUT = 'ERR timeout is negative'
export const DB_OUT_OF_RANGE = 'ERR DB index is out of range'
export const NUMKEYS_NOT_POSITIVE = 'ERR numkeys should be greater than 0'
export const NUMKEYS_TOO_LARGE = "ERR Number of keys can't be greater than number of args"
/** COUNT of commands that pop; others say COUNT_OPTION_NOT_POSITIVE. */
export const COUNT_NOT_POSITIVE = 'ERR count should be greater than 0'
export const COUNT_OPTION_NOT_POSITIVE = 'ERR COUNT must be > 0'
export const LIMIT_NEGATIVE = "ERR LIMIT can't be negative"
export const BAD_PAYLOAD = 'ERR DUMP payload version or checksum are wrong'
export const INVALID_CURSOR = 'ERR invalid cursor'
export const MIN_OR_MAX_NOT_FLOAT = 'ERR min or max is not a float'
export const MIN_OR_MAX_NOT_STRING_RANGE = 'ERR min or max not valid string range item'

/** What Redis says when a command got too few or too many arguments; `name` as in `zadd` or `client|kill`. */
export const wrongArguments = (name: string): string => `ERR wrong number of arguments for '${name}' command`

/** What DEBUG and MODULE say where their directive forbids them; `name` as in `DEBUG`. */
export const commandForbidden = (name: string): string =>
  `ERR ${name} command not allowed. If the enable-${name.toLowerCase()}-command option is set to "local", you can run it ` +
  'from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.'

/** What EXPIRE and its family say of a time that does not fit. */
export const invalidExpire = (name: string): string => `ERR invalid expire time in '${name}' command`
