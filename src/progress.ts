// A progress bar for long work, on a terminal; elsewhere nothing is shown, so that logs and pipes stay clean.

/** The bar of one piece of work. */
export interface Progress {
  /** How much is done. */
  at(done: number): void
  /** Takes the bar away. */
  end(): void
}

const NOTHING: Progress = { at: () => undefined, end: () => undefined }

/** Shows how far a piece of work has come, on standard error; `unit` is what `total` counts. */
export async function showProgress(title: string, total: number, unit: string): Promise<Progress> {
  if (!process.stderr.isTTY || total <= 0) return NOTHING
  const { SingleBar, Presets } = await import('cli-progress')
  const format = `${title} [{bar}] {percentage}% {value} of {total} ${unit}, {eta_formatted} to go`
  const bar = new SingleBar({ format, clearOnComplete: true, hideCursor: true, stream: process.stderr }, Presets.rect)
  bar.start(total, 0)
  return { at: done => bar.update(done), end: () => bar.stop() }
}
