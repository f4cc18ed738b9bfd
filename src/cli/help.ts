// What `skep --help` says: enough to start, connect, configure and find the rest.

import { listSubcommands } from './subcommands.ts'

export const helpText = (): string => `Usage: skep [FILE] [--directive value ...] [-]
       skep SUBCOMMAND [...]

Runs a server that Redis's clients can talk to. Without arguments it listens on port 6379.

  FILE                  read directives from a file, in redis.conf's syntax
  -                     read more of them from standard input
  --directive value     set one, after the files have been read
  -v, --version         show the version
  -h, --help            show this

Examples:
  skep                                               a server on port 6379; stop it with Ctrl-C
  redis-cli ping                                     talk to it
  skep --port 7777 --shards 4                        another port, and four keyspaces with a thread each
  skep --maxmemory 2gb --maxmemory-policy allkeys-lru
                                                     a cache that makes room by itself
  skep --requirepass secret --bind 0.0.0.0           let other machines in, with a password
  skep --appendonly yes --dir /var/lib/skep          keep data over restarts
  skep --http-port 8379                              commands over HTTP, metrics and a status page
  skep --port 7777 --replicaof 127.0.0.1 6379        a copy of another server, Redis or skep
  skep /etc/skep/skep.conf --loglevel verbose        what is said here outdoes the file
  echo 'maxmemory 128mb' | skep -                    directives from standard input

Subcommands (skep SUBCOMMAND --help tells more):
${listSubcommands()}
A running server's directives can be read and changed: redis-cli config get '*', config set NAME VALUE.
All of them are listed in docs/configuration.md, all commands in docs/commands.md.
`
