import { expect, test } from 'vitest'
import { redactedFrom } from '../../src/commands/redaction.ts'
import { requestOf } from '../../src/protocol/request.ts'

/** The arguments as a log shows them. */
function shown(name: string, ...args: string[]): string {
  const hidden = redactedFrom(name, requestOf(args))
  return args.map((arg, i) => (hidden(i) ? '(redacted)' : arg)).join(' ')
}

test.each([
  ['auth', ['AUTH', 'user', 'secret'], 'AUTH (redacted) (redacted)'],
  ['hello', ['HELLO', '3', 'auth', 'u', 'secret', 'SETNAME', 'n'], 'HELLO 3 auth (redacted) (redacted) SETNAME n'],
  ['hello', ['HELLO', '3', 'SETNAME', 'n'], 'HELLO 3 SETNAME n'],
  ['config|set', ['CONFIG', 'SET', 'requirepass', 'secret', 'hz', '10'], 'CONFIG SET requirepass (redacted) hz 10'],
  ['acl|setuser', ['ACL', 'SETUSER', 'u', '>secret'], 'ACL SETUSER (redacted) (redacted)'],
  [
    'migrate',
    ['MIGRATE', 'h', '1', 'k', '0', '9', 'AUTH2', 'u', 'secret'],
    'MIGRATE h 1 k 0 9 AUTH2 (redacted) (redacted)',
  ],
  ['set', ['SET', 'auth', 'not secret'], 'SET auth not secret'],
])('%s hides what is secret: %j', (name, args, expected) => {
  expect(shown(name, ...args)).toBe(expected)
})
