import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Clock } from '../../../core/clock.ts'
import { KubeClient } from '../../../core/kube/client.ts'
import type { HostRequest } from '../../../core/node-words.ts'
import { encodeMessage, type FromTask, type ToTask } from '../../../core/task.ts'
import { answerPortForward, type Peer, serverFrame } from '../../core/kube/fake-port-forward.ts'
import { aConnection, json } from '../../core/kube/fake-server.ts'

export interface FakePod {
  metadata: { name: string; uid: string; namespace: string; labels: Record<string, string>; annotations: Record<string, string> }
  spec: {
    nodeName: string
    activeDeadlineSeconds: number
    containers: { command: string[]; volumeMounts: { mountPropagation: string }[] }[]
  }
  status: object
}

/** The end of an exec that the kubelet holds. */
export interface FakeTask {
  pod: FakePod
  url: URL
  request: HostRequest
  say(message: FromTask): void
  /** what the command prints besides */
  complain(text: string): void
  /** how the command ended */
  end(code: number): void
  cut(): void
  /** resolves when the other side has left */
  left: Promise<void>
}

/** An API server with nodes and pods that do as the test says, where a real one would need kubelets. */
export async function startFakeNodes(how: {
  nodes: { name: string; ready?: boolean; os?: string }[]
  /** the status of a pod when it is looked at; default: it runs */
  status?: (pod: FakePod, looks: number) => object
  /** an answer instead of a new pod */
  refuse?: (pod: FakePod) => { code: number; message: string } | undefined
  onTask?: (task: FakeTask) => void
  /** true: pods are made, and nobody hears of it */
  isMute?: boolean
}) {
  const pods = new Map<string, FakePod>()
  const made: FakePod[] = []
  const removed: string[] = []
  const looks = new Map<string, number>()
  const sockets = new Set<Duplex>()
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      const { pathname } = new URL(request.url ?? '', 'http://x')
      const name = /\/pods\/([^/]+)$/.exec(pathname)?.[1] ?? ''
      const pod = pods.get(name)
      if (pathname === '/api/v1/nodes') return json(response, listOf(how.nodes.map(nodeOf)))
      if (request.method === 'POST') {
        const given = JSON.parse(body) as FakePod
        const refused = how.refuse?.(given)
        if (refused) return json(response, { kind: 'Status', status: 'Failure', ...refused }, refused.code)
        const created = { ...given, metadata: { ...given.metadata, uid: `uid-${made.length}` }, status: {} }
        made.push(created)
        pods.set(created.metadata.name, created)
        if (how.isMute) return
        return json(response, created, 201)
      }
      if (name === '') return json(response, listOf([...pods.values()]))
      if (!pod) return json(response, { kind: 'Status', status: 'Failure', code: 404, reason: 'NotFound' }, 404)
      if (request.method !== 'DELETE') {
        looks.set(name, (looks.get(name) ?? 0) + 1)
        return json(response, { ...pod, status: how.status?.(pod, looks.get(name) ?? 0) ?? RUNNING })
      }
      pods.delete(name)
      removed.push(name)
      return json(response, pod)
    })
  })
  server.on('connection', (socket) => sockets.add(socket))
  server.on('upgrade', (request, socket) =>
    answerPortForward(request, socket, { isSilent: true, onPeer: (peer) => serve(request, peer) }),
  )
  const serve = (request: IncomingMessage, peer: Peer) => {
    const url = new URL(request.url ?? '', 'http://x')
    const pod = pods.get(/\/pods\/([^/]+)\/exec$/.exec(url.pathname)?.[1] ?? '')
    const left = new Promise<void>((resolve) => void peer.socket.once('end', resolve).once('close', resolve))
    const channel = (number: number, text: string) =>
      peer.raw(serverFrame(2, Buffer.concat([Buffer.of(number), Buffer.from(text)])))
    let isBegun = false
    peer.socket.on('data', () => {
      const input = Buffer.concat(peer.messages.filter((one) => one[0] === 0).map((one) => one.subarray(1))).toString()
      if (isBegun || !pod || !input.includes('\n')) return
      isBegun = true
      const start = JSON.parse(input.split('\n')[0] ?? '') as Extract<ToTask, { type: 'start' }>
      how.onTask?.({
        ...{ pod, url, left },
        request: start.request as HostRequest,
        say: (message) => channel(1, encodeMessage(message)),
        complain: (text) => channel(2, text),
        end(code) {
          const causes = [{ reason: 'ExitCode', message: String(code) }]
          channel(
            3,
            JSON.stringify(
              code === 0 ? { status: 'Success' } : { status: 'Failure', reason: 'NonZeroExitCode', details: { causes } },
            ),
          )
          peer.close()
        },
        cut: () => peer.socket.destroy(),
      })
    })
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    made,
    pods,
    removed,
    /** a pod that is there already */
    put: (pod: FakePod) => void pods.set(pod.metadata.name, pod),
    client: (clock: Clock) => new KubeClient(aConnection(url), { clock, random: Math.random, userAgent: 'test/1' }),
    close: () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}

export const RUNNING = { phase: 'Running', containerStatuses: [{ name: 'host', state: { running: {} } }] }

const listOf = (items: object[]) => ({ kind: 'List', apiVersion: 'v1', metadata: { resourceVersion: '1' }, items })
const nodeOf = ({ name, ready = true, os = 'linux' }: { name: string; ready?: boolean; os?: string }) => ({
  metadata: { name, labels: { 'kubernetes.io/os': os } },
  status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'Unknown' }] },
})
