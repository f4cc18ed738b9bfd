// DEBUG PROTOCOL: one value of each type of RESP.

import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import type { Client } from '../client.ts'

const TYPES: Readonly<Record<string, ((reply: Reply) => void) | undefined>> = {
  string: reply => reply.latin1('Hello World'),
  integer: reply => reply.integer(12345),
  double: reply => reply.raw(new Uint8Array(Buffer.from(reply.resp === 3 ? ',3.141\r\n' : '$5\r\n3.141\r\n'))),
  null: reply => reply.nil(),
  array: reply => {
    reply.array(3)
    for (let i = 0; i < 3; i++) reply.integer(i)
  },
  set: reply => {
    reply.set(3)
    for (let i = 0; i < 3; i++) reply.integer(i)
  },
  map: reply => {
    reply.map(3)
    for (let i = 0; i < 3; i++) {
      reply.integer(i)
      reply.boolean(i === 1)
    }
  },
  attrib: reply => {
    if (reply.resp === 3) {
      reply.attribute(1)
      reply.latin1('key-popularity')
      reply.array(2)
      reply.latin1('key:123')
      reply.integer(90)
    }
    reply.latin1('Some real reply following the attribute')
  },
  push: reply => {
    if (reply.resp === 2) return reply.error('ERR RESP2 is not supported by this command')
    reply.push(2)
    reply.latin1('server-cpu-usage')
    reply.integer(42)
    reply.latin1('Some real reply following the push reply')
  },
  verbatim: reply => reply.verbatim('txt', 'This is a verbatim\nstring'),
  true: reply => reply.boolean(true),
  false: reply => reply.boolean(false),
  bignum: reply => reply.bigNumber('1234567999999999999999999999999999999'),
}

export const debugProtocol = (_client: Client, req: Request, reply: Reply): void => replyOfType(req, reply)

/** Replies a value of the type in argument 2. */
export function replyOfType(req: Request, reply: Reply): void {
  const write = TYPES[req.text(2).toLowerCase()]
  if (write !== undefined) return write(reply)
  reply.error(
    'ERR Wrong protocol type name. Please use one of the following: ' +
      'string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false',
  )
}
