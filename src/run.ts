// A server that is the process: its signals, its title, its pidfile, what the service manager is told, and its end.

import { banner, howToConnect } from './banner.ts'
import type { Loaded, Sources } from './config/load.ts'
import { Reloader } from './config/reload.ts'
import { supervision } from './config/supervision.ts'
import { showLoading } from './loading-bar.ts'
import { createLog } from './log.ts'
import { writePidFile } from './pid-file.ts'
import { showProcessTitle } from './process-title.ts'
import { changeFolder, Server } from './server.ts'
import { inheritedSockets, Systemd } from './systemd.ts'
import type { Threads } from './threads.ts'

/** As a shell reports a process that SIGABRT ended. */
const ABORTED = 134

/** Starts a server from a configuration that has been read, and ends the process with it. */
export async function runServer(loaded: Loaded, sources: Sources, threads: Threads): Promise<void> {
  const { config } = loaded
  const log = createLog(config)
  const reloader = new Reloader(config, sources)
  const systemd = new Systemd(supervision(config.get('supervised')) === 'systemd' ? process.env : {})
  const tell = (sent: Promise<void>): void => {
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
    process.exit(70)
  })
  server.onEnd = () => void systemd.idle.then(() => process.exit(0))

  let signalled = false
  const onSignal = (signal: NodeJS.Signals): void => {
    // Whoever asks twice means now.
    if (signalled) process.exit(1)
    signalled = true
    log.warn(`Received ${signal}, scheduling shutdown...`)
    tell(systemd.stopping())
    const words = config.words(signal === 'SIGINT' ? 'shutdown-on-sigint' : 'shutdown-on-sigterm')
    const save = words.includes('save') ? true : words.includes('nosave') ? false : undefined
    server.shutdown({ save, now: words.includes('now'), force: words.includes('force') }).then(problem => {
      if (problem === undefined) return
      signalled = false
      tell(systemd.ready(problem))
    })
  }
  process.on('exit', () => server.persistence.saves.dropNow())
  process.on('SIGABRT', () => {
    log.fatal('skep crashed by signal: 6')
    process.exit(ABORTED)
  })
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)

  // Redis passes SIGHUP over, so that the end of a terminal is not the server's. So do we when there is no file to read.
  process.on('SIGHUP', async () => {
    tell(systemd.reloading())
    const { changed, needRestart, error } = await reloader.reload()
    if (error !== undefined) log.warn(`The configuration stays as it was: ${error}`)
    else if (changed.length > 0) log.info(`New in the configuration: ${changed.join(', ')}`)
    if (needRestart.length > 0) log.warn(`Needs a restart to change: ${needRestart.join(', ')}`)
    tell(systemd.ready(readyText(server)))
  })

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
    log.fatal((error as Error).message)
    process.exit(1)
  }
  const problem = writePidFile(config)
  if (problem !== undefined) log.warn(problem)
  if (process.stdout.isTTY) process.stdout.write(howToConnect(server.port, server.httpPort))
  tell(systemd.ready(readyText(server)))
  systemd.watch({ check: () => server.check(), status: () => readyText(server) })
}

const readyText = ({ port, clients }: Server): string =>
  `Ready to accept connections${port > 0 ? ` on port ${port}` : ''}, ${clients} now`
