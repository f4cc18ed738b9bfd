// What routers ask of the main thread, and who answers: configuration, log, the end of the process.

import type { Refusal } from './commands/acl/log.ts'
import type { FailoverArgs } from './commands/replication/failover.ts'
import type { ShutdownOptions } from './commands/server/shutdown.ts'
import type { SetContext } from './config/config.ts'
import { EXIT } from './exit-codes.ts'
import type { ReloadOptions } from './persist/reload.ts'
import type { LogLine } from './router/replication.ts'
import type { Server } from './server.ts'

interface ReplicaofArgs {
  readonly address: { readonly host: string; readonly port: number } | undefined
  readonly who: string
}

type Handler = (args: never, router: number) => unknown

interface SetArgs extends SetContext {
  readonly args: readonly string[]
}

/** The answers of this server, by the names that commands use. */
export function answers(server: Server): (op: string, args: unknown, router: number) => unknown {
  const { config, log, supervisor } = server
  const { access, replication, slowCommands } = server
  const { slowLog, latencyLog } = slowCommands
  const failed = (error: string | undefined): { error: string } | null => (error === undefined ? null : { error })
  const table: Record<string, Handler | undefined> = {
    'config-set': async ({ args, ...context }: SetArgs) => {
      const failure = await config.set(args, context)
      // Other routers know of it before the client hears that it is done.
      await access.push()
      return failed(failure)
    },
    'config-rewrite': () => failed(config.rewrite(access.linesToRewrite())),
    'config-rewrite-all': () => failed(config.rewrite(access.linesToRewrite())),
    'acl-set': async ({ name, rules }: { name: string; rules: readonly string[] }) =>
      failed(await access.set(name, rules)),
    'acl-delete': async ({ names, client }: { names: readonly string[]; client: number }) => {
      const result = await access.delete(names, client)
      return typeof result === 'string' ? failed(result) : result
    },
    'acl-save': () => failed(access.save()),
    'acl-load': async (client: number) => failed(await access.load(client)),
    'acl-log': (count: number) => access.refusals(count),
    'acl-log-add': (refusal: Refusal) => access.refused(refusal),
    'acl-log-reset': () => access.forgetRefusals(),
    // A question for all routers, each of which knows its own clients.
    routers: ({ name, args }: { name: string; args: unknown }) => supervisor.askAll(name, args),
    log: (text: string) => {
      log.warn(text)
      return null
    },
    // A copy: what is noted while the answer is on its way is not part of it.
    'slowlog-get': (count: number) => slowCommands.whenNoted(() => [...slowLog.newest(count)]),
    'slowlog-length': () => slowCommands.whenNoted(() => slowLog.length),
    'slowlog-reset': () => slowCommands.whenNoted(() => slowLog.reset()),
    'latency-events': () => slowCommands.whenNoted(() => latencyLog.events()),
    'latency-reset': (names: readonly string[]) => slowCommands.whenNoted(() => latencyLog.reset(names)),
    save: async () => failed(await server.persistence.saves.save()),
    bgsave: async (schedules: boolean) => {
      const answer = await server.persistence.saves.background(schedules)
      return 'reply' in answer ? answer.reply : answer
    },
    bgrewriteaof: (isInExec: boolean) => server.persistence.appendOnly.rewrite(isInExec),
    'load-log': async () => failed(await server.persistence.reloadLog()),
    reload: async (options: ReloadOptions) => failed(await server.reload(options)),
    shutdown: async (options: ShutdownOptions) => {
      log.info('User requested shutdown...')
      return failed(await server.shutdown(options))
    },
    'shutdown-abort': () => failed(server.shutdowns.abort()),
    'pause-cron': (isPaused: boolean) => {
      server.isCronPaused = isPaused
    },
    'change-replication-id': () => {
      replication.changeId()
      return null
    },
    'replication-log': (line: LogLine) => replication.log(line),
    'copy-wanted': () => {
      replication.copyWanted()
      return null
    },
    'copy-load': ({ pipe, isSame }: { pipe: SharedArrayBuffer; isSame: boolean }) => replication.loadCopy(pipe, isSame),
    'copy-comes': () => replication.copyComes(),
    'copy-is-in': () => replication.copyIsIn(),
    'replicas-drop-all': (why: string) => replication.dropReplicas(why),
    replicaof: async ({ address, who }: ReplicaofArgs) => failed(await replication.replicaof(address, who)),
    failover: async (order: FailoverArgs) => failed(await replication.failover.command(order)),
    'failover-done': () => replication.failover.done(),
    'failover-refused': () => replication.failover.abort('Failover target rejected psync request'),
    'replica-take-over': () => replication.becomeMaster(),
    crash: (reason: string) => {
      log.fatal(`skep crashed by signal: 6, ${reason}`)
      process.exit(EXIT.ABORTED)
    },
  }
  return (op, args, router) => {
    const handler = table[op]
    if (handler === undefined) throw new Error(`nobody answers '${op}'`)
    return handler(args as never, router)
  }
}
