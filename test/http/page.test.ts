// The status page in a browser. Without a Chromium on this machine the tests are left out; CI installs one.

import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { launch } from 'puppeteer-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startServer, type TestServer } from '../support/server.ts'
import { type HttpTestServer, startWithHttp } from './gateway.ts'

type Browser = Awaited<ReturnType<typeof launch>>
type Page = Awaited<ReturnType<Browser['newPage']>>

const NAMES = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome']

const executablePath = (process.env.PATH ?? '')
  .split(delimiter)
  .flatMap(folder => NAMES.map(name => join(folder, name)))
  .find(path => existsSync(path))

if (executablePath === undefined) console.warn(`no ${NAMES.join(', ')} on this machine: the status page is not tested`)

describe.skipIf(executablePath === undefined)('the status page', () => {
  let browser: Browser
  let http: HttpTestServer
  const replicas: TestServer[] = []

  beforeAll(async () => {
    http = await startWithHttp()
    browser = await launch({ executablePath, headless: 'shell', args: ['--no-sandbox', '--disable-gpu'] })
  })

  afterAll(async () => {
    await browser?.close()
    for (const replica of replicas) await replica.stop()
    await http?.server.stop()
  })

  /** Opens the page; what goes wrong in it is thrown at the end. */
  async function withPage(url: string, body: (page: Page) => Promise<void>): Promise<void> {
    const page = await browser.newPage()
    const problems: string[] = []
    page.on('pageerror', error => problems.push(String(error)))
    page.on('requestfailed', request => problems.push(`${request.url()} failed`))
    page.on('request', request => {
      if (!request.url().startsWith(new URL(url).origin) && !request.url().startsWith('data:')) {
        problems.push(`${request.url()} is elsewhere`)
      }
    })
    await page.goto(url)
    await body(page)
    await page.close()
    expect(problems.filter(problem => !problem.includes('/status.json failed'))).toEqual([])
  }

  const text = (page: Page, selector: string): Promise<string> =>
    page.$eval(selector, element => element.textContent ?? '')
  const until = (page: Page, condition: string) => page.waitForFunction(condition, { timeout: 20_000 })

  test('shows rates, latency, memory and keys as they change', async () => {
    const client = await http.server.connect()
    for (let i = 0; i < 100; i++) await client.call('SET', `key:${i}`, 'x')
    let isOpen = true
    const load = (async () => {
      for (let i = 0; isOpen; i++) await client.call('GET', `key:${i % 200}`)
    })()
    await withPage(http.url, async page => {
      const number = (id: string): string =>
        `Number(document.getElementById('${id}').textContent.replace(/[^0-9.]/g, ''))`
      await until(page, `${number('ops')} > 10`)
      expect(await text(page, '#about')).toMatch(new RegExp(`port ${http.server.port}, master, up \\d+`))
      expect(await text(page, '#keys')).toBe('100')
      expect(await text(page, '#p99')).toMatch(/^\d+(\.\d)? (µs|ms)$/)
      await until(page, `Math.abs(${number('hitRate')} - 50) < 10`)
      expect(await text(page, '#memory')).toMatch(/iB$/)
      expect(await page.$$eval('#shards tr', rows => rows.length)).toBe(2)
      expect(await text(page, '#disk')).toMatch(/append-only fileoff/)
      expect(await page.$$eval('canvas', canvases => canvases.length)).toBe(3)
      // Something has been drawn on every chart.
      await until(
        page,
        `[...document.querySelectorAll('canvas')].every(canvas =>
          canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(byte => byte > 0))`,
      )
      expect(await text(page, '#state')).toBe('live')
      await client.call('SET', 'one more', 'x')
      await until(page, `document.getElementById('keys').textContent === '101'`)
    })
    isOpen = false
    await load
    await client.close()
  })

  test('draws the replication tree', async () => {
    const follow = async (port: number): Promise<TestServer> => {
      const server = await startServer('skep', { shards: 1, args: ['--replicaof', `127.0.0.1 ${port}`] })
      replicas.push(server)
      return server
    }
    const replica = await follow(http.server.port)
    const below = await follow(replica.port)
    await withPage(http.url, async page => {
      for (const { port } of [replica, below]) {
        await until(page, `document.querySelector('#tree svg')?.textContent.includes('127.0.0.1:${port}online')`)
      }
      expect(await text(page, '#tree .here text')).toBe(`port ${http.server.port}`)
      // Master, replica, its replica: two lines, on three levels.
      expect(await page.$$eval('#tree path', paths => paths.length)).toBe(2)
      expect(await page.$$eval('#tree rect', rects => new Set(rects.map(rect => rect.getAttribute('y'))).size)).toBe(3)
    })
  })

  test('says so when the server does not answer, and goes on when it does', async () => {
    const other = await startWithHttp({ shards: 1 })
    await withPage(other.url, async page => {
      await until(page, `document.getElementById('state').textContent === 'live'`)
      await other.server.stop()
      await until(page, `document.getElementById('state').textContent === 'no answer'`)
    })
  })

  test('asks for the token where there is one', async () => {
    const other = await startWithHttp({ shards: 1, args: ['--http-token', 'sesame'] })
    await withPage(other.url, async page => {
      await page.waitForSelector('#login', { visible: true })
      expect(await text(page, '#state')).toBe('Unauthorized')
      await page.type('#token', 'sesame')
      await page.click('#login button')
      await until(page, `document.getElementById('state').textContent === 'live'`)
      expect(await page.$eval('#login', form => (form as unknown as { hidden: boolean }).hidden)).toBe(true)
    })
    await withPage(`${other.url}/#token=sesame`, async page => {
      await until(page, `document.getElementById('state').textContent === 'live'`)
    })
    await other.server.stop()
  })
})
