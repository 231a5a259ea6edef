import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { dialThroughProxy } from '../../../core/kube/proxy.ts'
import { aClient, type FakeServer, json, startFakeServer, startTcpServer } from './fake-server.ts'

const never = new AbortController().signal
let server: FakeServer
beforeEach(async () => {
  server = await startFakeServer((_, response) => json(response, 'through'))
})
afterEach(() => server.close())

/** A proxy that speaks CONNECT; `wanted` is what it demands as Proxy-Authorization. */
async function httpProxy(wanted?: string) {
  const targets: string[] = []
  const proxy = createServer((_, response) => response.writeHead(400).end())
  proxy.on('connect', (request, socket: Socket) => {
    targets.push(request.url ?? '')
    if (request.headers['proxy-authorization'] !== wanted) {
      socket.end('HTTP/1.1 407 no\r\n\r\n')
      return
    }
    const far = connect(server.port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 ok\r\n\r\n')
      far.pipe(socket).pipe(far)
    })
    far.on('error', () => socket.destroy())
    socket.on('error', () => far.destroy())
  })
  await new Promise<void>((resolve) => {
    proxy.listen(0, '127.0.0.1', resolve)
  })
  return { url: `127.0.0.1:${(proxy.address() as AddressInfo).port}`, targets, close: () => void proxy.close() }
}

describe('an HTTP proxy', () => {
  it('is asked for a tunnel, with its password, and the connection is kept', async () => {
    const proxy = await httpProxy(`Basic ${Buffer.from('me:p@ss').toString('base64')}`)
    const { client } = aClient('http://api.internal:6443', { proxy: `http://me:p%40ss@${proxy.url}` })
    expect([await client.json({ path: '/' }), await client.json({ path: '/' })]).toEqual(['through', 'through'])
    expect(proxy.targets).toEqual(['api.internal:6443'])
    client.close()
    proxy.close()
  })

  it.each([
    ['that refuses', 'answered 407'],
    ['that is away', 'cannot be used: connect ECONNREFUSED'],
  ])('%s is named', async (which, message) => {
    const proxy = await httpProxy('Basic x')
    const { client } = aClient('http://api.internal:6443', {
      proxy: which === 'that is away' ? 'http://127.0.0.1:1' : `http://${proxy.url}`,
    })
    await expect(client.json({ path: '/' })).rejects.toMatchObject({
      code: 'CLUSTER_UNREACHABLE',
      message: expect.stringContaining(message) as string,
    })
    client.close()
    proxy.close()
  })
})

it("loses nothing that comes along with the proxy's answer", async () => {
  const { port, close } = await startTcpServer((socket) => {
    socket.once('data', () => socket.write('HTTP/1.1 200 ok\r\n\r\nhello'))
  })
  const socket = await dialThroughProxy(`http://127.0.0.1:${port}`, 'x', 1, never)
  const [first] = (await once(socket, 'data')) as [Buffer]
  expect(first.toString('latin1')).toBe('hello')
  socket.destroy()
  await close()
})

/** A SOCKS5 proxy, byte by byte as RFC 1928 and 1929 say; refuses with `reply` when that is not 0. */
function socksProxy(options: { user?: string; reply?: number; addressType?: number } = {}) {
  const targets: string[] = []
  const serve = (socket: Socket) => {
    let step = 0
    socket.on('data', (bytes) => {
      step++
      if (step === 1) return void socket.write(Uint8Array.of(5, options.user ? 2 : 0))
      if (step === 2 && options.user) {
        const isKnown = bytes.toString('latin1', 2, 2 + (bytes[1] ?? 0)) === options.user
        return void socket.write(Uint8Array.of(1, isKnown ? 0 : 1))
      }
      targets.push(`${bytes.toString('latin1', 5, 5 + (bytes[4] ?? 0))}:${bytes.readUInt16BE(5 + (bytes[4] ?? 0))}`)
      socket.removeAllListeners('data')
      const address =
        options.addressType === 4
          ? [4, ...Array<number>(16).fill(0)]
          : options.addressType === 3
            ? [3, 2, 97, 98]
            : [1, 0, 0, 0, 0]
      const head = Uint8Array.of(5, options.reply ?? 0, 0, ...address, 0, 0)
      if (options.reply) return void socket.end(head)
      const far = connect(server.port, '127.0.0.1', () => {
        socket.write(head)
        far.pipe(socket).pipe(far)
      })
      return undefined
    })
  }
  return { targets, start: () => startTcpServer(serve) }
}

describe('a SOCKS5 proxy', () => {
  it.each([{ addressType: 1 }, { addressType: 3 }, { addressType: 4 }, { user: 'me' }])(
    'carries requests: %o',
    async (options) => {
      const { targets, start } = socksProxy(options)
      const { port, close } = await start()
      const { client } = aClient('http://api.internal:6443', {
        proxy: `socks5://${options.user ? 'me:pw@' : ''}127.0.0.1:${port}`,
      })
      expect(await client.json({ path: '/' })).toBe('through')
      expect(targets).toEqual(['api.internal:6443'])
      client.close()
      await close()
    },
  )

  it.each<[string, Parameters<typeof socksProxy>[0], string, RegExp]>([
    ['that cannot reach it', { reply: 4 }, '', /refused: host unreachable/],
    ['that does not know us', { user: 'you' }, 'me:pw@', /refused user and password/],
  ])('%s is named', async (_, options, user, message) => {
    const { port, close } = await socksProxy(options).start()
    await expect(dialThroughProxy(`socks5://${user}127.0.0.1:${port}`, 'x', 1, never)).rejects.toThrow(message)
    await close()
  })

  it('that hangs up is named', async () => {
    const { port, close } = await startTcpServer((socket) => socket.end())
    await expect(dialThroughProxy(`socks5h://127.0.0.1:${port}`, 'x', 1, never)).rejects.toThrow(/closed the connection/)
    await close()
  })
})

it('refuses proxies of other kinds', async () => {
  await expect(dialThroughProxy('ftp://x', 'y', 1, never)).rejects.toThrow('proxies of kind ftp: are not known')
})

it.each(['http', 'socks5'])('gives up a %s proxy that says nothing', async (kind) => {
  const dialled = Promise.withResolvers<Socket>()
  const { port, close } = await startTcpServer(dialled.resolve)
  const { client, clock } = aClient('http://api.internal:6443', { proxy: `${kind}://127.0.0.1:${port}` })
  const answer = client.json({ path: '/' }).catch((error: unknown) => error)
  await dialled.promise
  await clock.advance(15_000)
  expect(await answer).toMatchObject({
    code: 'CLUSTER_UNREACHABLE',
    message: expect.stringContaining('does not answer') as string,
  })
  client.close()
  await close()
})
