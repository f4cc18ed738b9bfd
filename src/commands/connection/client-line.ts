// The line that describes a client in CLIENT LIST and CLIENT INFO: all fields, in Redis's order.

import type { Request } from '../../protocol/request.ts'
import type { Client, ClientType } from '../client.ts'
import { isReplica } from '../replication/replication.ts'

/** What a connection takes beside its buffers: the objects of the socket and of the client. */
const CONNECTION_BYTES = 904

/** About what a channel, a pattern or a prefix takes that a client has subscribed to or tracks. */
const SUBSCRIPTION_BYTES = 128

/** Bytes that a client counts as taking, its part in the shared buffers included: what its limits and CLIENT LIST go by. */
export function clientBytes(client: Client): number {
  return bytesBesideInput(client) + client.inputBytes + client.inputRoom + client.replyRoom
}

/** Bytes that are really held for a client. */
export function clientHeldBytes(client: Client): number {
  return bytesBesideInput(client) + client.inputHeld
}

function bytesBesideInput(client: Client): number {
  const { tracking } = client
  const subscriptions = client.channelCount + client.patternCount + client.shardChannelCount + tracking.prefixes.length
  return (
    CONNECTION_BYTES +
    client.outputBytes +
    Math.max(0, client.queuedBytes) +
    client.watchedBytes +
    subscriptions * SUBSCRIPTION_BYTES
  )
}

/** Which limits and filters a client falls under. */
export function clientType(client: Client): ClientType {
  if (client.isMaster) return 'master'
  if (isReplica(client) && !client.isMonitor) return 'replica'
  return client.channelCount + client.patternCount + client.shardChannelCount > 0 ? 'pubsub' : 'normal'
}

/** The line, without a line end. `current` is the command that the client is running, if it is. */
export function clientLine(client: Client, current: Request | undefined, now: number): string {
  const { tracking } = client
  const own = current === undefined ? 0 : requestBytes(current)
  const argumentBytes = current === undefined ? 0 : current.length.subarray(0, current.argc).reduce((a, b) => a + b, 0)
  const redirect = !tracking.isOn ? -1 : tracking.redirect
  return (
    `id=${client.id} addr=${client.address} laddr=${client.localAddress} fd=${client.fd} name=${client.name}` +
    ` age=${Math.floor((now - client.createdAt) / 1000)} idle=${Math.floor((now - client.lastActive) / 1000)}` +
    ` flags=${flagLetters(client)} db=${client.db} sub=${client.channelCount} psub=${client.patternCount}` +
    ` ssub=${client.shardChannelCount} multi=${client.queuedCount} qbuf=${client.inputBytes + own}` +
    ` qbuf-free=${client.inputRoom} argv-mem=${argumentBytes} multi-mem=${client.queuedBytes} rbs=${client.replyRoom}` +
    ` rbp=${client.replyPeak} obl=0` +
    ` oll=${client.outputBytes > 0 ? 1 : 0} omem=${client.outputBytes} tot-mem=${clientBytes(client) + own}` +
    ` events=r cmd=${client.lastCommand} user=${client.user} redir=${redirect} resp=${client.resp}`
  )
}

/** Bytes that a command takes as RESP. */
function requestBytes(req: Request): number {
  let bytes = `*${req.argc}\r\n`.length
  for (let i = 0; i < req.argc; i++) bytes += `$${req.length[i]}\r\n\r\n`.length + req.length[i]
  return bytes
}

function flagLetters(client: Client): string {
  const { tracking } = client
  let letters = ''
  if (isReplica(client)) letters += 'S'
  if (client.isMaster) letters += 'M'
  if (client.isMonitor) letters += 'O'
  if (clientType(client) === 'pubsub') letters += 'P'
  if (client.queuedCount >= 0) letters += 'x'
  if (client.isBlocked) letters += 'b'
  if (tracking.isOn) letters += 't'
  if (tracking.isRedirectBroken) letters += 'R'
  if (tracking.isBroadcast) letters += 'B'
  if (client.isDirty) letters += 'd'
  if (client.closing) letters += 'c'
  if (client.isUnix) letters += 'U'
  if (client.keepsConnection) letters += 'e'
  return letters === '' ? 'N' : letters
}
