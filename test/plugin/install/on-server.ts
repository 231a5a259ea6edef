import { resolve } from 'node:path'
import { systemClock } from '../../../core/clock.ts'
import { loadKubeconfig } from '../../../core/kube/kubeconfig.ts'
import { KubeClient } from '../../../core/kube/client.ts'
import { listAll } from '../../../core/kube/list.ts'
import { createConfigMapStore } from '../../../core/store/config-map-store.ts'
import type { CliEdge } from '../../../plugin/cli-edge.ts'
import { nodeKubeWorld } from '../../../core/kube/node-world.ts'
import { type ControlPlane, startControlPlane } from '../../cluster/control-plane.ts'
import { newFolder } from '../../cluster/sweep.ts'
import { type TestCluster, testCluster } from '../../cluster/use-cluster.ts'
import { DIST, type Finish, makeCli, type Said } from '../../support/cli.ts'

/** An API server of its own, since the names of an installation are fixed, and the CLI on it. */
export interface Server {
  info: ControlPlane
  cluster: TestCluster
  /** runs a command line as the administrator, or with kubectl's flags as someone else */
  run(...argv: string[]): Promise<Said>
  /** the same, and wants exit code 0 */
  ok(...argv: string[]): Promise<Said>
  /** as one of the users without rights */
  as(user: 'alice' | 'bob'): Pick<Server, 'run' | 'ok'>
  edge: Partial<CliEdge>
  get(path: string): Promise<Record<string, unknown>>
  send(method: string, path: string, body: object): Promise<Record<string, unknown>>
  stop(): Promise<void>
}

export async function startServer(finish: Finish, change: Partial<CliEdge> = {}): Promise<Server> {
  const info = await startControlPlane({ folder: newFolder() })
  const cluster = testCluster(info)
  const edgeFor = (token: string): Partial<CliEdge> => {
    const clients = async (overrides: Parameters<CliEdge['cluster']>[0]) => {
      const world = nodeKubeWorld({
        env: { KUBECONFIG: info.kubeconfig },
        homeFolder: '/nonexistent',
        clock: systemClock,
        interactive: false,
      })
      const connection = await loadKubeconfig(world, { ...overrides, token })
      return {
        client: new KubeClient(connection, { clock: systemClock, random: Math.random, userAgent: 'test/1' }),
        namespace: connection.namespace,
      }
    }
    return {
      lib: resolve(DIST, 'lib'),
      clock: systemClock,
      cluster: clients,
      clusterStore: async (overrides) => {
        const { client, namespace } = await clients(overrides)
        return { store: createConfigMapStore({ client, onProblem: () => undefined }), namespace, warnings: async () => [] }
      },
      ...change,
    }
  }
  const runner = async (token: string) => {
    const cli = await makeCli(edgeFor(token), finish)
    const ok = async (...argv: string[]) => {
      const said = await cli.run(...argv)
      if (said.code !== 0) throw new Error(`${argv.join(' ')}: ${said.code}: ${said.err}`)
      return said
    }
    return { run: cli.run, ok }
  }
  const admin = await runner(info.adminToken)
  const others = { alice: await runner(info.tokens.alice), bob: await runner(info.tokens.bob) }
  return {
    info,
    cluster,
    ...admin,
    as: (user) => others[user],
    edge: edgeFor(info.adminToken),
    get: async (path) => (await cluster.admin.json({ path })) as Record<string, unknown>,
    send: async (method, path, body) =>
      (await cluster.admin.json({
        method,
        path,
        body,
        contentType: method === 'PATCH' ? 'application/merge-patch+json' : undefined,
      })) as Record<string, unknown>,
    async stop() {
      cluster.admin.close()
      await info.stop()
    },
  }
}

interface ApiResource {
  name: string
  namespaced: boolean
  verbs: string[]
}

/** What comes and goes by itself. */
const OF_ITSELF = [
  'events',
  'leases',
  'componentstatuses',
  'flowschemas',
  'prioritylevelconfigurations',
  'ipaddresses',
  'apiservices',
]

/**
 * Every object of the server, as `group/plural namespace/name`. Namespaces that are being deleted, and what is in them, are left
 * out: there is no controller that would end them.
 */
export async function everything(server: Server): Promise<string[]> {
  const groups = (await server.get('/apis'))['groups'] as { preferredVersion: { groupVersion: string } }[]
  const roots = ['/api/v1', ...groups.map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`)]
  const listed = await Promise.all(
    roots.map(async (root) => {
      const { resources } = (await server.get(root)) as unknown as { resources: ApiResource[] }
      const known = resources.filter(
        ({ name, verbs }) => verbs.includes('list') && !name.includes('/') && !OF_ITSELF.includes(name),
      )
      return Promise.all(
        known.map(async ({ name }) => {
          const { items } = await listAll(server.cluster.admin, { path: `${root}/${name}` })
          return items.map(({ metadata }) => ({ what: `${root}/${name}`, metadata }))
        }),
      )
    }),
  )
  // The server's own Service comes a moment after the server.
  const all = listed.flat(2).filter(({ what, metadata }) => !(what === '/api/v1/services' && metadata.namespace === 'default'))
  const ending = new Set(
    all.flatMap(({ what, metadata }) =>
      what === '/api/v1/namespaces' && 'deletionTimestamp' in metadata ? [metadata.name] : [],
    ),
  )
  return all
    .filter(
      ({ what, metadata }) => !(what === '/api/v1/namespaces' && ending.has(metadata.name)) && !ending.has(metadata.namespace),
    )
    .map(({ what, metadata }) => `${what} ${metadata.namespace ?? ''}/${metadata.name} ${JSON.stringify(metadata.labels ?? {})}`)
    .toSorted()
}
