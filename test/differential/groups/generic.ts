// What all keys have in common: names, copies, times to live, databases, a look over the keyspace.
//
// Values are strings here and, so that types meet, a few lists and hashes.

import type { Argument } from '../../support/client.ts'
import type { Random } from '../../support/random.ts'
import { command, type Group, KEYS } from '../sequence.ts'
import { several, value } from './values.ts'

const NEAR_SECONDS = { near: 5 }
const NEAR_MS = { near: 5000 }
const DATABASES = ['0', '1', '2', '15', '16', '-1', 'x']
const PATTERNS = ['*', 'a', '?', 'f*', '[a-c]', '[^a]*', '*tag*', '\\{tag\\}?', 'key:?', '', '**r']

/**
 * Long away, or past already: nothing that could fall due while a sequence runs. Rarely twice the same, because
 * whether a second EXPIRE GT of as many seconds prolongs depends on the millisecond.
 */
function seconds(random: Random): Argument {
  if (random.chance(0.5)) return random.int(1000, 1_000_000)
  return random.pick([0, -1, 'x', '1.5', '9223372036854775807', '-9223372036854775808'])
}

function unixSeconds(random: Random): Argument {
  return random.pick([4_000_000_000, 4_000_000_001, 1, 0, -1, 'x', '9223372036854775807'])
}

function milliseconds(random: Random): Argument {
  if (random.chance(0.5)) return random.int(1_000_000, 1_000_000_000)
  return random.pick([0, -1, 'x', '9223372036854775807'])
}

function unixMilliseconds(random: Random): Argument {
  return random.pick([4_000_000_000_000, 4_000_000_000_001, 1, -1, 'x', '9223372036854775807'])
}

function condition(random: Random): Argument[] {
  return random.chance(0.6)
    ? []
    : random.pick([['NX'], ['xx'], ['GT'], ['LT'], ['XX', 'GT'], ['NX', 'XX'], ['GT', 'LT'], ['Z']])
}

function copyOptions(random: Random): Argument[] {
  return random.pick<Argument[]>([[], [], ['REPLACE'], ['DB', random.pick(DATABASES)], ['DB', '1', 'REPLACE'], ['DB']])
}

export const generic: Group = {
  name: 'generic',
  keys: KEYS,
  makers: [
    command('SET', 14, (r, key) => [key(), value(r)]),
    command('RPUSH', 3, (r, key) => [key(), value(r)]),
    command('HSET', 3, (r, key) => [key(), 'field', value(r)]),
    command('TYPE', 3, (_, key) => [key()]),
    command('EXISTS', 4, (r, key) => several(r, 1, 4, key)),
    command('DEL', 4, (r, key) => several(r, 1, 4, key)),
    command('UNLINK', 2, (r, key) => several(r, 1, 4, key)),
    command('TOUCH', 2, (r, key) => several(r, 1, 4, key)),
    command('RENAME', 4, (_, key) => [key(), key()]),
    command('RENAMENX', 3, (_, key) => [key(), key()]),
    command('COPY', 5, (r, key) => [key(), key(), ...copyOptions(r)]),
    command('MOVE', 3, (r, key) => [key(), r.pick(DATABASES)]),
    command('SELECT', 2, r => [r.pick(DATABASES)]),
    command('SELECT', 2, () => ['0']),
    command('SWAPDB', 1, r => [r.pick(DATABASES), r.pick(DATABASES)]),
    command('EXPIRE', 5, (r, key) => [key(), seconds(r), ...condition(r)]),
    command('PEXPIRE', 3, (r, key) => [key(), milliseconds(r), ...condition(r)]),
    command('EXPIREAT', 3, (r, key) => [key(), unixSeconds(r), ...condition(r)]),
    command('PEXPIREAT', 3, (r, key) => [key(), unixMilliseconds(r), ...condition(r)]),
    command('PERSIST', 3, (_, key) => [key()]),
    command('TTL', 4, (_, key) => [key()], NEAR_SECONDS),
    command('PTTL', 3, (_, key) => [key()], NEAR_MS),
    command('EXPIRETIME', 2, (_, key) => [key()], NEAR_SECONDS),
    command('PEXPIRETIME', 2, (_, key) => [key()], NEAR_MS),
    command('DBSIZE', 2, () => []),
    command('KEYS', 3, r => [r.pick(PATTERNS)], 'unordered'),
    command('SCAN', 2, r => ['0', 'COUNT', '1000', ...scanOptions(r)], 'unordered'),
    command('RANDOMKEY', 1, () => [], 'type'),
    command('OBJECT ENCODING', 3, (_, key) => [key()]),
    command('OBJECT REFCOUNT', 1, (_, key) => [key()], 'type'), // Redis: 1 for an integer that COPY made
    command('DUMP', 1, (_, key) => [key()]),
    command('FLUSHDB', 1, r => r.pick([[], ['ASYNC'], ['SYNC'], ['LATER']])),
    command('ECHO', 1, r => [value(r)]),
    command('PING', 1, r => (r.chance(0.5) ? [] : [value(r)])),
    command('NOSUCH', 1, r => [value(r), 'x']),
  ],
  look: key => [
    { args: ['TYPE', key] },
    { args: ['GET', key] },
    { args: ['LRANGE', key, 0, -1] },
    { args: ['HGETALL', key] },
    { args: ['PTTL', key], compare: NEAR_MS },
    { args: ['OBJECT', 'ENCODING', key] },
  ],
}

function scanOptions(random: Random): Argument[] {
  return random.pick<Argument[]>([
    [],
    ['MATCH', random.pick(PATTERNS)],
    ['TYPE', 'string'],
    ['TYPE', 'list'],
    ['MATCH'],
  ])
}
