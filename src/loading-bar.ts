// How far the data is loaded, for the person at the terminal where the server is started.

import { type Progress, showProgress } from './progress.ts'
import { PERSISTENCE } from './shared/persistence-block.ts'

const REFRESH_MS = 200

/** Shows a bar as soon as there is something to load. Returns what takes it away. */
export function showLoading(figures: Float64Array): () => void {
  if (!process.stderr.isTTY) return () => undefined
  let bar: Promise<Progress> | undefined
  const timer = setInterval(async () => {
    const total = figures[PERSISTENCE.LOADING_BYTES]
    if (total === 0) return
    bar ??= showProgress('Loading', total, 'bytes')
    ;(await bar).at(figures[PERSISTENCE.LOADING_DONE])
  }, REFRESH_MS)
  return () => {
    clearInterval(timer)
    void bar?.then(shown => shown.end())
  }
}
