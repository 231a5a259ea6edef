import type { Socket } from 'node:net'
import { incoming } from './mock-server.ts'

/** What a made-up ClickHouse knows. */
export interface ClickhouseFacts {
  version: string
  password: string
  /** a refused login is answered with the password that was sent */
  echoes?: boolean
  /** of the protocol; default: a new one */
  revision?: number
  /** what it was told of a client and asked */
  seen?: string[]
}

/**
 * A mock of ClickHouse's native protocol, as far as one query of one text goes: it reads what a client of revision 54429 sends, and
 * answers as servers do that talk down to it, or as an old one. Written after the protocol's documentation, not after the collector.
 */
export async function talkClickhouse(
  socket: Socket,
  { version, password, echoes, seen = [], revision: own = 54_470 }: ClickhouseFacts,
): Promise<void> {
  const wire = wireOf(socket)
  if ((await wire.number()) !== 0) return void socket.end('HTTP/1.0 400 Bad Request\r\n\r\n')
  const [name, , , revision, database, user, secret] = [
    await wire.text(),
    await wire.number(),
    await wire.number(),
    await wire.number(),
    await wire.text(),
    await wire.text(),
    await wire.text(),
  ]
  seen.push(name, String(revision), database, user)
  if (secret !== password) {
    const said = echoes ? `${user}: Authentication failed: ${secret} is wrong.` : `${user}: Authentication failed.`
    return void socket.end(exception(516, 'DB::Exception', said))
  }
  const isNew = own >= 54_429
  const named = [text('ClickHouse'), number(24), number(3), number(own), text('Europe/Berlin')]
  socket.write(Buffer.concat([Buffer.from([0]), ...named, ...(isNew ? [text('node-1'), number(12)] : [])]))
  const query = await readQuery(wire, isNew)
  seen.push(query)
  if (query !== 'SELECT version()') return void socket.end(exception(62, 'DB::Exception', `Syntax error: ${query}`))
  socket.write(block(0, ''))
  const progress = Buffer.concat([Buffer.from([3]), number(1), number(300), number(0), ...(isNew ? [number(0), number(0)] : [])])
  const profile = Buffer.concat([
    Buffer.from([6]),
    number(1),
    number(1),
    number(4108),
    Buffer.from([0]),
    number(0),
    Buffer.from([0]),
  ])
  const answer = Buffer.concat([block(1, version), progress, profile, Buffer.from([5])])
  // in pieces, since networks do that
  for (const byte of answer) socket.write(Buffer.from([byte]))
}

type Wire = ReturnType<typeof wireOf>

function wireOf(socket: Socket) {
  const bytesOf = incoming(socket)
  const bytes = async (count: number) => {
    const found = count === 0 ? Buffer.alloc(0) : await bytesOf.exactly(count)
    if (!found) throw new Error('the client went away')
    return found
  }
  const number = async () => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const [byte = 0] = await bytes(1)
      value |= (byte & 127) << shift
      if (byte < 128) return value
    }
  }
  return { bytes, number, text: async () => (await bytes(await number())).toString() }
}

async function readQuery({ bytes, number, text }: Wire, isNew: boolean): Promise<string> {
  const expected = (what: string, isIt: boolean) => {
    if (!isIt) throw new Error(`unexpected ${what}`)
  }
  expected('packet', (await number()) === 1)
  await text()
  expected('kind of query', (await bytes(1))[0] === 1)
  for (let field = 0; field < 3; field++) await text()
  expected('interface', (await bytes(1))[0] === 1)
  for (let field = 0; field < 3; field++) await text()
  for (let field = 0; field < 3; field++) await number()
  expected('quota key', (await text()) === '')
  if (isNew) expected('patch', (await number()) === 0)
  expected('settings', (await text()) === '')
  expected('stage', (await number()) === 2)
  expected('compression', (await number()) === 0)
  const query = await text()
  expected('data', (await number()) === 2 && (await text()) === '')
  expected('info of a block', (await number()) === 1 && (await bytes(1))[0] === 0 && (await number()) === 2)
  expected('bucket', (await bytes(4)).readInt32LE() === -1 && (await number()) === 0)
  expected('columns', (await number()) === 0 && (await number()) === 0)
  return query
}

function block(rows: number, value: string): Buffer {
  const info = [number(1), Buffer.from([0]), number(2), Buffer.from([255, 255, 255, 255]), number(0)]
  const column = [text('version()'), text('String'), ...(rows === 0 ? [] : [text(value)])]
  return Buffer.concat([Buffer.from([1]), text(''), ...info, number(1), number(rows), ...column])
}

function exception(code: number, name: string, message: string): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(code)
  return Buffer.concat([Buffer.from([2]), bytes, text(name), text(message), text('0. stack'), Buffer.from([0])])
}

function number(value: number): Buffer {
  return value < 128 ? Buffer.from([value]) : Buffer.concat([Buffer.from([(value & 127) | 128]), number(value >> 7)])
}

const text = (value: string) => Buffer.concat([number(Buffer.byteLength(value)), Buffer.from(value)])
