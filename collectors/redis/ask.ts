import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Database, DatabaseAnswer } from '../../core/contract/databases/database.ts'
import { tlsOptions } from '../../core/contract/databases/tls-options.ts'
import type { TlsMaterial } from '../../core/contract/index.ts'
import { encodeCommand, readReplies } from './resp.ts'
import { parseRedisUrl, type RedisTarget } from './uri.ts'

/** Logs in when there is a password, and asks for the version. */
export async function askRedis({ uri, tls, signal, hide }: Database): Promise<DatabaseAnswer> {
  const target = parseRedisUrl(uri)
  hide(target.password)
  const socket = await connectTo(target, tls, signal)
  const commands = commandsOf(target)
  socket.write(Buffer.concat(commands.map(encodeCommand)))
  const replies = readReplies(socket)
  let last = ''
  for (const _ of commands) last = await nextOf(replies)
  socket.end()
  return { version: versionIn(last) }
}

function commandsOf({ user, password, database }: RedisTarget): string[][] {
  const login = password === '' ? [] : [['AUTH', ...(user === '' ? [] : [user]), password]]
  const select = database === 0 ? [] : [['SELECT', String(database)]]
  return [...login, ...select, ['INFO', 'server']]
}

function connectTo(target: RedisTarget, tls: TlsMaterial | undefined, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted()
  const { host, port, isEncrypted } = target
  const secure = { ...(tls ? tlsOptions(tls) : {}), ...(isIP(host) === 0 ? { servername: host } : {}) }
  const isTls = isEncrypted || tls !== undefined
  const socket = isTls ? connectTls({ host, port, ...secure }) : connect({ host, port })
  signal.addEventListener('abort', () => socket.destroy(), { once: true })
  return new Promise((resolve, reject) => {
    // Stays: an error that comes late has no one else to hear it, and would end the process.
    socket.on('error', reject)
    socket.once(isTls ? 'secureConnect' : 'connect', () => resolve(socket))
    socket.once('close', () => reject(new Error('the server closed the connection')))
  })
}

async function nextOf(replies: AsyncGenerator<string>): Promise<string> {
  const { value, done } = await replies.next()
  if (done) throw new Error('the server closed the connection')
  return value
}

/** Of lines like `redis_version:7.0.15`; empty when there is none. */
function versionIn(info: string): string {
  return /^\s*redis_version:([^:\r\n]*?)\s*$/m.exec(info)?.[1] ?? ''
}
