import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { KubeClient } from '../../core/kube/client.ts'
import { createMemoryStore } from '../../core/store/memory-store.ts'
import type { Store } from '../../core/store/store.ts'
import type { CliEdge } from '../../plugin/cli-edge.ts'
import { inNamespace } from '../../plugin/in-namespace.ts'
import { answerPortForward } from '../core/kube/fake-port-forward.ts'
import { aConnection, json } from '../core/kube/fake-server.ts'

/** A pod of the agent as a test wants it, and how it answers. */
export interface FakePod {
  name: string
  uid: string
  phase?: string
  isReady?: boolean
  /** of the container; 8080 when it names none */
  port?: number
  serve?: RequestListener
  /** the API server does not let this user forward */
  isForbidden?: boolean
  isDeleted?: boolean
}

export interface FakeAgentCluster {
  edge: Pick<CliEdge, 'cluster' | 'clusterStore'>
  store: Store
  /** paths that were asked of pods, with the pod and the token's own name */
  asked: string[]
  /** bodies of token requests */
  tokens: unknown[]
}

const NAMESPACE = 'support-bundle-schedule'

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** An API server with pods of the agent behind it, as far as the CLI talks to them. `deny`: what it refuses, with the status. */
export async function fakeAgentCluster(pods: FakePod[], deny: { pods?: number; token?: number } = {}): Promise<FakeAgentCluster> {
  const asked: string[] = []
  const tokens: unknown[] = []
  const targets = new Map<string, number>()
  for (const pod of pods) {
    const serve: RequestListener = (request, response) => {
      asked.push(`${pod.name} ${request.url} ${request.headers.authorization}`)
      if (pod.serve) pod.serve(request, response)
      else json(response, { code: 'NOT_FOUND', message: 'no' }, 404)
    }
    targets.set(pod.name, await listening(createServer(serve)))
  }
  const refuse = (code: number) => ({ kind: 'Status', code, message: `the server says ${code}` })
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://x')
    if (pathname === `/api/v1/namespaces/${NAMESPACE}/pods`)
      return deny.pods
        ? json(response, refuse(deny.pods), deny.pods)
        : json(response, { metadata: {}, items: pods.map(podObject) })
    if (pathname !== `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/support-bundle-schedule-viewer/token`)
      return json(response, refuse(404), 404)
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      tokens.push(JSON.parse(body))
      if (deny.token) return json(response, refuse(deny.token), deny.token)
      json(response, { status: { token: 'viewer-token' } }, 201)
    })
  })
  server.on('upgrade', (request, socket) => {
    const name = /\/pods\/([^/]+)\/portforward/.exec(request.url ?? '')?.[1] ?? ''
    const pod = pods.find((one) => one.name === name)
    const status = pod?.isForbidden ? 403 : pod ? undefined : 404
    const text = JSON.stringify(refuse(status ?? 500))
    if (status) return void socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: ${text.length}\r\n\r\n${text}`)
    answerPortForward(request, socket, { target: (port) => (port === (pod?.port ?? 8080) ? targets.get(name) : 1) })
  })
  const port = await listening(server)
  const connection = aConnection(`http://127.0.0.1:${port}`)
  const client = new KubeClient(connection, { clock: systemClock, random: Math.random, userAgent: 'test/1' })
  onTestFinished(() => client.close())
  let uids = 0
  const store = createMemoryStore({ clock: systemClock, newUid: () => `uid-${++uids}` })
  return {
    edge: {
      cluster: async () => ({ client, namespace: 'payments' }),
      clusterStore: async () => ({ store, namespace: 'payments', warnings: async () => [] }),
    },
    store: inNamespace(store, 'payments'),
    asked,
    tokens,
  }
}

function podObject({ name, uid, phase = 'Running', isReady = true, port, isDeleted }: FakePod) {
  const ports = port === undefined ? [{ name: 'metrics', containerPort: 9090 }] : [{ name: 'http', containerPort: port }]
  return {
    metadata: { name, uid, namespace: NAMESPACE, ...(isDeleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
    spec: { containers: [{ name: 'agent', ports }] },
    status: { phase, conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }] },
  }
}
