// Errors of the operating system, as Redis reports them.

import { getSystemErrorMessage } from 'node:util'

/** The number of a system error; that of EIO if it has none. */
export function errorNumber(error: unknown): number {
  const errno = (error as { errno?: unknown }).errno
  return typeof errno === 'number' && errno !== 0 ? Math.abs(errno) : EIO
}

const EIO = 5

/** What the system calls it, the way strerror writes it. */
export function errorText(number: number): string {
  return TEXTS.get(number) ?? sentence(getSystemErrorMessage(-number))
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** Where strerror and the system library of Node differ in more than the first letter. */
const TEXTS: ReadonlyMap<number, string> = new Map([
  [5, 'Input/output error'],
  [28, 'No space left on device'],
  [2, 'No such file or directory'],
])

/** What went wrong, of any error. */
export function reasonOf(error: unknown): string {
  const errno = (error as { errno?: unknown }).errno
  return typeof errno === 'number' ? errorText(Math.abs(errno)) : (error as Error).message
}

/** What was under way is not wanted any more. */
export class GivenUp extends Error {}
