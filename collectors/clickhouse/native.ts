import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { tlsOptions } from '../../core/contract/databases/tls-options.ts'
import type { TlsMaterial } from '../../core/contract/index.ts'
import type { ClickhouseTarget } from './uri.ts'
import { text, varint, WireReader } from './wire.ts'

/**
 * The revision of the protocol that we speak: servers talk down to it, and we to theirs. Those after it add fields to what is sent
 * and received, and nothing that is needed to ask for one text.
 */
const REVISION = 54_429
/** The revisions that brought fields. */
const TIME_ZONE = 54_058
const DISPLAY_NAME = 54_372
const PATCH = 54_401
const WRITTEN = 54_420

const CLIENT = Buffer.concat([text('support-bundle-schedule'), varint(1), varint(0), varint(REVISION)])
const HELLO = 0
const QUERY = 1
const DATA = 2

/** What `SELECT version()` says by the native protocol. Throws with the server's own words when it says no. */
export async function askNative(
  place: { host: string; port: number },
  target: ClickhouseTarget,
  tls: TlsMaterial | undefined,
  signal: AbortSignal,
): Promise<string> {
  const socket = await connectTo(place, target, tls, signal)
  const reader = new WireReader(socket)
  const { database, user, password } = target
  socket.write(Buffer.concat([varint(HELLO), CLIENT, text(database), text(user), text(password)]))
  const revision = await readHello(reader)
  socket.write(queryOf('SELECT version()', revision))
  const version = await readAnswer(reader, revision)
  if (version === '') throw new Error('the server told no version')
  return version
}

function connectTo(
  place: { host: string; port: number },
  { isEncrypted, skipVerify, certificateName }: ClickhouseTarget,
  tls: TlsMaterial | undefined,
  signal: AbortSignal,
): Promise<Socket> {
  const name = certificateName || (isIP(place.host) === 0 ? place.host : '')
  const secure = {
    ...(tls ? tlsOptions(tls) : {}),
    rejectUnauthorized: !skipVerify,
    ...(name === '' ? {} : { servername: name }),
  }
  const socket = isEncrypted ? connectTls({ ...place, ...secure }) : connect(place)
  signal.addEventListener('abort', () => socket.destroy(), { once: true })
  return new Promise((resolve, reject) => {
    // Stays: an error that comes late has no one else to hear it, and would end the process.
    socket.on('error', reject)
    socket.once(isEncrypted ? 'secureConnect' : 'connect', () => resolve(socket))
    socket.once('close', () => reject(new Error('the server closed the connection')))
  })
}

/** A query, and a block without data, which ends what the client has to say. */
function queryOf(query: string, revision: number): Buffer {
  const [initial, byTcp, complete, uncompressed] = [Buffer.from([1]), Buffer.from([1]), varint(2), varint(0)]
  const client = [
    initial,
    text(''),
    text(''),
    text('0.0.0.0:0'),
    byTcp,
    text(''),
    text(''),
    CLIENT,
    text(''),
    ...(revision >= PATCH ? [varint(0)] : []),
  ]
  const noSettings = text('')
  const noColumns = Buffer.concat([varint(0), varint(0)])
  const blockInfo = Buffer.concat([varint(1), Buffer.from([0]), varint(2), Buffer.from([255, 255, 255, 255]), varint(0)])
  const packet = [varint(QUERY), text(''), ...client, noSettings, complete, uncompressed, text(query)]
  return Buffer.concat([...packet, varint(DATA), text(''), blockInfo, noColumns])
}

/** The revision that both speak. What the server tells besides is less than the version that it tells when asked. */
async function readHello(reader: WireReader): Promise<number> {
  const packet = await reader.varint()
  if (packet === 2) throw await readException(reader)
  if (packet !== 0) throw new Error('the server does not speak the protocol of ClickHouse')
  await reader.skip('text', 'varint', 'varint')
  const revision = Math.min(await reader.varint(), REVISION)
  if (revision >= TIME_ZONE) await reader.skip('text')
  if (revision >= DISPLAY_NAME) await reader.skip('text')
  if (revision >= PATCH) await reader.skip('varint')
  return revision
}

/** The text that comes before the end. */
async function readAnswer(reader: WireReader, revision: number): Promise<string> {
  let answer = ''
  for (;;) {
    const packet = await reader.varint()
    if (packet === 5) return answer
    if (packet === 2) throw await readException(reader)
    // progress, profile, columns of a table: nothing of it is needed
    if (packet === 3)
      await reader.skip('varint', 'varint', 'varint', ...(revision >= WRITTEN ? (['varint', 'varint'] as const) : []))
    else if (packet === 6) await reader.skip('varint', 'varint', 'varint', 'byte', 'varint', 'byte')
    else if (packet === 11) await reader.skip('text', 'text')
    // data, totals, extremes, logs
    else if ([1, 7, 8, 10].includes(packet)) answer ||= await readBlock(reader)
    else throw new Error('the server does not speak the protocol of ClickHouse')
  }
}

/** The only text of a block; empty for one without rows. */
async function readBlock(reader: WireReader): Promise<string> {
  await reader.text()
  // fields by number: 1 = a flag, 2 = a number of four bytes, 0 = the end
  for (let field = await reader.varint(); field !== 0; field = await reader.varint())
    await (field === 1 ? reader.byte() : reader.int32())
  const [columns, rows] = [await reader.varint(), await reader.varint()]
  let value = ''
  for (let column = 0; column < columns; column++) {
    await reader.text()
    const type = await reader.text()
    if (rows === 0) continue
    if (columns !== 1 || rows !== 1 || type !== 'String') throw new Error(`the server answered with ${rows} rows of ${type}`)
    value = await reader.text()
  }
  return value
}

async function readException(reader: WireReader): Promise<Error> {
  const code = await reader.int32()
  await reader.text()
  const message = await reader.text()
  return new Error(`code ${code}: ${message}`)
}
