// Commands on positions, which are sorted sets scored by geohash.

import type { Command } from '../command.ts'
import { geoadd } from './geoadd.ts'
import { geodist, geohash, geopos } from './geopos.ts'
import {
  georadius,
  georadiusbymember,
  georadiusbymemberRo,
  georadiusRo,
  geosearch,
  geosearchstore,
} from './geosearch.ts'

export const geoCommands: readonly Command[] = [
  geoadd,
  geopos,
  geohash,
  geodist,
  geosearch,
  geosearchstore,
  georadius,
  georadiusRo,
  georadiusbymember,
  georadiusbymemberRo,
]
