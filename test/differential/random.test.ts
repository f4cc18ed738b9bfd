// Every group of commands, at random, against redis-server and skep: each reply the same, byte for byte.
//
// SKEP_SEED repeats a run, SKEP_SEQUENCES sets how many sequences a group gets, SKEP_GROUPS=strings,bitmap picks groups,
// SKEP_LEAVE_OUT=DUMP,RESTORE leaves commands out, SKEP_DIFFERENTIAL=redis compares Redis with itself.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Pair } from '../support/differential.ts'
import { chooseSeed } from '../support/random.ts'
import { redisVersion } from '../support/server.ts'
import { GROUPS } from './groups/index.ts'
import { compareSequence, makeSequence } from './sequence.ts'

const SEQUENCES = Number(process.env.SKEP_SEQUENCES ?? 20)
const COMMANDS = 200
const picked = process.env.SKEP_GROUPS?.split(',')
const seed = chooseSeed()

describe.skipIf(redisVersion() === undefined)(`random commands as on redis-server (SKEP_SEED=${seed})`, () => {
  let pair: Pair

  beforeAll(async () => {
    // Two compressors may find different matches in the same bytes; without them, DUMP must be the same byte for byte.
    pair = await Pair.start({ args: ['--rdbcompression', 'no'] })
  })

  afterAll(() => pair?.stop())

  for (const group of GROUPS) {
    if (picked !== undefined && !picked.includes(group.name)) continue
    test(`${group.name}: same commands, same replies`, async () => {
      for (let i = 0; i < SEQUENCES; i++) {
        const differs = await compareSequence(pair, makeSequence(group, seed + i, COMMANDS))
        // The sequence's own seed, so that SKEP_SEED with SKEP_SEQUENCES=1 repeats just this one.
        if (differs !== undefined) expect.fail(`SKEP_SEED=${seed + i} SKEP_GROUPS=${group.name}\n${differs}`)
      }
    }, 300_000)
  }
})
