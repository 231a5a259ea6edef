import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { TLSSocket, type TLSSocketOptions } from 'node:tls'
import { type Incoming, incoming } from './mock-server.ts'

/** What a made-up SQL Server knows. */
export interface TdsFacts {
  /** what @@VERSION says */
  version: string
  password: string
  /** without one it cannot encrypt */
  tls?: TLSSocketOptions
  /** a refused login is answered with the password that was sent */
  echoes?: boolean
  /** it sends whoever it lets in on to there */
  gatewayTo?: { host: string; port: number }
  /** what it was told of a client, and asked: `plain` or `encrypted`, user, database, then each batch */
  seen?: string[]
}

const PRELOGIN = 0x12
const LOGIN = 0x10
const BATCH = 0x01
const NOT_SUPPORTED = 2
const ON = 1

/**
 * A mock of SQL Server's protocol (TDS 7.4), as far as a login and one query of one text go: it reads and answers what [MS-TDS]
 * says, with TLS inside of its packets while the two sides shake hands.
 */
export async function talkTds(socket: Socket, facts: TdsFacts): Promise<void> {
  const { seen = [] } = facts
  const bytes = incoming(socket)
  const hello = await readMessage(bytes, PRELOGIN)
  if (!hello) return void socket.end()
  const wanted = optionOf(hello, 1)?.[0]
  const isEncrypted = facts.tls !== undefined && wanted !== NOT_SUPPORTED
  socket.write(packet(0x04, prelogin(isEncrypted ? ON : NOT_SUPPORTED)))
  seen.push(isEncrypted ? 'encrypted' : 'plain')
  if (!isEncrypted) return talk(socket, bytes, facts, seen)
  const options = { ...facts.tls, isServer: true, maxVersion: 'TLSv1.2' } as TLSSocketOptions
  const stream = new TLSSocket(handshakeIn(socket, bytes), options)
  stream.on('error', () => undefined)
  await talk(stream, incoming(stream), facts, seen)
}

async function talk(
  stream: Duplex,
  read: Incoming,
  { version, password, echoes, gatewayTo }: TdsFacts,
  seen: string[],
): Promise<void> {
  const login = await readMessage(read, LOGIN)
  if (!login) return
  const [user, secret, database] = [fieldOf(login, 40), unscrambled(fieldOf(login, 44)), fieldOf(login, 68)].map((field) =>
    field.toString('utf16le'),
  )
  seen.push(user ?? '', database ?? '')
  if (secret !== password) {
    const said = echoes ? `Login failed for user '${user}' with '${secret}'.` : `Login failed for user '${user}'.`
    return void stream.end(packet(0x04, Buffer.concat([errorToken(18_456, said), done(2)])))
  }
  stream.write(packet(0x04, Buffer.concat([loginAck(), ...(gatewayTo ? [routing(gatewayTo)] : []), done(0)])))
  for (let batch = await readMessage(read, BATCH); batch; batch = await readMessage(read, BATCH)) {
    // all headers first: their length, then the text
    const text = batch.toString('utf16le', batch.readUInt32LE(0))
    seen.push(text)
    const rows = /@@version/i.test(text) ? [columns(), row(version)] : []
    stream.write(packet(0x04, Buffer.concat([...rows, done(rows.length > 0 ? 0x10 : 0)])))
  }
  stream.end()
}

/** The packets of one message, put together; undefined at the end. */
async function readMessage(bytes: Incoming, type: number): Promise<Buffer | undefined> {
  const parts: Buffer[] = []
  for (;;) {
    const head = await bytes.exactly(8)
    if (!head || head[0] !== type) return undefined
    parts.push((await bytes.exactly(head.readUInt16BE(2) - 8)) ?? Buffer.alloc(0))
    if (((head[1] ?? 0) & 1) === 1) return Buffer.concat(parts)
  }
}

function packet(type: number, payload: Buffer): Buffer {
  const head = Buffer.from([type, 1, 0, 0, 0, 0, 1, 0])
  head.writeUInt16BE(payload.length + 8, 2)
  return Buffer.concat([head, payload])
}

