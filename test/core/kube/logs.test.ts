import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PodLogOptions, podLog } from '../../../core/kube/logs.ts'
import { type FakeKubelet, type LogRequest, startFakeKubelet } from '../../cluster/fake-kubelet.ts'
import { startFaultProxy } from '../../cluster/fault-proxy.ts'
import { useCluster } from '../../cluster/use-cluster.ts'

const cluster = await useCluster()

describe.skipIf(cluster.skipped)('logs through a real API server', () => {
  let kubelet: FakeKubelet
  let namespace: string
  let asked: LogRequest | undefined
  let answer: (response: ServerResponse) => void
  let hungUp: Promise<void>
  beforeAll(async () => {
    namespace = await cluster.newNamespace()
    kubelet = await startFakeKubelet(cluster, (log, request, response) => {
      asked = log
      hungUp = new Promise((resolve) => {
        response.on('close', resolve)
      })
      answer(response)
    })
    await kubelet.aPod(namespace, 'p', ['a', 'b'])
  })
  afterAll(() => kubelet.close())

  async function read(options: Partial<PodLogOptions> = {}): Promise<string> {
    const pieces: Buffer[] = []
    for await (const piece of podLog(cluster.admin, { namespace, pod: 'p', container: 'a', ...options })) pieces.push(piece)
    return Buffer.concat(pieces).toString('latin1')
  }
  const thrown = (promise: Promise<unknown>) =>
    promise.then(
      () => 'no error',
      (error: unknown) => error,
    )

  it('are the bytes of the container, with what was asked for', async () => {
    const bytes = Buffer.from([0xff, 0x00, 0x0a, 0xc3])
    answer = (response) => response.end(bytes)
    expect(
      await read({ previous: true, tailLines: 0, limitBytes: 9, timestamps: true, sinceTime: new Date('2026-01-02T03:04:05Z') }),
    ).toBe(bytes.toString('latin1'))
    expect(asked).toMatchObject({ namespace, pod: 'p', container: 'a' })
    expect(Object.fromEntries(asked?.query ?? [])).toEqual({
      previous: 'true',
      tailLines: '0',
      limitBytes: '9',
      timestamps: 'true',
      sinceTime: '2026-01-02T03:04:05Z',
    })
  })

  it('that are large come piece by piece, no faster than they are read', async () => {
    let sent = 0
    answer = (response) => {
      const more = () => {
        while (sent < 200) if ((sent++, !response.write(Buffer.alloc(262_144, 'x')))) return void response.once('drain', more)
        return void response.end()
      }
      more()
    }
    let size = 0
    for await (const piece of podLog(cluster.admin, { namespace, pod: 'p', container: 'a' })) {
      if (size === 0) {
        // the pipe fills, and then nothing more is sent until this reader goes on
        for (let before = -1; before !== sent;) {
          before = sent
          await new Promise((resolve) => setImmediate(resolve))
        }
        expect(sent).toBeLessThan(200)
      }
      size += piece.length
    }
    expect(size).toBe(200 * 262_144)
  })

  it('name the pod, container or node that is missing', async () => {
    expect(await thrown(read({ pod: 'q' }))).toMatchObject({ status: 404, said: 'pods "q" not found' })
    expect(await thrown(read({ container: 'z' }))).toMatchObject({
      status: 400,
      said: expect.stringContaining('container z is not valid for pod p') as string,
    })
    answer = (response) => response.writeHead(500).end('no such log file')
    expect(await thrown(read())).toMatchObject({ status: 500, code: 'API_UNAVAILABLE' })
  })

  it('that break off in the middle are an error where they do', async () => {
    answer = (response) => response.end('begun and never seen\n')
    const proxy = await startFaultProxy(cluster.info)
    proxy.rules({ fault: { kind: 'truncate', bytes: 5 } })
    const client = cluster.client('admin', { server: proxy.url })
    let text = ''
    const reading = async () => {
      for await (const piece of podLog(client, { namespace, pod: 'p', container: 'a' })) text += piece.toString('utf8')
    }
    expect(await thrown(reading())).toMatchObject({ code: 'CLUSTER_UNREACHABLE' })
    expect(text).toBe('begun')
    client.close()
    await proxy.close()
  })

  it('of a node that dies look whole: the API server ends them as if they were', async () => {
    answer = (response) => void response.write('begun\n', () => response.destroy())
    expect(await read()).toBe('begun\n')
  })

  it('that fall silent are given up after a while', async () => {
    answer = (response) => void response.write('begun\n')
    expect(await thrown(read({ follow: true, idleMs: 200 }))).toMatchObject({
      code: 'CLUSTER_UNREACHABLE',
      message: expect.stringContaining('stopped in the middle') as string,
    })
  })

  it('are followed until the reader stops, and the container hears of it', async () => {
    answer = (response) => void response.write('one\n')
    for await (const piece of podLog(cluster.admin, { namespace, pod: 'p', container: 'b', follow: true })) {
      expect(piece.toString('utf8')).toBe('one\n')
      break
    }
    expect(asked?.query.get('follow')).toBe('true')
    await hungUp
  })

  it('that are followed take no connection from short calls', async () => {
    answer = (response) => void response.write('one\n')
    const client = cluster.client('admin', { maxSockets: 1 })
    const log = podLog(client, { namespace, pod: 'p', container: 'a', follow: true })
    await log.next()
    expect(await client.json({ path: '/version' })).toMatchObject({ major: '1' })
    await log.return(undefined)
    client.close()
  })

  it('end with a signal, with its reason', async () => {
    const stop = new AbortController()
    answer = (response) => void response.write('one\n', () => stop.abort(new Error('stop')))
    expect(await thrown(read({ follow: true, signal: stop.signal }))).toMatchObject({ message: 'stop' })
    await hungUp
  })
})
