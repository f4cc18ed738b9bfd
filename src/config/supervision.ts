// `supervised`: who watches over the process.

/** As INFO's process_supervised names it. */
export type Supervision = 'no' | 'systemd' | 'upstart'

type Environment = Readonly<Record<string, string | undefined>>

/** Who watches, given the directive's value: `auto` looks at what the environment says. */
export function supervision(asked: string, environment: Environment = process.env): Supervision {
  if (asked === 'auto') {
    if (environment.UPSTART_JOB !== undefined) return 'upstart'
    return environment.NOTIFY_SOCKET === undefined ? 'no' : 'systemd'
  }
  return asked === 'systemd' || asked === 'upstart' ? asked : 'no'
}
