import type { KubeClient } from '../../core/kube/client.ts'

/** How large a cluster to fill a control plane with. The defaults are those of the peer's figures. */
export interface FixtureSize {
  namespaces: number
  podsPerNamespace: number
  configMapsPerNamespace: number
  /** of this many pods one does not run */
  unhealthyOneIn: number
  namePrefix: string
}

export const FULL_FIXTURE: FixtureSize = {
  namespaces: 200,
  podsPerNamespace: 20,
  configMapsPerNamespace: 6,
  unhealthyOneIn: 20,
  namePrefix: 'load',
}

/** Requests under way at once: more only wait for each other. */
const AT_ONCE = 32
const SINCE = '2026-01-01T00:00:00Z'

/** One object to create, and the status that a controller or node would give it. */
interface Creation {
  path: string
  object: object
  status?: object
}

/**
 * Fills a control plane: namespaces, each with pods that run (some that do not), ConfigMaps, a Service and a Deployment. Nobody
 * schedules or collects anything there, so it stays as it is. The full one takes about 15 s. Gives the names of the namespaces.
 */
export async function fillCluster(client: KubeClient, size: Partial<FixtureSize> = {}): Promise<string[]> {
  const whole = { ...FULL_FIXTURE, ...size }
  const names = Array.from({ length: whole.namespaces }, (_, index) => `${whole.namePrefix}-${String(index).padStart(3, '0')}`)
  await inParallel(names, (name) => create(client, { path: '/api/v1/namespaces', object: { metadata: { name } } }))
  await inParallel(names, (name) =>
    create(client, { path: `/api/v1/namespaces/${name}/serviceaccounts`, object: { metadata: { name: 'default' } } }),
  )
  await inParallel(
    names.flatMap((namespace) => [...objectsOf(namespace, whole)]),
    (creation) => create(client, creation),
  )
  return names
}

/** Removes the namespaces of a fixture and what is in them, as the missing controllers would. */
export async function emptyCluster(client: KubeClient, names: readonly string[]): Promise<void> {
  const collections = ['/api/v1/%/pods', '/api/v1/%/configmaps', '/api/v1/%/serviceaccounts', '/apis/apps/v1/%/deployments']
  await inParallel(names, async (name) => {
    for (const path of collections)
      await client.json({ method: 'DELETE', path: path.replace('%', `namespaces/${name}`), query: { gracePeriodSeconds: 0 } })
    await client.json({ method: 'DELETE', path: `/api/v1/namespaces/${name}/services/web` }).catch(() => undefined)
    await client.json({ method: 'DELETE', path: `/api/v1/namespaces/${name}` })
    const finalize = { apiVersion: 'v1', kind: 'Namespace', metadata: { name }, spec: { finalizers: [] } }
    await client.json({ method: 'PUT', path: `/api/v1/namespaces/${name}/finalize`, body: finalize })
  })
}

function* objectsOf(namespace: string, size: FixtureSize): Generator<Creation> {
  const core = `/api/v1/namespaces/${namespace}`
  yield { path: `${core}/services`, object: service() }
  yield { path: `/apis/apps/v1/namespaces/${namespace}/deployments`, object: deployment() }
  for (let index = 0; index < size.configMapsPerNamespace; index++)
    yield { path: `${core}/configmaps`, object: { metadata: { name: `settings-${index}` }, data: settings(index) } }
  for (let index = 0; index < size.podsPerNamespace; index++) {
    const isHealthy = index % size.unhealthyOneIn !== size.unhealthyOneIn - 1
    yield {
      path: `${core}/pods`,
      object: pod(`web-6d5f8c7b9-${index.toString(36).padStart(5, 'x')}`),
      status: podStatus(isHealthy),
    }
  }
}

async function create(client: KubeClient, { path, object, status }: Creation): Promise<void> {
  await client.json({ method: 'POST', path, body: object })
  if (!status) return
  const { name } = (object as { metadata: { name: string } }).metadata
  const contentType = 'application/merge-patch+json'
  await client.json({ method: 'PATCH', path: `${path}/${name}/status`, body: { status }, contentType })
}

async function inParallel<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const rest = items.values()
  const worker = async () => {
    for (const item of rest) await work(item)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

const labels = {
  app: 'web',
  'app.kubernetes.io/name': 'web',
  'app.kubernetes.io/part-of': 'shop',
  'pod-template-hash': '6d5f8c7b9',
}

function podSpec(): object {
  const env = [
    { name: 'DB_HOST', value: 'db.shop.svc' },
    { name: 'DB_PASSWORD', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } },
  ]
  const readinessProbe = { httpGet: { path: '/healthz', port: 8080 } }
  const resources = { limits: { cpu: '500m', memory: '256Mi' }, requests: { cpu: '100m', memory: '128Mi' } }
  const image = 'registry.example.com/shop/web:4.2.0'
  const web = { name: 'web', image, env, ports: [{ containerPort: 8080 }], resources, readinessProbe }
  return { containers: [web], volumes: [{ name: 'tmp', emptyDir: {} }] }
}

function pod(name: string): object {
  const annotations = { 'prometheus.io/scrape': 'true' }
  return { metadata: { name, generateName: 'web-6d5f8c7b9-', labels, annotations }, spec: { ...podSpec(), nodeName: 'node-1' } }
}

function podStatus(isHealthy: boolean): object {
  const condition = (type: string, isTrue = true) => ({ type, status: isTrue ? 'True' : 'False', lastTransitionTime: SINCE })
  const waiting = { reason: 'CrashLoopBackOff', message: 'back-off 5m0s restarting failed container=web' }
  const terminated = { exitCode: 1, reason: 'Error', startedAt: SINCE, finishedAt: SINCE, containerID: 'containerd://0123456789' }
  const container = {
    name: 'web',
    image: 'registry.example.com/shop/web:4.2.0',
    imageID: 'registry.example.com/shop/web@sha256:5f2b1c9e8d7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c',
    containerID: 'containerd://9f2b1c9e8d7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c',
    ready: isHealthy,
    started: isHealthy,
    restartCount: isHealthy ? 0 : 42,
    state: isHealthy ? { running: { startedAt: SINCE } } : { waiting },
    lastState: isHealthy ? {} : { terminated },
  }
  return {
    phase: 'Running',
    conditions: [condition('Ready', isHealthy), condition('ContainersReady', isHealthy), condition('PodScheduled')],
    hostIP: '10.0.0.1',
    podIP: '10.244.1.7',
    podIPs: [{ ip: '10.244.1.7' }],
    startTime: SINCE,
    containerStatuses: [container],
    qosClass: 'Burstable',
  }
}

function service(): object {
  return { metadata: { name: 'web', labels }, spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] } }
}

function deployment(): object {
  return {
    metadata: { name: 'web', labels },
    spec: { replicas: 20, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels }, spec: podSpec() } },
  }
}

function settings(index: number): Record<string, string> {
  const lines = Array.from({ length: 12 }, (_, line) => `option.${index}.${line} = value-${line * 7}`)
  return { 'application.properties': `${lines.join('\n')}\n`, mode: 'production' }
}
