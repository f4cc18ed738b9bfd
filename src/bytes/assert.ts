// Assertions stay on in production: a process with damaged memory must stop rather than serve or save it.
// The text is a constant, because a template would be built even when the check passes.

/** Thrown when skep itself is wrong; never for anything a client sent. */
export class AssertionFailure extends Error {
  override name = 'AssertionFailure'
}

/** Stops the thread, and with it the process, unless `condition` holds. */
export function assert(condition: boolean, text: string): asserts condition {
  if (!condition) fail(text)
}

function fail(text: string): never {
  throw new AssertionFailure(text)
}
