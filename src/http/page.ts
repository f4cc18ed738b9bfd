// The files of the status page. They are served as they lie in the package; uPlot's come from its own.

import { readFile } from 'node:fs/promises'

interface Asset {
  readonly path: string
  readonly type: string
  /** Reads the file, the first time. */
  read(): Promise<Buffer>
}

const asset = (path: string, type: string, url: () => string | URL): Asset => {
  let bytes: Promise<Buffer> | undefined
  return {
    path,
    type,
    read() {
      bytes ??= readFile(new URL(url()))
      return bytes
    },
  }
}

const own = (name: string) => (): URL => new URL(`./page/${name}`, import.meta.url)

export const assets: readonly Asset[] = [
  asset('/', 'text/html; charset=utf-8', own('index.html')),
  asset('/page/page.css', 'text/css; charset=utf-8', own('page.css')),
  asset('/page/page.js', 'text/javascript; charset=utf-8', own('page.js')),
  asset('/page/tree.js', 'text/javascript; charset=utf-8', own('tree.js')),
  asset('/page/uplot.js', 'text/javascript; charset=utf-8', () => import.meta.resolve('uplot/dist/uPlot.esm.js')),
  asset('/page/uplot.css', 'text/css; charset=utf-8', () => import.meta.resolve('uplot/dist/uPlot.min.css')),
]
