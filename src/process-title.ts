// The title that the process list shows, by proc-title-template.

import type { Config } from './config/config.ts'
import { expandTitle } from './config/special-kinds.ts'

/** Sets the title, if set-proc-title lets it. */
export function showProcessTitle(config: Config, executable: string): void {
  if (!config.bool('set-proc-title')) return
  const port = config.get('port')
  const [address = '*'] = config.words('bind')
  const title = expandTitle(config.get('proc-title-template'), {
    title: executable,
    'listen-addr': port === '0' ? config.get('unixsocket') : `${address.replace(/^-/, '')}:${port}`,
    'server-mode': '',
    port,
    'tls-port': config.get('tls-port'),
    'config-file': config.file ?? '',
    unixsocket: config.get('unixsocket'),
  })
  if (title !== undefined) process.title = title.trim()
}
