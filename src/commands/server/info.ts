// INFO: the sections that were asked for, as text.

import type { Reply } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { type Command, LOADING, STALE } from '../command.ts'
import { InfoFacts, type InfoSource } from './info-facts.ts'
import { type InfoSection, SECTIONS } from './info-sections.ts'

export const info: Command = {
  name: 'INFO',
  group: 'server',
  since: '1.0.0',
  summary: 'Tells about the server, section by section.',
  complexity: 'O(1)',
  arity: -1,
  flags: LOADING | STALE,
  categories: ['dangerous'],
  tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
  history: [['7.0.0', 'Takes several sections.']],
  args: [{ name: 'section', type: 'string', flags: ['optional', 'multiple'] }],
  serve: (_client, req, reply, router) => replyInfo(req, reply, router),
}

/** Replies the sections that are asked for, told from `source`. */
export function replyInfo(req: Request, reply: Reply, source: InfoSource): void {
  const facts = new InfoFacts(source)
  const texts = chosen(req).map(section => {
    const lines = section.lines(facts)
    return `# ${section.title}\r\n${lines.map(line => `${line}\r\n`).join('')}`
  })
  reply.verbatim('txt', texts.join('\r\n'))
}

function chosen(req: Request): InfoSection[] {
  if (req.argc === 1) return SECTIONS.filter(section => section.isDefault)
  const names = new Set<string>()
  for (let i = 1; i < req.argc; i++) names.add(req.text(i).toLowerCase())
  const all = names.has('all') || names.has('everything')
  const usual = names.has('default')
  return SECTIONS.filter(section => all || (usual && section.isDefault) || names.has(section.name))
}
