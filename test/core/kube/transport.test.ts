import { type AddressInfo, type Socket } from 'node:net'
import { createServer, type Server } from 'node:tls'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { certificates } from '../../agent/task/outbound/servers.ts'
import { aClient, startTcpServer } from './fake-server.ts'
import { answerBytes } from './http/answers.ts'

// what TLS is told and believes; client certificates and other users are tried at a real API server

const issued = certificates()

describe.skipIf(!issued)('the server of a connection', () => {
  let server: Server
  let port: number
  let seen: { name: string | false; protocol: string | false | null }[] = []
  beforeAll(async () => {
    server = createServer({ ...issued?.server, ALPNProtocols: ['h2', 'http/1.1'] }, (socket) => {
      const { servername, alpnProtocol } = socket as Socket & { servername: string | false; alpnProtocol: string | false }
      seen.push({ name: servername, protocol: alpnProtocol })
      socket.on('data', () => socket.write(answerBytes('"in"'))).on('error', () => undefined)
    })
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  })
  afterAll(() => void server.close())
  beforeEach(() => {
    seen = []
  })

  async function asked(host: string, tls: { ca?: string; isUnverified?: boolean; serverName?: string }) {
    const { ca, isUnverified = false, serverName } = tls
    const { client } = aClient(`https://${host}:${port}`, { tls: { ca: async () => ca, isUnverified, serverName } })
    try {
      return await client.json({ path: '/' })
    } catch (error) {
      return (error as Error).message
    } finally {
      client.close()
    }
  }

  it('is told the name that it is called by, and that we speak HTTP/1.1', async () => {
    expect(await asked('localhost', { ca: issued?.ca ?? '' })).toBe('in')
    expect(seen).toEqual([{ name: 'localhost', protocol: 'http/1.1' }])
  })

  it('is told the name of the kubeconfig instead, which its certificate must have', async () => {
    expect(await asked('127.0.0.1', { ca: issued?.ca ?? '', serverName: 'localhost' })).toBe('in')
    expect(await asked('localhost', { ca: issued?.ca ?? '', serverName: 'other' })).toContain(
      "other. is not in the cert's altnames",
    )
    expect(seen[0]?.name).toBe('localhost')
  })

  it('is told no name where it is called by an address, and must have that in its certificate', async () => {
    expect(await asked('127.0.0.1', { ca: issued?.ca ?? '' })).toContain('127.0.0.1 is not in the cert')
    expect(await asked('127.0.0.1', { ca: issued?.ca ?? '', isUnverified: true })).toBe('in')
    expect(new Set(seen.map(({ name }) => name))).toEqual(new Set([false]))
  })

  it('is not believed when its certificate is of an authority that is not trusted', async () => {
    expect(await asked('localhost', {})).toMatch(/cannot be reached: .*(self.signed|unable to verify)/)
    expect(await asked('localhost', { isUnverified: true })).toBe('in')
  })
})

describe('a server that ends in the middle of a handshake', () => {
  it.each<[string, (socket: Socket) => unknown]>([
    ['at once', (socket) => socket.destroy()],
    ['with a reset', (socket) => socket.resetAndDestroy()],
    ['after our first words', (socket) => socket.once('data', () => socket.end())],
    ['after our first words, with a reset', (socket) => socket.once('data', () => socket.resetAndDestroy())],
    ['after a word of its own', (socket) => socket.once('data', () => socket.end('no TLS here'))],
  ])('%s is not waited for', async (_, serve) => {
    const { port, close } = await startTcpServer(serve)
    // Its time stands still: what waits for a limit waits for ever.
    const { client } = aClient(`https://127.0.0.1:${port}`)
    await expect(client.json({ path: '/' })).rejects.toMatchObject({ code: 'CLUSTER_UNREACHABLE' })
    client.close()
    await close()
  })
})
