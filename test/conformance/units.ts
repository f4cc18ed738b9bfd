// Which units of Redis's suite are run, which of them make up the core, and with how many shards.

/** Run only when named: another protocol's library, no tests at all, or random by the clock. */
const BY_NAME = /^unit\/(moduleapi|tls$|printver$)|^integration\/corrupt-dump-fuzzer$/

/** Not core: what takes a second server or a cluster, and two that measure memory by the minute. */
const NOT_CORE =
  /^integration\/(replication|psync2|block-repl|failover|dismiss-mem)|^unit\/(wait$|cluster|memefficiency$)/

/** What looks into a single shard's files: run with one shard, which writes what Redis does. */
const ONE_SHARD = /^integration\/(aof|aof-multi-part)$|^unit\/aofrw$/

/**
 * What looks into no file of a single shard's, or is run with one, does not measure time or buffers and, if it is about replication, is quick
 * and does not depend on who is faster: what CI runs.
 */
const READY =
  /^integration\/(logging|aof|aof-multi-part|convert-.*|block-repl|failover|psync2-(master-restart|pingoff|reg)|replication-[23])$|^unit\/(other|aofrw|functions|auth|protocol|keyspace|scan|info|info-command|dump|sort|expire|multi|quit|querybuf|replybufsize|introspection|introspection-2|acl|acl-v2|pubsub|pubsubshard|slowlog|limits|bitops|bitfield|hyperloglog|lazyfree|geo|wait|type\/.*)$/

/** The number of tests of these differs from run to run: they loop against the clock. */
const VARYING = /^integration\/psync2(-reg)?$/

/** The units named by `--units`: `ready`, `core`, `all`, or names parted by commas. Throws on a name the suite has not. */
export function chooseUnits(listed: readonly string[], wanted: string): string[] {
  const every = listed.filter(unit => unit.includes('/'))
  const all = every.filter(unit => !BY_NAME.test(unit))
  if (wanted === 'all') return all
  if (wanted === 'ready') return all.filter(unit => READY.test(unit))
  if (wanted === 'core') return all.filter(unit => !NOT_CORE.test(unit))
  const names = wanted.split(',').filter(name => name !== '')
  for (const name of names) {
    if (!every.includes(name)) throw new Error(`no such unit: ${name}`)
  }
  return names
}

/** Whether the unit reads lines of the log from end to end: psync2 does to say what went wrong. */
export function readsLines(unit: string): boolean {
  return unit === 'integration/replication' || unit === 'integration/psync2'
}

/** How many shards skep is to have for the unit; undefined leaves it to skep. */
export function shardsFor(unit: string): number | undefined {
  return ONE_SHARD.test(unit) ? 1 : undefined
}

/** Whether a run of the unit may have fewer tests than another. */
export function countVaries(unit: string): boolean {
  return VARYING.test(unit)
}