function optionOf(prelogin: Buffer, token: number): Buffer | undefined {
  for (let at = 0; prelogin[at] !== 0xff && at < prelogin.length; at += 5) {
    const [offset, length] = [prelogin.readUInt16BE(at + 1), prelogin.readUInt16BE(at + 3)]
    if (prelogin[at] === token) return prelogin.subarray(offset, offset + length)
  }
  return undefined
}

/** Version 15.0.2000, and whether there is TLS. */
function prelogin(encryption: number): Buffer {
  return Buffer.from([0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, 15, 0, 0x07, 0xd0, 0, 0, encryption])
}

function fieldOf(login: Buffer, at: number): Buffer {
  const [offset, characters] = [login.readUInt16LE(at), login.readUInt16LE(at + 2)]
  return Buffer.from(login.subarray(offset, offset + characters * 2))
}

const unscrambled = (bytes: Buffer) => bytes.map((byte) => (((byte ^ 0xa5) << 4) & 0xf0) | ((byte ^ 0xa5) >> 4)) as Buffer

const ucs2 = (text: string) => Buffer.from(text, 'utf16le')
const short = (text: string) => Buffer.concat([Buffer.from([text.length]), ucs2(text)])
const uint16 = (value: number) => Buffer.from([value & 255, value >> 8])
const int32 = (value: number) => Buffer.concat([uint16(value & 0xffff), uint16(value >> 16)])
const token = (type: number, body: Buffer) => Buffer.concat([Buffer.from([type]), uint16(body.length), body])

function loginAck(): Buffer {
  const body = [Buffer.from([1, 0x74, 0, 0, 4]), short('Microsoft SQL Server'), Buffer.from([15, 0, 0x07, 0xd0])]
  return Buffer.concat([
    token(0xe3, Buffer.concat([Buffer.from([1]), short('shop'), short('master')])),
    token(0xad, Buffer.concat(body)),
  ])
}

/** Protocol 0 is TCP; the old value is empty. */
function routing({ host, port }: { host: string; port: number }): Buffer {
  const place = Buffer.concat([Buffer.from([0]), uint16(port), uint16(host.length), ucs2(host)])
  return token(0xe3, Buffer.concat([Buffer.from([20]), uint16(place.length), place, uint16(0)]))
}

function errorToken(number: number, message: string): Buffer {
  const text = Buffer.concat([uint16(message.length), ucs2(message)])
  return token(0xaa, Buffer.concat([int32(number), Buffer.from([1, 14]), text, short('db'), short(''), int32(1)]))
}

const done = (status: number) => Buffer.concat([Buffer.from([0xfd]), uint16(status), uint16(0xc1), Buffer.alloc(8, 1)])

/** One column of nvarchar(300). */
const columns = () =>
  Buffer.concat([
    Buffer.from([0x81, 1, 0]),
    int32(0),
    uint16(0),
    Buffer.from([0xe7]),
    uint16(600),
    Buffer.from([9, 4, 0xd0, 0, 0x34]),
    short(''),
  ])

const row = (text: string) => Buffer.concat([Buffer.from([0xd1]), uint16(text.length * 2), ucs2(text)])

/** The bytes of TLS of a connection that wraps those of the handshake into packets. */
function handshakeIn(socket: Socket, bytes: Incoming): Duplex {
  const inner = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _, finished) {
      // handshakes, changes of cipher and alerts are wrapped, data is not
      socket.write(chunk[0] === 0x17 ? chunk : packet(PRELOGIN, chunk), finished)
    },
    final: (finished) => void socket.end(finished),
  })
  const feed = async () => {
    for (;;) {
      const first = await bytes.exactly(1)
      if (first?.[0] !== PRELOGIN) {
        if (first) inner.push(first)
        break
      }
      const head = await bytes.exactly(7)
      inner.push(head && (await bytes.exactly(head.readUInt16BE(1) - 8)))
    }
    for await (const chunk of bytes.rest()) inner.push(chunk)
    inner.push(null)
  }
  feed().catch(() => inner.destroy())
  return inner
}
