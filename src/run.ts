// A server that is the process: its signals, its title, its pidfile, what the service manager is told, and its end.

import { banner, howToConnect } from './banner.ts'
import type { Loaded, Sources } from './config/load.ts'
import { Reloader } from './config/reload.ts'
import { supervision } from './config/supervision.ts'
import { EXIT } from './exit-codes.ts'
import { showLoading } from './loading-bar.ts'
import { createLog } from './log.ts'
import { writePidFile } from './pid-file.ts'
import { showProcessTitle } from './process-title.ts'
import { changeFolder, Server } from './server.ts'
import { inheritedSockets, Systemd } from './systemd.ts'
import type { Threads } from './threads.ts'

/** Starts a server from a configuration that has been read, and ends the process with it. */
export async function runServer(loaded: Loaded, sources: Sources, threads: Threads): Promise<void> {
  const { config } = loaded
  const log = createLog(config)
  const systemd = new Systemd(supervision(config.get('supervised')) === 'systemd' ? process.env : {})
  const tell: Tell = sent => {
    sent.catch(error => log.warn((error as Error).message))
  }
  const server = new Server(config, log, threads)
  server.ownsProcess = true
  // Whoever waits for its first words may connect then, though data is still being loaded.
  server.onListening = () => {
    if (process.stdout.isTTY || config.bool('always-show-logo')) process.stdout.write(banner(config))
  }
  server.userLines = loaded.users
  server.renameLines = loaded.renames
  server.inherited = inheritedSockets()
  server.supervisor.on('died', (thread, error) => {
    log.fatal(
      { err: error },
      `The thread of ${thread} has died; the process ends, since its data can no longer be trusted`,
    )
    process.exit(EXIT.THREAD_DIED)
  })
  server.onEnd = () => void systemd.idle.then(() => process.exit(EXIT.CLEAN))

  process.on('exit', () => server.persistence.saves.dropNow())
  endOnSignals(server, systemd, tell)
  reloadOnHangUp(server, new Reloader(config, sources), systemd, tell)

  const executable = process.argv[1] ?? process.execPath
  config.onChange(() => showProcessTitle(config, executable))
  showProcessTitle(config, executable)
  try {
    const problem = changeFolder(config)
    if (problem !== undefined) throw new Error(problem)
    const endLoading = showLoading(server.persistence.figures)
    await server.start()
    endLoading()
  } catch (error) {
    // Told to end while it was loading, it has nothing left to load with; how it ends is the shutdown's matter.
    if (server.isEnding) return
    log.fatal((error as Error).message)
    process.exit(EXIT.FAILED)
  }
  const problem = writePidFile(config)
  if (problem !== undefined) log.warn(problem)
  if (process.stdout.isTTY) process.stdout.write(howToConnect(server.port, server.httpPort))
  tell(systemd.ready(readyText(server)))
  systemd.watch({ check: () => server.check(), status: () => readyText(server) })
}

/** Goes on without waiting for a message to the service manager; one that fails is told in the log. */
type Tell = (sent: Promise<void>) => void

function endOnSignals(server: Server, systemd: Systemd, tell: Tell): void {
  const { config, log } = server
  let signalled = false
  const onSignal = (signal: NodeJS.Signals): void => {
    // Whoever asks twice means now.
    if (signalled) process.exit(EXIT.FAILED)
    signalled = true
    const when = server.persistence.isLoading ? 'shutdown signal during loading' : signal
    log.warn(`Received ${when}, scheduling shutdown...`)
    tell(systemd.stopping())
    const words = config.words(signal === 'SIGINT' ? 'shutdown-on-sigint' : 'shutdown-on-sigterm')
    const save = words.includes('save') ? true : words.includes('nosave') ? false : undefined
    server.shutdown({ save, now: words.includes('now'), force: words.includes('force') }).then(problem => {
      if (problem === undefined) return
      signalled = false
      tell(systemd.ready(problem))
    })
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  process.on('SIGABRT', () => {
    log.fatal('skep crashed by signal: 6')
    process.exit(EXIT.ABORTED)
  })
}

/** Redis passes SIGHUP over, so that the end of a terminal is not the server's. So does this where there is no file to read. */
function reloadOnHangUp(server: Server, reloader: Reloader, systemd: Systemd, tell: Tell): void {
  const { log } = server
  process.on('SIGHUP', async () => {
    tell(systemd.reloading())
    const { changed, needRestart, error } = await reloader.reload()
    if (error !== undefined) log.warn(`The configuration stays as it was: ${error}`)
    else if (changed.length > 0) log.info(`New in the configuration: ${changed.join(', ')}`)
    if (needRestart.length > 0) log.warn(`Needs a restart to change: ${needRestart.join(', ')}`)
    tell(systemd.ready(readyText(server)))
  })
}

const readyText = ({ port, clients }: Server): string =>
  `Ready to accept connections${port > 0 ? ` on port ${port}` : ''}, ${clients} now`
