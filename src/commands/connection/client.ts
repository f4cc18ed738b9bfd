// CLIENT, all of it.

import type { Command } from '../command.ts'
import { helpOf } from '../help.ts'
import { kill, unblock } from './client-kill.ts'
import { list } from './client-list.ts'
import { pause, unpause } from './client-pause.ts'
import { getname, id, info, noEvict, noTouch, replyMode, setinfo, setname } from './client-self.ts'
import { caching, getredir, tracking, trackinginfo } from './client-tracking.ts'

const help = helpOf('CLIENT', 'connection', '5.0.0', [
  ['CACHING (YES|NO)', 'Track, or do not track, the keys of the next command.'],
  ['GETNAME', 'Return the name of the connection.'],
  ['GETREDIR', 'Return the id of the client that invalidations are redirected to.'],
  ['ID', 'Return the id of the connection.'],
  ['INFO', 'Describe the connection.'],
  ['KILL <ip:port>', 'Close the connection from this address.'],
  ['KILL <option> <value> [<option> <value> [...]]', 'Close the connections that all of the options describe:'],
  ['    ADDR (<ip:port>|<unixsocket>:0)', 'it comes from this address'],
  ['    LADDR (<ip:port>|<unixsocket>:0)', 'it goes to this address'],
  ['    TYPE (NORMAL|MASTER|REPLICA|PUBSUB)', 'it is of this type'],
  ['    USER <username>', 'it has authenticated as this user'],
  ['    ID <client-id>', 'it has this id'],
  ['    SKIPME (YES|NO)', 'leave out this connection (the default) or do not'],
  ['LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB)|ID <id> [<id>...]]', 'Describe all connections, or some.'],
  ['UNPAUSE', 'Go on with commands that CLIENT PAUSE has stopped.'],
  ['PAUSE <timeout> [WRITE|ALL]', 'Stop all commands, or all writes, for <timeout> milliseconds.'],
  ['REPLY (ON|OFF|SKIP)', 'Choose which commands are answered.'],
  ['SETINFO (LIB-NAME|LIB-VER) <value>', 'Note which client library is at the other end.'],
  ['SETNAME <name>', 'Name the connection.'],
  ['UNBLOCK <clientid> [TIMEOUT|ERROR]', 'End the wait of a client in a blocking command.'],
  [
    'TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]] [OPTIN] [OPTOUT] [NOLOOP]',
    'Help with a client-side cache, or stop it.',
  ],
  ['TRACKINGINFO', 'Describe the use of client-side caching.'],
  ['NO-EVICT (ON|OFF)', 'Keep the connection from being closed for the memory it takes.'],
  ['NO-TOUCH (ON|OFF)', 'Let reads leave keys as if unused.'],
])

export const client: Command = {
  name: 'CLIENT',
  group: 'connection',
  since: '2.4.0',
  summary: 'Is about connections.',
  complexity: 'Depends on the subcommand.',
  arity: -2,
  flags: 0,
  subcommands: [
    caching,
    getname,
    getredir,
    id,
    info,
    kill,
    list,
    noEvict,
    noTouch,
    pause,
    replyMode,
    setinfo,
    setname,
    tracking,
    trackinginfo,
    unblock,
    unpause,
    help,
  ],
}
