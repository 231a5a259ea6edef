import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createObject, mergePatch } from '../../core/kube/objects.ts'
import { resourcePath } from '../../core/kube/path.ts'
import type { TestCluster } from './use-cluster.ts'

/** What a container's log is asked for, as the API server passes it on. */
export interface LogRequest {
  namespace: string
  pod: string
  container: string
  query: URLSearchParams
}

/**
 * A node that answers for logs only: the API server is real, and asks this server of bytes as it asks a kubelet.
 * Pods that are bound to it never run.
 */
export interface FakeKubelet {
  node: string
  /** creates a pod on the node with the containers */
  aPod(namespace: string, name: string, containers?: string[]): Promise<void>
  close(): Promise<void>
}

export async function startFakeKubelet(
  cluster: TestCluster,
  logs: (log: LogRequest, request: IncomingMessage, response: ServerResponse) => void,
): Promise<FakeKubelet> {
  const file = (name: string) => readFileSync(join(cluster.info.folder, 'pki', name))
  const server = createServer({ cert: file('apiserver.crt'), key: file('apiserver.key') }, (request, response) => {
    const url = new URL(request.url ?? '', 'https://node')
    const [what, namespace = '', pod = '', container = ''] = url.pathname.split('/').slice(1)
    if (what === 'containerLogs') logs({ namespace, pod, container, query: url.searchParams }, request, response)
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const node = `node-${port}`
  await createObject(cluster.admin, '/api/v1/nodes', { metadata: { name: node } })
  const status = {
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
    daemonEndpoints: { kubeletEndpoint: { Port: port } },
  }
  await mergePatch(cluster.admin, `/api/v1/nodes/${node}/status`, { status })
  return {
    node,
    async aPod(namespace, name, containers = ['main']) {
      const spec = { nodeName: node, containers: containers.map((container) => ({ name: container, image: 'i' })) }
      await createObject(cluster.admin, resourcePath({ version: 'v1', plural: 'pods', namespace }), { metadata: { name }, spec })
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
