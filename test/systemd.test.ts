import { describe, expect, test } from 'vitest'
import { supervision } from '../src/config/supervision.ts'
import { inheritedSockets, Systemd } from '../src/systemd.ts'

describe('supervision', () => {
  test('auto looks at what the environment says', () => {
    expect(supervision('auto', {})).toBe('no')
    expect(supervision('auto', { NOTIFY_SOCKET: '/run/notify' })).toBe('systemd')
    expect(supervision('auto', { UPSTART_JOB: 'skep', NOTIFY_SOCKET: '/run/notify' })).toBe('upstart')
  })

  test('what is asked for is taken at its word', () => {
    expect(supervision('no', { NOTIFY_SOCKET: '/run/notify' })).toBe('no')
    expect(supervision('systemd', {})).toBe('systemd')
  })
})

describe('inheritedSockets', () => {
  test('are numbered from 3', () => {
    expect(inheritedSockets({ LISTEN_PID: String(process.pid), LISTEN_FDS: '2' })).toEqual([3, 4])
  })

  test('are none if they were meant for another process', () => {
    expect(inheritedSockets({ LISTEN_PID: String(process.pid + 1), LISTEN_FDS: '1' })).toEqual([])
    expect(inheritedSockets({ LISTEN_FDS: '1' })).toEqual([])
    expect(inheritedSockets({ LISTEN_PID: String(process.pid) })).toEqual([])
  })
})

describe('Systemd', () => {
  test('sends messages one after the other, and goes on after one that fails', async () => {
    const sent: string[] = []
    let running = 0
    const systemd = new Systemd({ NOTIFY_SOCKET: '/run/notify' }, async fields => {
      expect(++running).toBe(1)
      await Promise.resolve()
      running--
      if (fields[0] === 'STATUS=bad') throw new Error('no')
      sent.push(...fields)
    })
    const results = await Promise.allSettled([systemd.send('A=1'), systemd.send('STATUS=bad'), systemd.ready('fine')])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(sent).toEqual(['A=1', 'READY=1', 'STATUS=fine'])
    await systemd.idle
  })

  test('sends nothing where nobody listens', async () => {
    const systemd = new Systemd({}, () => Promise.reject(new Error('nobody')))
    await systemd.ready('fine')
    await systemd.stopping()
  })

  test('signs of life are wanted by the process that they are meant for, thrice a period', () => {
    const environment = { NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: '3000000' }
    expect(new Systemd(environment).watchdogMs).toBe(1000)
    expect(new Systemd({ ...environment, WATCHDOG_PID: String(process.pid) }).watchdogMs).toBe(1000)
    expect(new Systemd({ ...environment, WATCHDOG_PID: '1' }).watchdogMs).toBe(0)
    expect(new Systemd({ NOTIFY_SOCKET: '/run/notify' }).watchdogMs).toBe(0)
  })

  test('a check that does not come back keeps the signs away', async () => {
    const sent: string[] = []
    const systemd = new Systemd({ NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: '15000' }, async fields => {
      sent.push(...fields)
    })
    let checks = 0
    const hung = new Promise<void>(done => {
      systemd.watch({
        check: () => {
          if (++checks < 3) return Promise.resolve()
          done()
          return new Promise(() => undefined)
        },
        status: () => 'fine',
      })
    })
    await hung
    const before = sent.length
    await new Promise(done => setTimeout(done, 50))
    expect(sent.length).toBe(before)
    expect(sent.filter(field => field === 'WATCHDOG=1')).toHaveLength(2)
    await systemd.stopping()
  })
})
